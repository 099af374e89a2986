//! Headers that replace the method and other headers (API page 003), for clients that can send neither.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};

const METHOD: &str = "x-http-method-override";
const HEADER: &str = "x-override";
/// What a proxy says about the client is not for the client to say. (The reference lets it.)
const NOT_OVERRIDABLE: &str = "x-forwarded-";

/// The method that is meant: `X-HTTP-Method-Override` counts for POST only.
pub(super) fn method(sent: &Method, headers: &HeaderMap) -> String {
    let other = headers.get(METHOD).filter(|_| sent == Method::POST).and_then(|value| value.to_str().ok());
    other.filter(|method| !method.is_empty()).unwrap_or(sent.as_str()).to_owned()
}

/// Applies each `X-Override: name:value`; the last one of a name wins. What has no name is ignored.
pub(super) fn apply(headers: &mut HeaderMap) {
    let sent: Vec<HeaderValue> = headers.get_all(HEADER).into_iter().cloned().collect();
    for line in sent {
        let line = line.as_bytes();
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let parsed = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
        if let (Ok(name), Ok(value)) = parsed
            && !name.as_str().starts_with(NOT_OVERRIDABLE)
        {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn only_post_can_be_another_method() {
        for (sent, header, meant) in
            [(Method::POST, "MERGE", "MERGE"), (Method::POST, "", "POST"), (Method::GET, "DELETE", "GET")]
        {
            assert_eq!(method(&sent, &headers(&[(METHOD, header)])), meant);
        }
    }

    #[test]
    fn headers_replace_each_other() {
        let mut sent = headers(&[
            ("accept", "text/html"),
            ("accept", "text/plain"),
            (HEADER, "Accept: application/json"),
            (HEADER, "If-Match : W/\"1:2\""),
            (HEADER, "Depth:0"),
            (HEADER, "Depth:1"),
            (HEADER, ":nameless"),
            (HEADER, "colonless"),
            (HEADER, "bad name: x"),
            (HEADER, "X-Forwarded-For: 192.0.2.1"),
        ]);
        apply(&mut sent);
        let values = |name: &str| sent.get_all(name).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(values("accept"), ["application/json"]);
        assert_eq!(values("if-match"), ["W/\"1:2\""]);
        assert_eq!(values("depth"), ["1"]);
        assert!(values("x-forwarded-for").is_empty());
    }
}
