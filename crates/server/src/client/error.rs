//! What can go wrong between a command and a unit, in words for whoever typed the command.

use std::fmt;

use serde_json::Value;

/// What this module returns.
pub(crate) type Result<T, E = ClientError> = std::result::Result<T, E>;

/// Why a unit did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// No answer came, or half of one.
    Unreachable {
        /// The request.
        request: String,
        /// Why.
        cause: String,
    },
    /// The unit says no.
    Refused {
        /// The request.
        request: String,
        /// Status of the answer.
        status: u16,
        /// The API's code, such as `PR404-MC-0002`.
        code: Option<String>,
        /// What the unit says.
        message: Option<String>,
    },
    /// A file of ours cannot be read or written.
    Local {
        /// What was tried, with which file.
        doing: String,
        /// Why it failed.
        cause: std::io::Error,
    },
    /// The answer is not one that the API knows.
    Unexpected {
        /// The method.
        method: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    pub(super) fn unreachable(method: &str, url: &str, cause: ureq::Error) -> Self {
        let cause = match cause {
            ureq::Error::Io(error) => match error.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    "the connection was refused: does a unit run there?".to_owned()
                }
                _ => error.to_string(),
            },
            ureq::Error::HostNotFound => "there is no host of that name".to_owned(),
            ureq::Error::TlsRequired | ureq::Error::Tls(_) => {
                "this program speaks http only; for https, go by way of a proxy that adds it".to_owned()
            }
            ureq::Error::Timeout(what) => format!("no answer in time ({what})"),
            other => other.to_string(),
        };
        Self::Unreachable { request: format!("{method} {url}"), cause }
    }

    /// From an answer's body, which is `{"code":…,"message":{"value":…}}` or, for logins, OAuth's.
    pub(super) fn refused(method: &str, url: String, status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self::Refused {
            request: format!("{method} {url}"),
            status,
            code: text(&body["code"]),
            message: text(&body["message"]["value"]).or_else(|| text(&body["error_description"])),
        }
    }

    /// The status with which the unit refused.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The API's code with which the unit refused.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Whether trying again may help: the unit was not reached, or is busy.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { status: 502..=504, .. })
    }
}

impl std::error::Error for ClientError {}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { request, cause } => write!(f, "{request}: {cause}"),
            Self::Local { doing, cause } => write!(f, "{doing}: {cause}"),
            Self::Unexpected { method, url, why } => {
                write!(f, "{method} {url}: the answer is not understood: {why}")
            }
            Self::Refused { request, status, code, message } => {
                write!(f, "{request}: the unit answers {status}")?;
                if let Some(message) = message {
                    write!(f, ": {message}")?;
                }
                if let Some(code) = code {
                    write!(f, " ({code})")?;
                }
                if *status == 401 {
                    write!(f, "; is the token right, and not expired?")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_unit_says() {
        let body = br#"{"code":"PR404-MC-0002","message":{"lang":"en","value":"Cell not found."}}"#;
        let error = ClientError::refused("GET", "http://u/c/__export".to_owned(), 404, body);
        assert_eq!(
            error.to_string(),
            "GET http://u/c/__export: the unit answers 404: Cell not found. (PR404-MC-0002)"
        );
        let error = ClientError::refused("POST", "http://u/c/__token".to_owned(), 400, b"<html>");
        assert_eq!(error.to_string(), "POST http://u/c/__token: the unit answers 400");
        let body = br#"{"error":"invalid_grant","error_description":"[PR400-AN-0017] - wrong"}"#;
        let error = ClientError::refused("POST", "http://u/c/__token".to_owned(), 400, body);
        assert!(error.to_string().ends_with("400: [PR400-AN-0017] - wrong"));
    }
}
