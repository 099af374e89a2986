//! Which URLs the API accepts in fields such as `ExtCell.Url`, `Box.Schema`, `ExtRole` and `Rule.TargetUrl`.
//!
//! The `url` crate repairs what it reads, as browsers must; here a wrong URL has to be refused, so the
//! syntax of RFC 3986 section 2 is checked on the text itself. Characters beyond ASCII may stand unescaped
//! (RFC 3987 section 2.2), because stored data has such URLs.

use super::local::{LOCALBOX, LOCALCELL, LOCALUNIT, split_double_colon};
use crate::name;

/// How many characters a URI in a field can have (pages 223, 245).
pub const MAX_URI_LENGTH: usize = 1024;

/// Whether this is a URI of a scheme that names things: `http`, `https`, `urn` or `personium-localunit`.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let has_scheme = match text.strip_prefix("urn:").or_else(|| text.strip_prefix(LOCALUNIT)) {
        Some(rest) => has_uri_characters(rest) && !rest.is_empty(),
        None => http_rest(text).is_some(),
    };
    has_scheme && has_uri_length(text)
}

/// Whether this is an http(s) URL whose path is normalized.
#[must_use]
pub fn is_http_url(text: &str) -> bool {
    http_rest(text).is_some_and(is_normal_path) && has_uri_length(text)
}

/// Whether this is the URL of a Cell (page 223): http(s) or `personium-localunit:`, normalized, with a slash
/// at its end. Where a unit of another host begins and its Cell ends cannot be told, so any path is good.
#[must_use]
pub fn is_cell_url(text: &str) -> bool {
    let names_cell = match text.strip_prefix(LOCALUNIT) {
        Some(rest) => match split_double_colon(rest) {
            Some((_, path)) => is_collection_path(path),
            None => rest.strip_prefix('/').and_then(|r| r.strip_suffix('/')).is_some_and(name::is_name),
        },
        None => http_rest(text).is_some_and(is_collection_path),
    };
    names_cell && has_uri_length(text)
}

/// Whether this can be the schema of a Box (page 256): a Cell URL or a URN.
#[must_use]
pub fn is_schema_url(text: &str) -> bool {
    is_cell_url(text) || (text.starts_with("urn:") && is_uri(text))
}

/// Whether this is `personium-localunit:/path` or `personium-localunit:cell:/path`, normalized.
#[must_use]
pub fn is_localunit_url(text: &str) -> bool {
    let path =
        text.strip_prefix(LOCALUNIT).map(|rest| split_double_colon(rest).map_or(rest, |(_, path)| path));
    path.is_some_and(|path| path.starts_with('/') && is_normal_path(path)) && has_uri_length(text)
}

/// Whether this is `personium-localcell:/path`, normalized.
#[must_use]
pub fn is_localcell_url(text: &str) -> bool {
    text.strip_prefix(LOCALCELL).is_some_and(|path| path.starts_with('/') && is_normal_path(path))
        && has_uri_length(text)
}

/// Whether this is `personium-localbox:/path`, normalized.
#[must_use]
pub fn is_localbox_url(text: &str) -> bool {
    text.strip_prefix(LOCALBOX).is_some_and(|path| path.starts_with('/') && is_normal_path(path))
        && has_uri_length(text)
}

/// An http(s) URL in the form in which it is compared (RFC 3986 section 6.2): scheme and host in lower case,
/// no default port, no dot segments, a slash at the end of its path. Query and fragment are kept. `None` if
/// it is not an http(s) URL.
#[must_use]
pub fn normalize_http_url(text: &str) -> Option<String> {
    let mut url = ::url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Some(url.to_string())
}

/// Scheme, authority and rest of an http(s) URL, as written: the rest begins with `/`, `?`, `#` or is empty.
pub(super) fn split_http(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, hierarchy) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = hierarchy.find(['/', '?', '#']).unwrap_or(hierarchy.len());
    let (authority, rest) = hierarchy.split_at(end);
    (!authority.is_empty()).then_some((scheme, authority, rest))
}

/// What follows the authority of a well-formed http(s) URL whose scheme is in lower case.
fn http_rest(text: &str) -> Option<&str> {
    let (scheme, authority, rest) = split_http(text)?;
    // Brackets are allowed around an IPv6 address only (RFC 3986 section 3.2.2).
    let host = authority.replacen('[', "", 1).replacen(']', "", 1);
    let well_formed =
        matches!(scheme, "http" | "https") && has_uri_characters(&host) && has_uri_characters(rest);
    well_formed.then_some(rest)
}

/// Whether the path before query and fragment has neither dot segments nor empty ones.
fn is_normal_path(rest: &str) -> bool {
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let segments = path.strip_prefix('/').unwrap_or(path);
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let is_root = matches!(path, "" | "/");
    has_uri_characters(rest) && (is_root || segments.split('/').all(|s| !matches!(s, "" | "." | "..")))
}

/// Whether this is a normal path that ends with a slash, without query and fragment.
fn is_collection_path(rest: &str) -> bool {
    rest.starts_with('/') && rest.ends_with('/') && !rest.contains(['?', '#']) && is_normal_path(rest)
}

fn has_uri_length(text: &str) -> bool {
    text.chars().count() <= MAX_URI_LENGTH
}

/// RFC 3986 section 2: unreserved, reserved but brackets, and escapes of two hexadecimal digits; `#` at the
/// most once.
fn has_uri_characters(text: &str) -> bool {
    let is_allowed = |c: char| match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    };
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    text.chars().all(is_allowed)
        && text.split('%').skip(1).all(is_escape)
        && text.bytes().filter(|&b| b == b'#').count() <= 1
}
