//! The schemes of CloudFront's quotas for invalidations.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The schemes that a purge keeps. AWS replaced the items in progress by items a second in 2026, as third-party texts say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaSchemes {
    /// Both.
    #[default]
    Both,
    /// Items in one second, of the whole account.
    PerSecond,
    /// Items in progress, of each distribution.
    InProgress,
}

/// The error of a text that names no scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no choice of quotas: allowed are \"both\", \"per-second\" and \"in-progress\"")]
pub struct UnknownQuotaSchemesError(String);

impl QuotaSchemes {
    const ALL: [Self; 3] = [Self::Both, Self::PerSecond, Self::InProgress];

    fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::PerSecond => "per-second",
            Self::InProgress => "in-progress",
        }
    }
}

impl FromStr for QuotaSchemes {
    type Err = UnknownQuotaSchemesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|schemes| schemes.as_str() == text);
        found.ok_or_else(|| UnknownQuotaSchemesError(text.to_owned()))
    }
}

impl fmt::Display for QuotaSchemes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_has_the_same_name_in_a_variable_and_in_an_environments_file() {
        for schemes in QuotaSchemes::ALL {
            assert_eq!(schemes.to_string().parse(), Ok(schemes));
            assert_eq!(serde_json::from_str::<QuotaSchemes>(&format!("\"{schemes}\"")).unwrap(), schemes);
        }
    }

    #[test]
    fn an_unknown_choice_names_the_choices() {
        let error = "per_second".parse::<QuotaSchemes>().unwrap_err().to_string();
        assert!(error.contains("per_second") && error.contains("in-progress"), "{error}");
    }
}
