//! `Destination` (RFC 4918 §10.3): where to a COPY or MOVE goes, which is within the box (API page 309).

use percent_encoding::percent_decode_str;
use saibo_model::{Error, ErrorCode, Result};

/// Where to a resource is copied or moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The absolute URL, for the answer's `Location`.
    pub url: String,
    /// Its path below the box: at least one segment, decoded.
    pub path: Vec<String>,
}

impl Destination {
    /// Parses the header of a request for the resource at `source` in the box at `box_url`, both absolute URLs of
    /// `http` or `https`. The value is such a URL too, or an absolute path on the same host. A slash at the
    /// end means nothing.
    ///
    /// # Errors
    /// `PR400-DV-0010` if the header is absent or empty, `PR403-DV-0005` if it names the source itself,
    /// `PR400-DV-0009` if it names no resource of the box.
    pub fn parse(value: Option<&str>, source: &str, box_url: &str) -> Result<Self> {
        let value = match value {
            None | Some("") => return Err(ErrorCode::DavHeaderRequired.with(["Destination"])),
            Some(value) => value,
        };
        let invalid = || ErrorCode::DavHeaderInvalid.with(["Destination", value]);
        let base = Location::parse(box_url).ok_or_else(invalid)?;
        let url = match value.starts_with('/') && !value.starts_with("//") {
            true => format!("{}{value}", base.origin),
            false => value.to_owned(),
        };
        let target = Location::parse(&url).ok_or_else(invalid)?;
        if Location::parse(source)
            .is_some_and(|source| source.same_host(&target) && source.path == target.path)
        {
            return Err(source_itself(value));
        }
        match target.path.strip_prefix(base.path.as_slice()) {
            Some(path) if base.same_host(&target) && !path.is_empty() => {
                Ok(Self { path: path.to_vec(), url })
            }
            _ => Err(invalid()),
        }
    }
}

fn source_itself(value: &str) -> Error {
    ErrorCode::DestinationIsSource.with([value])
}

/// A URL taken apart.
struct Location<'u> {
    /// Scheme and authority as written.
    origin: &'u str,
    host: String,
    port: &'u str,
    path: Vec<String>,
}

impl<'u> Location<'u> {
    fn parse(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => "80",
            "https" => "443",
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // A query or fragment names no resource.
        if authority.is_empty() || authority.contains('@') || path.contains(['?', '#']) {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
            _ => (authority, default_port),
        };
        let origin = url.get(..scheme.len() + "://".len() + end)?;
        Some(Self { origin, host: host.to_ascii_lowercase(), port, path: segments(path)? })
    }

    /// The scheme is left out: behind a proxy, clients and the unit may see different ones.
    fn same_host(&self, other: &Location<'_>) -> bool {
        let default = |port| matches!(port, "80" | "443");
        self.host == other.host && (self.port == other.port || default(self.port) && default(other.port))
    }
}

/// The decoded segments of a path without its dots (RFC 3986 §5.2.4). A decoded slash or NUL would be another
/// resource than the one that is named.
fn segments(path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => {
                let segment = percent_decode_str(segment).decode_utf8().ok()?;
                if segment.contains(['/', '\0']) || matches!(&*segment, "." | "..") {
                    return None;
                }
                segments.push(segment.into_owned());
            }
        }
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: &str = "http://localhost:9998/cell/box/";
    const SOURCE: &str = "http://localhost:9998/cell/box/a";

    #[test]
    fn found() {
        let cases: [(&str, &[&str]); 9] = [
            ("http://localhost:9998/cell/box/b", &["b"]),
            ("http://localhost:9998/cell/box/b/", &["b"]),
            ("http://localhost:9998/cell/box//b", &["b"]),
            ("http://localhost:9998/cell/box/b/../c/./d", &["c", "d"]),
            ("HTTP://LOCALHOST:9998/cell/box/b", &["b"]),
            ("https://localhost:9998/cell/box/b", &["b"]),
            ("/cell/box/b/c", &["b", "c"]),
            ("http://localhost:9998/cell/box/%e6%b7%b1%20x", &["\u{6df1} x"]),
            ("http://localhost:9998/cell/box/a/b", &["a", "b"]),
        ];
        for (value, path) in cases {
            assert_eq!(Destination::parse(Some(value), SOURCE, BOX).unwrap().path, path, "{value}");
        }
        let relative = Destination::parse(Some("/cell/box/b"), SOURCE, BOX).unwrap();
        assert_eq!(relative.url, "http://localhost:9998/cell/box/b");
        let secure = Destination::parse(Some("https://u/c/b/x"), "http://u/c/b/y", "http://u/c/b");
        assert_eq!(secure.unwrap().path, ["x"]);
    }

    #[test]
    fn refused() {
        let cases = [
            (None, ErrorCode::DavHeaderRequired),
            (Some(""), ErrorCode::DavHeaderRequired),
            (Some("http://localhost:9998/cell/box/a"), ErrorCode::DestinationIsSource),
            (Some("http://localhost:9998/cell/box/a/"), ErrorCode::DestinationIsSource),
            (Some("http://localhost:9998/cell/box/%61"), ErrorCode::DestinationIsSource),
            (Some("http://localhost:9998/cell/box/"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/b/.."), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/boxes/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/../other/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/..%2fother/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/%2e%2e/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/other/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9999/cell/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://fqdn/cell/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("http://u@localhost:9998/cell/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("ftp://localhost:9998/cell/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("//localhost:9998/cell/box/b"), ErrorCode::DavHeaderInvalid),
            (Some("http/?#/dest#?#://b"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/b?c"), ErrorCode::DavHeaderInvalid),
            (Some("http://localhost:9998/cell/box/%ff"), ErrorCode::DavHeaderInvalid),
            (Some("b"), ErrorCode::DavHeaderInvalid),
        ];
        for (value, expected) in cases {
            assert_eq!(Destination::parse(value, SOURCE, BOX).unwrap_err().code(), expected, "{value:?}");
        }
    }
}
