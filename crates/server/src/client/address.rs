//! Where a request goes.

use url::Url;

/// The URL to connect to, and what to say in `Host` if that differs.
pub(super) struct Address {
    pub(super) url: String,
    pub(super) host: Option<String>,
}

impl Address {
    /// Of a URL. Names below `localhost` are this machine (RFC 6761 §6.3), and not every resolver knows: a unit with
    /// a host name a Cell can be tried on a machine without DNS.
    pub(super) fn of(url: &str) -> Self {
        let plain = Self { url: url.to_owned(), host: None };
        let Ok(mut parsed) = Url::parse(url) else { return plain };
        if !parsed.host_str().is_some_and(|host| host.ends_with(".localhost")) {
            return plain;
        }
        let host = parsed.host_str().unwrap_or_default().to_owned();
        let authority = parsed.port().map_or(host.clone(), |port| format!("{host}:{port}"));
        if parsed.set_host(Some("localhost")).is_err() {
            return plain;
        }
        Self { url: parsed.into(), host: Some(authority) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_localhost_are_this_machine() {
        for (url, to, host) in [
            ("http://localhost:9998/a/", "http://localhost:9998/a/", None),
            ("http://alice.localhost:9998/x", "http://localhost:9998/x", Some("alice.localhost:9998")),
            ("http://alice.localhost/", "http://localhost/", Some("alice.localhost")),
            ("http://alice.unit.example/", "http://alice.unit.example/", None),
        ] {
            let address = Address::of(url);
            assert_eq!((address.url.as_str(), address.host.as_deref()), (to, host));
        }
    }
}
