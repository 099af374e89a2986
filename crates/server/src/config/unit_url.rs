//! The URL of the unit in the configuration (API page 005).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The URL of a unit: `https://unit.example/`, with a port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitUrl(String);

/// A text that cannot be a unit's URL.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not the URL of a unit, which is http:// or https://, a host, perhaps a port, and /")]
pub struct InvalidUnitUrl(String);

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
        Self::from_parts(false, &host, address.port())
    }

    fn from_parts(secure: bool, host: &str, port: u16) -> Self {
        let scheme = scheme(secure);
        let shown = if port == default_port(scheme) { String::new() } else { format!(":{port}") };
        Self(format!("{scheme}://{host}{shown}/"))
    }

    /// The URL, which ends with a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn scheme(secure: bool) -> &'static str {
    if secure { "https" } else { "http" }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
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
        Ok(Self::from_parts(secure, &host, url.port_or_known_default().unwrap_or_default()))
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
        url.0
    }
}

impl fmt::Display for UnitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_brought_into_one_form() {
        for (text, url) in [
            ("http://localhost:9998/", "http://localhost:9998/"),
            ("http://localhost:9998", "http://localhost:9998/"),
            ("https://Unit.Example:443/", "https://unit.example/"),
            ("http://[::1]:80", "http://[::1]/"),
        ] {
            assert_eq!(text.parse::<UnitUrl>().unwrap().as_str(), url);
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
}
