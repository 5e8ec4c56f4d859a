//! A range of IP addresses, as operators name the proxies that they trust. It matches addresses and
//! asks nothing of the network.

use std::{fmt, net::IpAddr, str::FromStr};

/// All addresses that begin with the same bits (CIDR notation, RFC 4632 and RFC 4291): `10.0.0.0/8`,
/// `fd00::/8`, or a single address. An IPv4 address in the form of IPv6 (`::ffff:10.0.0.1`) is that
/// IPv4 address, here and in what is matched.
///
/// ```
/// let network: gitflare_server::Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(!network.contains("11.1.2.3".parse().unwrap()));
/// # Ok::<(), gitflare_server::InvalidNetwork>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many bits are the same.
    prefix: u8,
}

/// The rule that a text breaks which should have been a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNetwork(&'static str);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidNetwork {}

impl Network {
    /// Whether the address is one of the network's.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let same = self.first.is_ipv4() == address.is_ipv4();
        same && (bits(self.first) ^ bits(address)) & !host_mask(self.first, self.prefix) == 0
    }
}

impl From<IpAddr> for Network {
    /// The network of this address alone.
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self {
            first,
            prefix: width(first),
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        const RULE: InvalidNetwork = InvalidNetwork(
            "must be a list of IP addresses and networks such as 10.0.0.0/8, separated by commas",
        );
        let Some((address, prefix)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Self::from).map_err(|_| RULE);
        };
        let written: IpAddr = address.parse().map_err(|_| RULE)?;
        let is_plain = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().map_err(|_| RULE)?;
        if !is_plain || prefix > width(written) {
            return Err(RULE);
        }
        let first = written.to_canonical();
        // What is left of a prefix that counted the bits before the IPv4 address, too.
        let prefix = prefix
            .checked_sub(width(written) - width(first))
            .ok_or(RULE)?;
        if prefix == 0 {
            return Err(InvalidNetwork(
                "must not name every address: anybody could claim any address then",
            ));
        }
        if bits(first) & host_mask(first, prefix) != 0 {
            return Err(InvalidNetwork(
                "must name networks by their first address, whose bits behind the prefix are zero: 10.0.0.0/8, not 10.0.0.1/8",
            ));
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == width(self.first) {
            self.first.fmt(f)
        } else {
            write!(f, "{}/{}", self.first, self.prefix)
        }
    }
}

/// The length of an address, in bits.
const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The bits of an address that are not in its prefix.
fn host_mask(address: IpAddr, prefix: u8) -> u128 {
    let free = u32::from(width(address) - prefix);
    u128::MAX.checked_shr(128 - free).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses() {
        // sec: HT-7
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"),
            ("10.0.0.0/8", "10.0.0.0", "::a00:1"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.0"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("2001:db8::/127", "2001:db8::1", "2001:db8::2"),
            ("::1", "::1", "127.0.0.1"),
            ("8000::/1", "ffff::", "10.0.0.1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network}");
            assert!(!network.contains(outside.parse().unwrap()), "{network}");
        }
    }

    #[test]
    fn a_network_is_shown_as_it_is_written() {
        for text in ["10.0.0.0/8", "fd00::/8", "127.0.0.1", "::1"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_network_breaks_a_rule() {
        // sec: HT-7
        for (text, rule) in [
            ("", "must be a list"),
            ("proxy", "must be a list"),
            ("10.0.0.0/", "must be a list"),
            ("10.0.0.0/33", "must be a list"),
            ("10.0.0.0/+8", "must be a list"),
            ("10.0.0.0/8/8", "must be a list"),
            ("10.0.0/8", "must be a list"),
            ("fd00::/129", "must be a list"),
            ("::ffff:10.0.0.0/95", "must be a list"),
            ("10.0.0.1/8", "first address"),
            ("fd00::1/8", "first address"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
            ("::ffff:0:0/96", "every address"),
        ] {
            let told = text.parse::<Network>().unwrap_err().to_string();
            assert!(told.contains(rule), "{text}: {told}");
        }
    }
}
