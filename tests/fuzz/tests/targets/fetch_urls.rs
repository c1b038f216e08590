//! URLs of `fetchImage` requests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bolero::check;
use domain::access::public_address::is_public;
use fuzz::{ITERATIONS, text};
use image_management::fetch::{ExemptHosts, check_source};
use url::{Host, Url};

const URLS: &[&str] = &[
    "https://example.com/cat.jpg",
    "http://1.1.1.1/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1./",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[2606:4700:4700::1111]/",
    "http://example.com@127.0.0.1/",
    "http://ada:secret@example.com/",
    "http://127.0.0.1.example.com/",
    "http://127.0.0.1../",
    "http://localhost/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/",
    "http:/\\127.0.0.1",
    "http://①②⑦.0.0.1/",
];

#[test]
fn an_accepted_url_has_a_host_name_or_a_public_address() {
    check!().with_iterations(ITERATIONS).with_generator(text(URLS)).for_each(|text| {
        let Ok(url) = Url::parse(text) else { return };
        if let Err(rejected) = check_source(&url, &ExemptHosts::default()) {
            let reason = rejected.to_string();
            assert!(!reason.is_empty() && !reason.contains(url.as_str()), "{reason}");
            return;
        }
        assert!(["http", "https"].contains(&url.scheme()), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        match url.host().expect("a host") {
            Host::Ipv4(address) => assert!(is_public(address.into()), "{url}"),
            Host::Ipv6(address) => assert!(is_public(address.into()), "{url}"),
            // The resolver checks names; an address that counts as a name would never be checked.
            Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err(), "{url}"),
        }
    });
}

/// Returns whether the standard library classifies the address as not public.
fn is_known_inside(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
}

#[test]
fn an_internal_address_is_never_public_in_any_embedding() {
    check!().with_iterations(ITERATIONS).with_type::<(u8, [u8; 16])>().for_each(|&(kind, bytes)| {
        let [a, b, c, d, ..] = bytes;
        // Internal ranges occur often enough.
        let inside = [[10, b, c, d], [127, b, c, d], [169, 254, c, d], [172, 16 | (b & 15), c, d], [192, 168, c, d]];
        let v4 = Ipv4Addr::from(*inside.get(usize::from(kind)).unwrap_or(&[a, b, c, d]));
        assert!(!(is_known_inside(v4) && is_public(v4.into())), "{v4}");
        let [high, low] = [
            u16::from_be_bytes([v4.octets()[0], v4.octets()[1]]),
            u16::from_be_bytes([v4.octets()[2], v4.octets()[3]]),
        ];
        let carriers = [
            v4.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ];
        assert!(carriers.into_iter().all(|carrier| !is_public(carrier.into())), "{v4}");
        let v6 = Ipv6Addr::from(bytes);
        let is_inside = v6.is_loopback()
            || v6.is_unspecified()
            || v6.is_multicast()
            || v6.is_unique_local()
            || v6.is_unicast_link_local();
        assert!(!(is_inside && is_public(v6.into())), "{v6}");
    });
}
