//! The forms of URLs that the API knows: a unit's own, those of its Cells, and the schemes that stand for a
//! unit, a Cell or a Box without naming its host.
//!
//! Everything works on text and is pure: which unit, Cell or Box a URL is relative to is always a parameter.
//! What a client sent is kept as it was written wherever it is only passed on; only what is compared is
//! normalized.

mod local;
mod syntax;

use std::fmt;

use crate::{ErrorCode, Result, name};

pub use local::{
    http_to_localbox, http_to_localcell, localbox_to_http, localbox_to_localcell, localcell_to_http,
};
pub use syntax::{
    MAX_URI_LENGTH, is_cell_url, is_http_url, is_localbox_url, is_localcell_url, is_localunit_url,
    is_schema_url, is_uri, normalize_http_url,
};

/// How the URLs of a unit's Cells are made (page 005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellAddressing {
    /// `{unit}{cell}/`
    Path,
    /// `https://{cell}.{host}/`
    Subdomain,
}

/// The URL of this unit, normalized: `http(s)://host[:port]/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnitUrl {
    scheme: &'static str,
    authority: String,
    text: String,
    addressing: CellAddressing,
}

/// Where in this unit a URL points: what follows the unit or a Cell is as written, with or without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place<'a> {
    Unit(&'a str),
    Cell(String, &'a str),
}

impl UnitUrl {
    /// Reads a unit's URL from its configuration.
    ///
    /// # Errors
    /// [`ErrorCode::InternalUrlInvalid`] unless it is an http(s) URL with nothing after its host and port;
    /// an IP address has no subdomains.
    pub fn parse(text: &str, addressing: CellAddressing) -> Result<Self> {
        let invalid = || ErrorCode::InternalUrlInvalid.with([text]);
        let url = ::url::Url::parse(text).map_err(|error| invalid().because(error))?;
        let scheme = match url.scheme() {
            "http" => "http",
            "https" => "https",
            _ => return Err(invalid()),
        };
        // The crate has lower-cased scheme and host and dropped a default port (RFC 3986 section 6.2.3).
        let (Some(host), Some(authority)) = (url.host(), url.as_str().strip_prefix(scheme)) else {
            return Err(invalid());
        };
        let bare = authority.strip_prefix("://").and_then(|rest| rest.strip_suffix('/'));
        let authority = bare.filter(|a| !a.contains(['/', '?', '#', '@'])).ok_or_else(invalid)?;
        if addressing == CellAddressing::Subdomain && !matches!(host, ::url::Host::Domain(_)) {
            return Err(invalid());
        }
        Ok(Self { scheme, authority: authority.to_owned(), text: url.to_string(), addressing })
    }

    /// The URL with its slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Host and, unless it is the scheme's default, port: `host[:port]`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// How its Cells are addressed.
    #[must_use]
    pub fn addressing(&self) -> CellAddressing {
        self.addressing
    }

    /// The URL of a Cell, with its slash at the end.
    #[must_use]
    pub fn cell_url(&self, cell: &str) -> String {
        match self.addressing {
            CellAddressing::Path => format!("{self}{cell}/"),
            CellAddressing::Subdomain => format!("{}://{cell}.{}/", self.scheme, self.authority),
        }
    }

    /// The name in a Cell's URL, if it is one of this unit: http(s) or `personium-localunit:`, with or
    /// without the slash at its end. Whether there is such a Cell is another question.
    #[must_use]
    pub fn cell_name(&self, url: &str) -> Option<String> {
        match self.place(url)? {
            Place::Cell(cell, "" | "/") => Some(cell),
            _ => None,
        }
    }

    /// The name of the Cell that a URL of this unit is in, and what follows the Cell's URL, with the slash
    /// that the former ends with: `("alice", "/box/file?q#f")`. The latter may also be empty.
    #[must_use]
    pub fn split_cell<'a>(&self, url: &'a str) -> Option<(String, &'a str)> {
        match self.place(url)? {
            Place::Cell(cell, rest) => Some((cell, rest)),
            Place::Unit(_) => None,
        }
    }

    /// The name of the Cell that a request's `Host` means, `{cell}.{host}[:port]`, whatever the addressing.
    #[must_use]
    pub fn cell_of_host(&self, host: &str) -> Option<String> {
        let authority = self.normalize_authority(host);
        let cell = authority.strip_suffix(&self.authority)?.strip_suffix('.')?;
        (!cell.is_empty() && !cell.contains('.')).then(|| cell.to_owned())
    }

    /// Whether a request's `Host` is that of the unit itself.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        self.normalize_authority(host) == self.authority
    }

    /// Lower-cases a host and drops the scheme's default port (RFC 3986 sections 6.2.2.1 and 6.2.3).
    fn normalize_authority(&self, authority: &str) -> String {
        let mut authority = authority.to_ascii_lowercase();
        let default_port = if self.scheme == "https" { ":443" } else { ":80" };
        if authority.ends_with(default_port) {
            authority.truncate(authority.len() - default_port.len());
        }
        authority
    }

    fn place<'a>(&self, url: &'a str) -> Option<Place<'a>> {
        Place::of_localunit(url).or_else(|| self.place_of_http(url))
    }

    fn place_of_http<'a>(&self, url: &'a str) -> Option<Place<'a>> {
        let (scheme, authority, rest) = syntax::split_http(url)?;
        if !scheme.eq_ignore_ascii_case(self.scheme) {
            return None;
        }
        match self.addressing {
            CellAddressing::Path => self.is_own_host(authority).then(|| Place::of_path(rest)),
            CellAddressing::Subdomain if self.is_own_host(authority) => Some(Place::Unit(rest)),
            CellAddressing::Subdomain => self.cell_of_host(authority).map(|cell| Place::Cell(cell, rest)),
        }
    }
}

impl<'a> Place<'a> {
    /// Splits what follows a unit's URL at the end of its first segment, a Cell unless it is reserved.
    fn of_path(path: &'a str) -> Self {
        let relative = path.strip_prefix('/').unwrap_or(path);
        let end = relative.find(['/', '?', '#']).unwrap_or(relative.len());
        match relative.split_at(end) {
            (segment, _) if segment.is_empty() || name::is_reserved(segment) => Place::Unit(path),
            (cell, rest) => Place::Cell(cell.to_owned(), rest),
        }
    }
}

impl fmt::Display for UnitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
