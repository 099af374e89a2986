//! The URL of the unit, and whether a request was meant for it (API page 005).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The URL of a unit: `https://unit.example/`, with a port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitUrl {
    text: String,
    secure: bool,
    host: String,
    port: u16,
}

/// A text that cannot be a unit's URL.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not the URL of a unit, which is http:// or https://, a host, perhaps a port, and /")]
pub struct InvalidUnitUrl(String);

/// Whom a request's authority names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// The unit itself.
    Unit,
    /// `{cell}.{unit}`
    Cell(String),
    /// Another server.
    Foreign,
}

impl UnitUrl {
    /// The URL of a unit that listens there and was given no other.
    #[must_use]
    pub fn of_listener(address: SocketAddr) -> Self {
        let ip = address.ip();
        let host = match ip {
            _ if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self::from_parts(false, host, address.port())
    }

    fn from_parts(secure: bool, host: String, port: u16) -> Self {
        let scheme = scheme(secure);
        let shown = if port == default_port(scheme) { String::new() } else { format!(":{port}") };
        Self { text: format!("{scheme}://{host}{shown}/"), secure, host, port }
    }

    /// The URL, which ends with a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host and, where it is not the scheme's own, the port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The URL of a Cell, which ends with a slash.
    #[must_use]
    pub fn cell_url(&self, cell: &str, path_based: bool) -> String {
        if path_based {
            format!("{}{cell}/", self.text)
        } else {
            format!("{}://{cell}.{}/", scheme(self.secure), self.authority())
        }
    }

    /// Whom the authority of a request names. `used` is the scheme that the client used, where it is known.
    pub(crate) fn addressee(&self, used: Option<&str>, authority: &str) -> Addressee {
        let (host, port) = split_authority(authority);
        let port = match port {
            Some(text) => text.parse().ok(),
            None => Some(default_port(used.unwrap_or(scheme(self.secure)))),
        };
        let host = host.to_ascii_lowercase();
        if port != Some(self.port) {
            return Addressee::Foreign;
        }
        if host == self.host {
            return Addressee::Unit;
        }
        match host.strip_suffix(&self.host).and_then(|rest| rest.strip_suffix('.')) {
            Some(cell) if !cell.is_empty() && !cell.contains('.') => Addressee::Cell(cell.to_owned()),
            _ => Addressee::Foreign,
        }
    }
}

fn scheme(secure: bool) -> &'static str {
    if secure { "https" } else { "http" }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// Host and port; the colons of an IPv6 address in brackets are none of a port.
fn split_authority(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

impl FromStr for UnitUrl {
    type Err = InvalidUnitUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidUnitUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(invalid()),
        };
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path() == "/";
        let host =
            url.host().filter(|_| bare).map(|host: Host<&str>| host.to_string()).ok_or_else(invalid)?;
        Ok(Self::from_parts(secure, host, url.port_or_known_default().unwrap_or_default()))
    }
}

impl TryFrom<String> for UnitUrl {
    type Error = InvalidUnitUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<UnitUrl> for String {
    fn from(url: UnitUrl) -> Self {
        url.text
    }
}

impl fmt::Display for UnitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_brought_into_one_form() {
        for (text, url, authority) in [
            ("http://localhost:9998/", "http://localhost:9998/", "localhost:9998"),
            ("http://localhost:9998", "http://localhost:9998/", "localhost:9998"),
            ("https://Unit.Example:443/", "https://unit.example/", "unit.example"),
            ("http://[::1]:80", "http://[::1]/", "[::1]"),
        ] {
            let parsed: UnitUrl = text.parse().unwrap();
            assert_eq!((parsed.as_str(), parsed.authority()), (url, authority));
        }
        for text in
            ["", "localhost", "ftp://x/", "http://x/path/", "http://u@x/", "http://x/?q", "http://x/#f"]
        {
            assert!(text.parse::<UnitUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_has_a_url() {
        for (listen, url) in [
            ("127.0.0.1:9998", "http://localhost:9998/"),
            ("0.0.0.0:80", "http://localhost/"),
            ("[::1]:1", "http://localhost:1/"),
            ("192.0.2.1:8080", "http://192.0.2.1:8080/"),
            ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080/"),
        ] {
            assert_eq!(UnitUrl::of_listener(listen.parse().unwrap()).as_str(), url);
        }
    }

    #[test]
    fn cells_have_a_url_of_either_form() {
        let url: UnitUrl = "https://unit.example:8443/".parse().unwrap();
        assert_eq!(url.cell_url("alice", true), "https://unit.example:8443/alice/");
        assert_eq!(url.cell_url("alice", false), "https://alice.unit.example:8443/");
    }

    #[test]
    fn an_authority_names_the_unit_a_cell_or_neither() {
        let url: UnitUrl = "https://unit.example/".parse().unwrap();
        let cell = |name: &str| Addressee::Cell(name.to_owned());
        for (scheme, authority, addressee) in [
            (None, "unit.example", Addressee::Unit),
            (None, "UNIT.example:443", Addressee::Unit),
            (Some("http"), "unit.example", Addressee::Foreign),
            (None, "unit.example:444", Addressee::Foreign),
            (None, "alice.unit.example", cell("alice")),
            (Some("https"), "alice.unit.example:443", cell("alice")),
            (None, "a.b.unit.example", Addressee::Foreign),
            (None, ".unit.example", Addressee::Foreign),
            (None, "evilunit.example", Addressee::Foreign),
            (None, "unit.example:x", Addressee::Foreign),
            (None, "", Addressee::Foreign),
        ] {
            assert_eq!(url.addressee(scheme, authority), addressee, "{authority}");
        }
    }
}
