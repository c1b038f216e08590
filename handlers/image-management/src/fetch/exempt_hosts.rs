//! Hosts that count as public: for a local deployment, which fetches from the machine it runs on.

use std::str::FromStr;

use url::Url;

/// Hosts with their ports, each exactly as it is written in a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExemptHosts(Vec<String>);

/// A text that names no host with its port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host and port; write \"none\" or, parted by commas, hosts like 127.0.0.1:8080")]
pub struct ExemptHostError(String);

impl ExemptHosts {
    pub(super) fn covers(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        self.0.contains(&format!("{host}:{port}"))
    }
}

/// Reads `none` or `<host>:<port>,…`.
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

#[cfg(test)]
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
    fn what_is_no_host_and_port_is_rejected() {
        for text in ["", "localhost", ":80", "localhost:", "localhost:http", "localhost:80,"] {
            assert!(text.parse::<ExemptHosts>().is_err(), "{text:?}");
        }
    }
}
