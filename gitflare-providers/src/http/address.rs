//! Which addresses the gateway dials: public unicast only, unless the operator named the host. The
//! check stands between the resolver and the connection, so a name cannot change its mind
//! afterwards. It decides nothing about names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks of the first version that are not public unicast, as (network, prefix length) (SR-2).
const NOT_PUBLIC_V4: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// The part of version 6 that is public unicast; addresses are given out nowhere else.
const PUBLIC_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks in there that are not: protocol assignments with Teredo, documentation (SR-2).
const NOT_PUBLIC_V6: &[([u16; 8], u8)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Networks of version 6 that carry an address of version 4, and the bit where it starts: mapped,
/// compatible, 6to4 and NAT64.
const CARRIES_V4: &[([u16; 8], u8, u8)] = &[
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, 96),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, 96),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, 16),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, 96),
];

/// Whether an address belongs to somebody on the open internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|(network, length)| {
        (address.to_bits() ^ u32::from_be_bytes(*network)) >> (32 - length) == 0
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let within = |network: [u16; 8], length: u8| {
        (bits ^ Ipv6Addr::from(network).to_bits()) >> (128 - length) == 0
    };
    let carried = CARRIES_V4
        .iter()
        .find(|(network, length, _)| within(*network, *length));
    if let Some((_, _, start)) = carried {
        // The 32 bits from `start` on; the cast keeps just those.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low 32 bits are wanted"
        )]
        let inner = (bits >> (96 - start)) as u32;
        return is_public_v4(Ipv4Addr::from_bits(inner));
    }
    within(PUBLIC_V6.0, PUBLIC_V6.1)
        && !NOT_PUBLIC_V6
            .iter()
            .any(|(network, length)| within(*network, *length))
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let all: Vec<_> = found.collect();
            Ok(Box::new(all.into_iter()) as Addrs)
        })
    }
}

/// A resolver whose answers are all public, or none is used: one bad address refuses all (SR-2).
#[derive(Debug)]
pub(super) struct PublicOnly<R>(pub(super) R);

impl<R: Resolve> Resolve for PublicOnly<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = self.0.resolve(name);
        Box::pin(async move {
            let all: Vec<_> = answer.await?.collect();
            if all.iter().all(|address| is_public(address.ip())) {
                Ok(Box::new(all.into_iter()) as Addrs)
            } else {
                Err("the name leads to an address that is not public".into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn only_public_unicast_is_dialled() {
        // sec: SR-2
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::10.1.2.3",
            "64:ff9b::7f00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::192.168.1.1",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:53aa:64c::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::1",
            "2002:a9fe:a9fe::",
            "fc00::1",
            "fd12:3456:789a::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "feff::1",
            "ff00::1",
            "ff02::1",
            "ff0e::1",
            "10.1.2.3",
            "100.100.100.200",
            "192.88.99.255",
            "203.0.113.255",
            "64:ff9b:1:ffff::1",
            "2001:db8:ffff::1",
            "2002:6464:6464::1",
            "fdff:ffff::1",
            "::ffff:0:8.8.8.8",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "1fff:ffff::1",
            "4000::1",
            "5f00::1",
            "8000::1",
            "fe00::1",
            "::ffff:192.168.1.1",
            "::ffff:100.64.0.1",
            "64:ff9b::169.254.169.254",
            "2002:e000:1::1",
            "100:0:0:1::1",
            "64:ff9a::8.8.8.8",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "140.82.121.6",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:50c0:8000::153",
            "2a0a:a440::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:200::1",
            "2400:cb00::1",
            "3ffe:ffff::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    struct Fixed(&'static [&'static str]);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let all: Vec<SocketAddr> = self
                .0
                .iter()
                .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
                .collect();
            Box::pin(async move { Ok(Box::new(all.into_iter()) as Addrs) })
        }
    }

    #[tokio::test]
    async fn one_bad_address_refuses_all() {
        // sec: SR-2, SR-3
        for (answers, allowed) in [
            (&["8.8.8.8"][..], true),
            (&["8.8.8.8", "2606:50c0:8000::153"], true),
            (&["127.0.0.1"], false),
            (&["8.8.8.8", "127.0.0.1"], false),
            (&["2606:50c0:8000::153", "::ffff:10.0.0.1"], false),
            (&["10.0.0.1", "8.8.8.8", "8.8.4.4"], false),
            (&["8.8.8.8", "8.8.4.4", "fd00::1"], false),
            (&["64:ff9b::a9fe:a9fe"], false),
        ] {
            let name: Name = "forge.example".parse().unwrap();
            let outcome = PublicOnly(Fixed(answers)).resolve(name).await;
            assert_eq!(outcome.is_ok(), allowed, "{answers:?}");
        }
    }
}
