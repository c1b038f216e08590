//! Hosts that count as public, for a local deployment, which fetches from its own machine.
//!
//! A release build has no way to create an exemption: [`ExemptHosts`] is empty there.

#[cfg(debug_assertions)]
use std::str::FromStr;

use url::Url;

/// Hosts with ports, each exactly as in a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExemptHosts(Vec<String>);

/// The error for a text that is not a host with a port.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host with a port; expected \"none\" or a comma-separated list like 127.0.0.1:8080")]
pub struct ExemptHostError(String);

impl ExemptHosts {
    pub(super) fn covers(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        self.0.contains(&format!("{host}:{port}"))
    }
}

/// Parses `none` or `<host>:<port>,…`.
#[cfg(debug_assertions)]
impl FromStr for ExemptHosts {
    type Err = ExemptHostError;

    fn from_str(text: &str) -> Result<Self, ExemptHostError> {
        if text == "none" {
            return Ok(Self::default());
        }
        let hosts = text.split(',').map(|host| {
            let is_valid =
                host.rsplit_once(':').is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok());
            if is_valid { Ok(host.to_owned()) } else { Err(ExemptHostError(host.to_owned())) }
        });
        hosts.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_exempt_only_with_its_port() {
        let hosts: ExemptHosts = "127.0.0.1:8080,localhost:80".parse().unwrap();
        for (url, expected) in [
            ("http://127.0.0.1:8080/cat.png", true),
            ("https://127.0.0.1:8080/", true),
            ("http://localhost/", true),
            ("https://localhost/", false),
            ("http://127.0.0.1/", false),
            ("http://127.0.0.1:80801@example.com/", false),
            ("http://127.0.0.2:8080/", false),
            ("http://127.0.0.1.example.com:8080/", false),
        ] {
            let Ok(parsed) = Url::parse(url) else { continue };
            assert_eq!(hosts.covers(&parsed), expected, "{url}");
        }
        assert!(!"none".parse::<ExemptHosts>().unwrap().covers(&Url::parse("http://none/").unwrap()));
    }

    #[test]
    fn a_text_that_is_not_a_host_with_a_port_is_rejected() {
        for text in ["", "localhost", ":80", "localhost:", "localhost:http", "localhost:80,"] {
            assert!(text.parse::<ExemptHosts>().is_err(), "{text:?}");
        }
    }
}
