//! Which addresses the unit may be made to ask.
//!
//! Where to is chosen by whoever sends messages or moves a Cell. So that the unit cannot be made to ask servers that only
//! it can reach, a host counts by the addresses that it has at that moment: those of this machine and of private networks
//! are refused, unless the operator says otherwise.

use std::net::IpAddr;

use ipnet::IpNet;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Networks that are nobody else's business: this host, private and shared ones, those of a link, and what is no
/// address of one machine (RFC 6890 and the registries that it begins).
const PRIVATE: [&str; 22] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

/// An agent that reaches public addresses, or all.
pub(crate) fn agent(config: Config, to_private: bool) -> Agent {
    let resolver = Addresses { inner: DefaultResolver::default(), to_private };
    Agent::with_parts(config, DefaultConnector::default(), resolver)
}

/// Looks hosts up, and leaves out the addresses that may not be asked. What is connected to is what was looked at, so a
/// name that leads elsewhere a moment later is of no use.
#[derive(Debug)]
struct Addresses {
    inner: DefaultResolver,
    to_private: bool,
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        found
            .iter()
            .filter(|address| self.to_private || is_public(address.ip()))
            .for_each(|address| allowed.push(*address));
        if allowed.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(allowed) }
    }
}

/// Whether anybody could reach an address.
fn is_public(address: IpAddr) -> bool {
    // An IPv4 address may be written as one of IPv6: as itself (RFC 4291 section 2.5.5.2), or for a gateway that
    // translates (RFC 6052 section 2.1).
    let address = match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::from([a, b, c, d])
        }
        other => other,
    };
    !PRIVATE.iter().any(|net| net.parse::<IpNet>().is_ok_and(|net| net.contains(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses() {
        for network in PRIVATE {
            network.parse::<IpNet>().unwrap();
        }
        for (address, public) in [
            ("93.184.215.14", true),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
            ("64:ff9b::5db8:d70e", true),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.0.1", false),
            ("169.254.169.254", false),
            ("100.100.100.100", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
