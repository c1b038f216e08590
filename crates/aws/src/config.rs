//! A handler's configuration: environment variables that the CDK app sets.

use std::str::FromStr;
use std::time::Duration;

use domain::purge::limits::{Budgets, Delays};

/// An environment variable that is missing or malformed. It stops the handler at its start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// The variable is not set.
    #[error("environment variable {name} is not set; example: {name}={example}")]
    Missing {
        /// The variable's name.
        name: &'static str,
        /// A value that would do.
        example: &'static str,
    },
    /// The variable's value cannot be read.
    #[error("environment variable {name} is {value:?}, which cannot be read; example: {name}={example}")]
    Malformed {
        /// The variable's name.
        name: &'static str,
        /// What it holds.
        value: String,
        /// A value that would do.
        example: &'static str,
    },
}

/// Reads the environment variable `name`; `example` is a value that would do.
pub fn config_value<T: FromStr>(name: &'static str, example: &'static str) -> Result<T, InvalidConfig> {
    read(name, example, std::env::var(name).ok())
}

fn read<T: FromStr>(name: &'static str, example: &'static str, value: Option<String>) -> Result<T, InvalidConfig> {
    let value = value.filter(|value| !value.is_empty()).ok_or(InvalidConfig::Missing { name, example })?;
    value.parse().map_err(|_| InvalidConfig::Malformed { name, value, example })
}

/// The waits that close the refill races: `SETTLE_DELAY_SECS` and `EDGE_FETCH_MAX_SECS`.
pub fn delays() -> Result<Delays, InvalidConfig> {
    Ok(Delays {
        settle: Duration::from_secs(config_value("SETTLE_DELAY_SECS", "30")?),
        edge_fetch_max: Duration::from_secs(config_value("EDGE_FETCH_MAX_SECS", "3")?),
    })
}

/// What one purge run may send: `ITEMS_PER_REQUEST_MAX`, `ITEMS_PER_PURGE_RUN_MAX` and `WILDCARDS_PER_PURGE_RUN_MAX`.
pub fn budgets() -> Result<Budgets, InvalidConfig> {
    Ok(Budgets {
        items_per_request: config_value::<std::num::NonZeroUsize>("ITEMS_PER_REQUEST_MAX", "1000")?.get(),
        items_per_purge_run: config_value("ITEMS_PER_PURGE_RUN_MAX", "2900")?,
        wildcards_per_purge_run: config_value("WILDCARDS_PER_PURGE_RUN_MAX", "13")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Option<&str>, expected: Result<u64, &str>) {
        let result = read::<u64>("SETTLE_DELAY_SECS", "30", value.map(ToOwned::to_owned));
        assert_eq!(result.map_err(|error| error.to_string()), expected.map_err(ToOwned::to_owned));
    }

    #[test]
    fn a_config_value_is_read_or_its_error_says_the_name_and_an_example() {
        check(Some("15"), Ok(15));
        let missing = "environment variable SETTLE_DELAY_SECS is not set; example: SETTLE_DELAY_SECS=30";
        check(None, Err(missing));
        check(Some(""), Err(missing));
        check(
            Some("soon"),
            Err(
                "environment variable SETTLE_DELAY_SECS is \"soon\", which cannot be read; example: SETTLE_DELAY_SECS=30",
            ),
        );
    }
}
