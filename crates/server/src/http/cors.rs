//! Cross-origin requests (API page 002 and the Fetch standard).

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue,
    ORIGIN,
};

use super::response::Response;

/// Every method of the API, in the order of the recorded answers, and COPY and PATCH.
const METHODS: [&str; 13] = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "MERGE",
    "MKCOL",
    "COPY",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "ACL",
];
const ONE_DAY: HeaderValue = HeaderValue::from_static("86400");

/// The answer to OPTIONS without credentials, which is what a browser sends ahead of a request. It is the same
/// for every URL, for nothing may be told about what is there. File managers ask so, too, whether this is WebDAV
/// (RFC 4918 §10.1).
pub(super) fn preflight() -> Response {
    Response::allow(METHODS).header("dav", "1")
}

/// The headers of an answer that let a script read it.
///
/// An Origin is echoed rather than answered by `*`, which would rule out cookies. A cookie alone gives no
/// access: it takes `p_cookie_peer` in the URL, which another origin cannot know.
pub(super) fn add_headers(request: &HeaderMap, response: &mut HeaderMap) {
    let Some(origin) = request.get(ORIGIN) else {
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        return;
    };
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    response.insert(ACCESS_CONTROL_MAX_AGE, ONE_DAY);
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    let exposed = match response.get(ACCESS_CONTROL_EXPOSE_HEADERS) {
        None => HeaderValue::from_static("X-Personium-Version"),
        Some(more) => {
            let list = [b"X-Personium-Version,", more.as_bytes()].concat();
            HeaderValue::from_bytes(&list).unwrap_or_else(|_| more.clone())
        }
    };
    response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}
