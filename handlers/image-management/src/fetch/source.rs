//! The check of a URL by its text.

use std::net::IpAddr;

use domain::access::public_address::is_public;
use url::{Host, Url};

use super::exempt_hosts::ExemptHosts;
use super::fetch_error::FetchError;

/// Checks the URL of one hop: scheme, credentials, address. The resolver checks the addresses of a name; an address in
/// the URL is never resolved, so it is checked here.
pub fn check(url: &Url, exempt_hosts: &ExemptHosts) -> Result<(), FetchError> {
    if !["http", "https"].contains(&url.scheme()) {
        return Err(FetchError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Credentials);
    }
    let address = match url.host() {
        None => return Err(FetchError::NotAUrl),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
    };
    if is_public(address) || exempt_hosts.covers(url) { Ok(()) } else { Err(FetchError::NotPublic) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_all(urls: &[&str], expected: Result<(), &str>) {
        for text in urls {
            let result = check(&Url::parse(text).unwrap(), &"127.0.0.1:8080".parse().unwrap());
            assert_eq!(result.map_err(|error| error.to_string()), expected.map_err(ToOwned::to_owned), "{text}");
        }
    }

    #[test]
    fn http_and_https_urls_of_names_and_public_addresses_are_allowed() {
        check_all(&["https://example.com/cat.jpg", "http://example.com:8080/", "http://1.1.1.1/"], Ok(()));
        check_all(
            &["https://bücher.example/köln.png", "https://xn--bcher-kva.example:8443/", "https://例え.jp/"],
            Ok(()),
        );
        check_all(&["https://[2606:4700:4700::1111]/", "HTTPS://EXAMPLE.COM/"], Ok(()));
    }

    #[test]
    fn an_address_that_is_not_public_is_rejected_in_every_notation() {
        let urls = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://１２７.０.０.１/",
            "http://0/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://127.0.0.1:8081/",
        ];
        check_all(
            &urls,
            Err("the url leads to an address that is not public; allowed are hosts of the public internet"),
        );
        check_all(&["http://127.0.0.1:8080/"], Ok(()));
    }

    #[test]
    fn another_scheme_or_credentials_are_rejected() {
        check_all(
            &["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:image/png;base64,AA"],
            Err("the url's scheme is not allowed; allowed are http and https"),
        );
        check_all(
            &["http://ada@example.com/", "https://ada:secret@example.com/", "http://example.com@127.0.0.1/"],
            Err("the url has a user name or password in it; remove it"),
        );
    }
}
