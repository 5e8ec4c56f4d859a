//! The client's address behind proxies that are trusted by configuration. Nobody else's
//! `X-Forwarded-For` is believed (HT-7); the scheme and host of a request are never taken from a
//! header, because every URL that is emitted comes from the configuration.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use super::network::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The last address on the way that is not a trusted proxy's.
pub(super) fn client_address(headers: &HeaderMap, peer: IpAddr, trusted: &[Network]) -> IpAddr {
    let mut address = peer;
    if !is_trusted(trusted, peer) {
        return address;
    }
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(value) = value.to_str() else {
            return address;
        };
        for hop in value.rsplit(',') {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                return address;
            };
            address = hop.to_canonical();
            if !is_trusted(trusted, address) {
                return address;
            }
        }
    }
    address
}

/// Whether the address is a trusted proxy's.
pub(super) fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// Whether a request says that it came through a proxy.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str() == "forwarded" || name.as_str().starts_with("x-forwarded-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        // sec: HT-7
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = ["10.0.0.1", "10.0.0.2", "fd00::/8", "172.16.0.0/12"];
        let trusted = trusted.map(|network| network.parse().unwrap());
        for (peer, sent, expected) in [
            ("192.0.2.9", &["203.0.113.5"][..], "192.0.2.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["198.51.100.7, 203.0.113.5"], "203.0.113.5"),
            (
                "10.0.0.1",
                &["198.51.100.7", "203.0.113.5, 10.0.0.2"],
                "203.0.113.5",
            ),
            ("10.0.0.1", &["203.0.113.5, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["unknown, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            (
                "fd12::1",
                &["203.0.113.5, ::ffff:172.20.0.9"],
                "203.0.113.5",
            ),
            ("fe80::1", &["203.0.113.5"], "fe80::1"),
            ("10.0.0.1", &["172.32.0.1, 172.20.0.9"], "172.32.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let address = client_address(&headers, ip(peer), &trusted);
            assert_eq!(address, ip(expected), "{peer} {sent:?}");
        }
    }
}
