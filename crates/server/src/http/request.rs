//! A request as handlers see it: after every override, its path split and decoded.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::body::{Again, RequestBody};

/// A request.
#[derive(Debug)]
pub struct Request {
    /// The method, after `X-HTTP-Method-Override`.
    pub method: String,
    /// The path's segments, in path-based form: the first one is the Cell's name even where the Cell has a
    /// host name of its own.
    pub path: Arc<[Segment]>,
    /// Whether the path ended with a slash. For most resources it makes no difference.
    pub trailing_slash: bool,
    /// What follows the question mark.
    pub query: Query,
    /// The headers, after `X-Override`.
    pub headers: HeaderMap,
    /// The body, not yet read.
    pub body: RequestBody,
    /// The request key: names this request in logs and events.
    pub key: String,
    /// The client's address: beyond the proxies that are trusted.
    pub peer: IpAddr,
    /// When the request arrived, ms since 1970.
    pub now_ms: i64,
    /// Takes the connection over for a WebSocket.
    pub upgrade: Option<hyper::upgrade::OnUpgrade>,
}

impl Request {
    /// The first value of a header; `None` also for a value that is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether a header says exactly that, whatever the case.
    #[must_use]
    pub fn header_is(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|sent| sent.trim().eq_ignore_ascii_case(value))
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(http::header::COOKIE).into_iter();
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_matches('"'))
    }

    /// The media type of the body, in lower case and without parameters; empty if none was sent.
    #[must_use]
    pub fn media_type(&self) -> String {
        let sent = self.header("content-type").unwrap_or_default();
        sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The path as it was sent, with the Cell's name in front.
    #[must_use]
    pub fn raw_path(&self) -> String {
        let mut path = String::new();
        for segment in self.path.iter() {
            path.push('/');
            path.push_str(&segment.raw);
        }
        if self.trailing_slash || path.is_empty() {
            path.push('/');
        }
        path
    }
}

/// What it takes to begin anew with a request.
#[derive(Debug)]
pub(crate) struct Replay {
    method: String,
    path: Arc<[Segment]>,
    trailing_slash: bool,
    query: Query,
    headers: HeaderMap,
    body: Again,
    key: String,
    peer: IpAddr,
    now_ms: i64,
}

impl Replay {
    /// Of a request that has not begun.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            trailing_slash: request.trailing_slash,
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.again(),
            key: request.key.clone(),
            peer: request.peer,
            now_ms: request.now_ms,
        }
    }

    /// The request once more; `None` if there is no way back to its body.
    pub(crate) fn request(&self) -> Option<Request> {
        Some(Request {
            body: self.body.body()?,
            method: self.method.clone(),
            path: self.path.clone(),
            trailing_slash: self.trailing_slash,
            query: self.query.clone(),
            headers: self.headers.clone(),
            key: self.key.clone(),
            peer: self.peer,
            now_ms: self.now_ms,
            upgrade: None,
        })
    }
}

/// A segment of a path. A path is split before it is decoded, so a `%2F` never separates anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// As sent.
    pub raw: String,
    /// Percent-decoded.
    pub text: String,
}

impl Segment {
    /// The segment of a text as sent; `None` if what it encodes is not UTF-8 or if an escape is broken.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let bytes = raw.as_bytes();
        let whole =
            |i: usize| bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if !(0..bytes.len()).filter(|&i| bytes[i] == b'%').all(whole) {
            return None;
        }
        let text = percent_decode_str(raw).decode_utf8().ok()?.into_owned();
        Some(Self { raw: raw.to_owned(), text })
    }
}

/// The query of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// A query as it was sent, without its question mark.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// As sent; empty if there is none.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The first value of a parameter, decoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Names and values, decoded; a `+` is a space.
    pub fn pairs(&self) -> impl Iterator<Item = (String, String)> + '_ {
        url::form_urlencoded::parse(self.0.as_bytes()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_one_by_one() {
        for (raw, text) in [
            ("box", Some("box")),
            ("a%20b", Some("a b")),
            ("a+b", Some("a+b")),
            ("ExtCell('http%3A%2F%2Fx%2F')", Some("ExtCell('http://x/')")),
            ("%e3%81%82", Some("あ")),
            ("%ff", None),
            ("%", None),
            ("%2", None),
            ("%zz", None),
        ] {
            assert_eq!(Segment::parse(raw).map(|segment| segment.text).as_deref(), text, "{raw}");
        }
    }

    #[test]
    fn queries_decode_plus_as_space() {
        let query = Query::new("$filter=a+eq%20'b'&_=1&empty&$filter=again");
        assert_eq!(query.get("$filter").as_deref(), Some("a eq 'b'"));
        assert_eq!(query.get("empty").as_deref(), Some(""));
        assert_eq!(query.get("none"), None);
    }
}
