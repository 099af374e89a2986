//! `IPAddressRange` of an Account: from where it may log in (API page 212).

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether a list of addresses and ranges (`192.0.2.1,198.51.100.0/24`) holds an address. No list holds every
/// address; a list that cannot be read, or an address that is not known, holds none.
pub(super) fn admits(list: Option<&str>, address: Option<IpAddr>) -> bool {
    let Some(list) = list else { return true };
    let Some(address) = address else { return false };
    let address = address.to_canonical();
    list.split(',').map(str::trim).any(|one| match one.parse::<IpNet>() {
        Ok(range) => holds(&range, address),
        Err(_) => one.parse() == Ok(address),
    })
}

/// A range of IPv4 leaves out the network's own address and its broadcast address, as the reference does; those
/// of one or two addresses have neither (RFC 3021).
fn holds(range: &IpNet, address: IpAddr) -> bool {
    match (range, address) {
        (IpNet::V4(range), IpAddr::V4(address)) if range.prefix_len() < 31 => {
            range.contains(&address) && address != range.network() && address != range.broadcast()
        }
        _ => range.contains(&address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_lists() {
        for (list, address, expected) in [
            (None, None, true),
            (None, Some("192.0.2.1"), true),
            (Some("192.0.2.1"), None, false),
            (Some("192.0.2.1"), Some("192.0.2.1"), true),
            (Some("192.0.2.1"), Some("::ffff:192.0.2.1"), true),
            (Some("192.0.2.1"), Some("192.0.2.2"), false),
            (Some("192.0.2.1, 192.0.2.3"), Some("192.0.2.3"), true),
            (Some("192.0.2.0/24"), Some("192.0.2.1"), true),
            (Some("192.0.2.0/24"), Some("192.0.2.254"), true),
            (Some("192.0.2.0/24"), Some("192.0.2.0"), false),
            (Some("192.0.2.0/24"), Some("192.0.2.255"), false),
            (Some("192.0.2.0/24"), Some("192.0.3.1"), false),
            (Some("192.0.2.0/31"), Some("192.0.2.0"), true),
            (Some("192.0.2.7/24"), Some("192.0.2.1"), true),
            (Some("2001:db8::/32"), Some("2001:db8::1"), true),
            (Some("2001:db8::/32"), Some("192.0.2.1"), false),
            (Some("anywhere"), Some("192.0.2.1"), false),
            (Some(""), Some("192.0.2.1"), false),
        ] {
            let address = address.map(|text| text.parse().unwrap());
            assert_eq!(admits(list, address), expected, "{list:?} {address:?}");
        }
    }
}
