//! The one place where an error becomes an answer (API page 004).
//!
//! Errors are JSON whatever the Accept header says: `{"code":…,"message":{"lang":…,"value":…}}`. So the
//! recorded answers have it, `Accept: application/xml` included. Those of authentication itself (`AN`, `PA`)
//! have the form of RFC 6749 section 5.2. What caused an error goes to the log and to nobody else.

use std::error::Error as StdError;
use std::fmt;

use saibo_model::{Error, ErrorCode};
use serde_json::{Map, Value, json};

use super::response::Response;

/// A request is larger than the unit's limits.
///
/// The API has no codes for this. It travels as the cause of an error so that the edge can answer 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// The body.
    Body,
    /// The URL.
    Url,
}

impl LimitExceeded {
    fn status(self) -> u16 {
        match self {
            Self::Body => 413,
            Self::Url => 414,
        }
    }

    /// The one that is the error itself or somewhere among its causes.
    pub(crate) fn in_chain(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(limit) = error.downcast_ref::<Self>() {
                return Some(*limit);
            }
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            next = inner.map(|inner| inner as _).or_else(|| error.source());
        }
        None
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body => "The request body is larger than this unit accepts.",
            Self::Url => "The URL is longer than this unit accepts.",
        })
    }
}

impl StdError for LimitExceeded {}

impl From<LimitExceeded> for Error {
    fn from(limit: LimitExceeded) -> Self {
        Error::from(ErrorCode::BodyLoad).because(limit)
    }
}

/// The answer to an error. `realm` is the URL of the Cell, or of the unit: where a client could authenticate itself if
/// it did not.
#[must_use]
pub fn render(error: &Error, realm: &str) -> Response {
    if let Some(limit) = LimitExceeded::in_chain(error) {
        let status = limit.status();
        // hyper cannot tell a new request from what is left of this one.
        return message(status, &format!("PR{status}-MC-0001"), &limit.to_string())
            .header("connection", "close");
    }
    let code = error.code();
    if is_oauth(code) {
        return oauth(error, realm, Map::new());
    }
    let mut response = message(code.status(), code.code(), &error.message());
    if passes(code) {
        // RFC 9110 section 10.2.3, in seconds.
        response = response.header("retry-after", "1");
    }
    if code.status() == 401 {
        response = response.header("www-authenticate", &scheme("Bearer", realm));
        if error.is_basic_accepted() {
            response = response.add_header("www-authenticate", &scheme("Basic", realm));
        }
    }
    response
}

/// The answer to an error of authentication, with further members: a password that must be changed comes with
/// the token to change it.
#[must_use]
pub fn oauth(error: &Error, realm: &str, mut members: Map<String, Value>) -> Response {
    let code = error.code();
    members.insert("error".into(), oauth_name(code).into());
    members.insert("error_description".into(), error.to_string().into());
    let response = Response::json(code.status(), &Value::Object(members));
    if code.status() != 401 {
        return response;
    }
    // The token endpoint takes a client's credentials as Basic, and says so whatever was sent.
    response.header("www-authenticate", &scheme("Basic", realm))
}

/// Tells the log about an error: what a client did wrong as information, what went wrong here as an error.
pub fn log(error: &Error, key: &str) {
    let cause = error.cause().map(chain).unwrap_or_default();
    if LimitExceeded::in_chain(error).is_some() {
        tracing::info!(key, "{cause}");
    } else if error.code().status() >= 500 {
        tracing::error!(key, cause, "{error}");
    } else {
        tracing::debug!(key, cause, "{error}");
    }
}

/// Whether it is over in a moment, so that the same request can be sent again.
fn passes(code: ErrorCode) -> bool {
    use ErrorCode::{StoreUnavailable, TooManyConcurrentRequests, UnderMaintenance};
    matches!(code, StoreUnavailable | TooManyConcurrentRequests | UnderMaintenance)
}

/// The body that every error has.
pub(crate) fn message(status: u16, code: &str, text: &str) -> Response {
    Response::json(status, &json!({ "code": code, "message": { "lang": "en", "value": text } }))
}

