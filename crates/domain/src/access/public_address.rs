//! Public addresses: the only ones that an image may be fetched from.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The parts of IPv4 that are not the public internet, by prefix and its length in bits (IANA "IPv4 Special-Purpose
/// Address Registry").
const IPV4_NOT_PUBLIC: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),       // this network, "unspecified"
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, with the metadata and credential services of AWS
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, with the broadcast address
];

/// The only part of IPv6 that is global unicast (RFC 4291). Outside of it lie loopback, unspecified, unique local
/// (with AWS's `fd00:ec2::254`), link-local, site-local, multicast, and the forms that carry an IPv4 address which this
/// rule would not check: mapped, compatible and NAT64.
const IPV6_GLOBAL: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// The parts of it that are not the public internet (IANA "IPv6 Special-Purpose Address Registry").
const IPV6_NOT_PUBLIC: [([u16; 8], u32); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, benchmarking, ORCHID
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which carries an IPv4 address
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// Whether `address` belongs to the public internet. A function that fetches URLs of its users must not give them
/// access to the network that it runs in.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !IPV4_NOT_PUBLIC.into_iter().any(|(prefix, bits)| {
            let distance = u32::from(address) ^ u32::from(Ipv4Addr::from(prefix));
            distance.leading_zeros() >= bits
        }),
        IpAddr::V6(address) => {
            let lies_in = |(prefix, bits): ([u16; 8], u32)| {
                let distance = u128::from(address) ^ u128::from(Ipv6Addr::from(prefix));
                distance.leading_zeros() >= bits
            };
            lies_in(IPV6_GLOBAL) && !IPV6_NOT_PUBLIC.into_iter().any(lies_in)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(addresses: &[&str], expected: bool) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn the_public_internet_is_allowed_up_to_the_borders_of_each_special_range() {
        check(&["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"], true);
        check(
            &["126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"],
            true,
        );
        check(&["192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"], true);
        check(&["203.0.112.255", "203.0.114.0", "223.255.255.255"], true);
        check(&["2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:200::1", "2001:4860:4860::8888"], true);
    }

    #[test]
    fn loopback_and_private_networks_are_rejected() {
        check(&["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"], false);
        check(&["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"], false);
        check(&["100.64.0.1", "100.127.255.255", "fc00::1", "fd12:3456::1", "fec0::1"], false);
        check(&["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"], false);
    }

    #[test]
    fn the_metadata_and_credential_services_of_aws_are_rejected() {
        check(&["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"], false);
    }

    #[test]
    fn reserved_multicast_and_documentation_addresses_are_rejected() {
        check(&["192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"], false);
        check(&["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1"], false);
        check(
            &["2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "100::1", "5f00::1", "4000::1"],
            false,
        );
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_rejected() {
        check(&["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8"], false);
        check(&["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"], false);
        check(&["2002:7f00:1::", "2002:808:808::1", "2001:0:53aa:64c::1", "192.88.99.1"], false);
    }
}
