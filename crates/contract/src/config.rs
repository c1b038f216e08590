//! Configs: structs whose fields are environment variables.
//!
//! One row of `config!` defines a field, its variable and an example. The app builds the struct and deploys its
//! [`variables`](crate::functions::ImageProcessing::variables); the function reads the same struct with
//! [`from_env`](crate::functions::ImageProcessing::from_env). A field that one side renames, adds or removes does not
//! compile on the other. Names of tables and buckets are texts, so that they can be CDK tokens in the app.

use std::fmt::Display;
use std::str::FromStr;

/// The variables of a config: name and value, in the order of the fields.
pub type Variables = Vec<(&'static str, String)>;

/// A function that returns the value of a variable, or `None` if it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An environment variable that is missing or malformed. The function stops at its start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("environment variable {name} is not set; example: {name}={example}")]
    Missing {
        /// Name of the variable.
        name: &'static str,
        /// A valid value.
        example: String,
    },
    /// The variable's value has another type than the field.
    #[error("environment variable {name} is {value:?}, which cannot be read; example: {name}={example}")]
    Malformed {
        /// Name of the variable.
        name: &'static str,
        /// Value of the variable.
        value: String,
        /// A valid value.
        example: String,
    },
}

/// Reads the variable `name` of the process: the crate's only access to the outside.
pub(crate) fn from_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the variable `name`; `example` is a valid value.
pub(crate) fn value<T: FromStr>(
    name: &'static str,
    example: &dyn Display,
    lookup: Lookup<'_>,
) -> Result<T, ConfigError> {
    let Some(value) = lookup(name).filter(|value| !value.is_empty()) else {
        return Err(ConfigError::Missing { name, example: example.to_string() });
    };
    value.parse().map_err(|_| ConfigError::Malformed { name, value, example: example.to_string() })
}

/// Declares configs. Each row is a field, its type, its variable and an example; `includes` names groups of variables
/// that several configs share.
macro_rules! config {
    ($(
        $(#[$doc:meta])*
        pub struct $config:ident $(includes [$($group:ident: $Group:ident),+])? {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $type:ty = $variable:literal, example $example:expr;
            )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $config {
            $($(
                #[doc = concat!("The variables of [`", stringify!($Group), "`].")]
                pub $group: $Group,
            )+)?
            $(
                $(#[$field_doc])*
                #[doc = concat!("Variable: `", $variable, "`.")]
                pub $field: $type,
            )*
        }

        impl $config {
            /// Reads the config from the process's environment variables.
            pub fn from_env() -> Result<Self, $crate::config::ConfigError> {
                Self::read(&$crate::config::from_process)
            }

            /// Reads the config from the variables that `lookup` returns.
            pub fn read(lookup: $crate::config::Lookup<'_>) -> Result<Self, $crate::config::ConfigError> {
                Ok(Self {
                    $($($group: $Group::read(lookup)?,)+)?
                    $($field: $crate::config::value($variable, &$example, lookup)?,)*
                })
            }

            /// The environment variables that [`Self::read`] reads as this config.
            #[must_use]
            pub fn variables(&self) -> $crate::config::Variables {
                let groups: Vec<$crate::config::Variables> = vec![$($(self.$group.variables()),+)?];
                groups.into_iter().flatten().chain([$(($variable, self.$field.to_string())),*]).collect()
            }
        }
    )*};
}

pub(crate) use config;

#[cfg(test)]
mod tests {
    fn check(value: Option<&str>, expected: Result<u64, &str>) {
        let result = super::value::<u64>("SETTLE_DELAY_SECS", &30, &|_| value.map(ToOwned::to_owned));
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