fn scheme(name: &str, realm: &str) -> String {
    format!("{name} realm=\"{realm}\"")
}

fn is_oauth(code: ErrorCode) -> bool {
    matches!(code.code().get(6..8), Some("AN" | "PA"))
}

/// The name that RFC 6749 has for it.
fn oauth_name(code: ErrorCode) -> &'static str {
    if code.status() >= 500 {
        return "server_error";
    }
    match code.code().get(6..).unwrap_or_default() {
        "AN-0001" => "unsupported_grant_type",
        "AN-0002" | "AN-0016" => "invalid_request",
        "AN-0003" | "AN-0004" | "AN-0005" | "AN-0006" | "AN-0007" | "AN-0018" | "AN-0020" | "AN-0021"
        | "AN-0022" => "invalid_client",
        _ => "invalid_grant",
    }
}

/// An error and what it stems from, on one line.
fn chain(error: &(dyn StdError + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const REALM: &str = "http://localhost/cell/";

    async fn body(response: Response) -> Value {
        serde_json::from_slice(&response.into_bytes().await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn errors_have_a_code_and_a_text() {
        let response = render(&ErrorCode::CellNotFound.into(), REALM);
        assert_eq!(response.status, 404);
        assert!(!response.headers.contains_key("www-authenticate"));
        let expected = json!({ "code": "PR404-DV-0003", "message": { "lang": "en", "value": "The Cell does not exist." } });
        assert_eq!(body(response).await, expected);
    }

    #[test]
    fn unauthenticated_requests_are_challenged() {
        for (basic, expected) in [
            (false, vec!["Bearer realm=\"http://localhost/cell/\""]),
            (true, vec!["Bearer realm=\"http://localhost/cell/\"", "Basic realm=\"http://localhost/cell/\""]),
        ] {
            let response =
                render(&Error::from(ErrorCode::AuthorizationRequired).accepting_basic(basic), REALM);
            let sent: Vec<_> = response
                .headers
                .get_all("www-authenticate")
                .into_iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            assert_eq!((response.status, sent), (401, expected));
        }
    }

    #[tokio::test]
    async fn errors_of_authentication_are_those_of_oauth() {
        for (code, status, name, basic) in [
            (ErrorCode::GrantTypeUnsupported, 400, "unsupported_grant_type", false),
            (ErrorCode::LoginFailed, 400, "invalid_grant", false),
            (ErrorCode::ClientMismatch, 401, "invalid_client", true),
            (ErrorCode::PasswordChangeRequired, 401, "invalid_grant", true),
        ] {
            let response = render(&code.into(), REALM);
            let header = response.headers.get("www-authenticate").cloned();
            assert_eq!((response.status, header.is_some()), (status, basic));
            let body = body(response).await;
            assert_eq!(body["error"], name);
            assert!(
                body["error_description"].as_str().unwrap().starts_with(&format!("[{}] - ", code.code()))
            );
        }
    }

    #[tokio::test]
    async fn a_cause_is_not_shown() {
        let error = Error::from(ErrorCode::StoreUnknown).because("disk /dev/sda1 is on fire");
        let response = render(&error, REALM);
        assert_eq!(response.status, 500);
        assert!(!body(response).await.to_string().contains("sda1"));
    }

    #[test]
    fn what_passes_says_when_to_try_again() {
        for (code, expected) in [
            (ErrorCode::StoreUnavailable, Some("1")),
            (ErrorCode::DiskFull, None),
            (ErrorCode::StoreUnknown, None),
        ] {
            let response = render(&code.into(), REALM);
            assert_eq!(response.headers.get("retry-after").map(|value| value.to_str().unwrap()), expected);
        }
    }

    #[test]
    fn a_limit_is_found_among_the_causes() {
        let error = Error::from(ErrorCode::FileIo).because(std::io::Error::other(LimitExceeded::Body));
        assert_eq!(render(&error, REALM).status, 413);
        assert_eq!(render(&LimitExceeded::Url.into(), REALM).status, 414);
    }
}
