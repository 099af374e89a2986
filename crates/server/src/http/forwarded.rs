//! What a proxy in front of the unit says about a request: `X-Forwarded-For`, `-Proto`, `-Host`, `-Path`.
//!
//! It is believed only if it comes from an address in `unit.trusted_proxies`.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// What a trusted proxy says; nothing if there is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded {
    /// The client's address.
    pub(super) peer: Option<IpAddr>,
    /// The authority that the client used.
    pub(super) authority: Option<String>,
    /// The path that the client used, without a query.
    pub(super) path: Option<String>,
}

impl Forwarded {
    pub(super) fn read(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> Self {
        if !is_trusted(peer, trusted) {
            return Self::default();
        }
        let first = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            peer: client(headers, trusted),
            authority: first("x-forwarded-host"),
            // A comma may be part of a path, so there is no list here.
            path: headers
                .get("x-forwarded-path")
                .and_then(|path| path.to_str().ok())
                .and_then(|path| path.split('?').next())
                .filter(|path| path.starts_with('/'))
                .map(str::to_owned),
        }
    }
}

/// The client of a chain of proxies. Each has added at the right whom it was asked by, so the first from the
/// right that is no proxy of ours is the client; what stands further left is what the client claims.
fn client(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let mut client = None;
    for address in lines.into_iter().rev().map_while(|text| text.trim().parse::<IpAddr>().ok()) {
        client = Some(address);
        if !is_trusted(address, trusted) {
            break;
        }
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(peer: &str, lines: &[(&'static str, &'static str)]) -> Forwarded {
        let headers = HeaderMap::from_iter(
            lines
                .iter()
                .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
        );
        let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        Forwarded::read(&headers, peer.parse().unwrap(), &trusted)
    }

    #[test]
    fn the_client_is_whom_the_outermost_trusted_proxy_names() {
        for (sent, client) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("198.51.100.7, 192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1, 10.0.0.2", Some("192.0.2.1")),
            ("10.0.0.1, 10.0.0.2", Some("10.0.0.1")),
            ("nonsense, 10.0.0.2", Some("10.0.0.2")),
            ("nonsense", None),
        ] {
            let client = client.map(|address| address.parse().unwrap());
            assert_eq!(read("127.0.0.1", &[("x-forwarded-for", sent)]).peer, client, "{sent}");
            assert_eq!(read("::ffff:127.0.0.1", &[("x-forwarded-for", sent)]).peer, client, "{sent}");
        }
    }

    #[test]
    fn strangers_are_not_believed() {
        let sent = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "unit.example"),
            ("x-forwarded-path", "/cell/"),
        ];
        assert_eq!(read("192.0.2.1", &sent), Forwarded::default());
    }

    #[test]
    fn the_url_is_the_clients() {
        let sent = [("x-forwarded-host", "unit.example"), ("x-forwarded-path", "/a,b/c?d=e")];
        let read = read("127.0.0.1", &sent);
        assert_eq!(read.authority.as_deref(), Some("unit.example"));
        assert_eq!(read.path.as_deref(), Some("/a,b/c"));
    }
}
