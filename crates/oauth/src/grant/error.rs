//! Errors of the token endpoint (RFC 6749 §5.2): the error codes of the API with OAuth's names beside them.

use saibo_model::{Error, ErrorCode};
use serde_json::{Value, json};

use super::AuthHistory;
use crate::token::{TokenError, TokenKind};

/// OAuth's name for an error code.
#[must_use]
pub fn oauth_error(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::GrantTypeUnsupported => "unsupported_grant_type",
        E::TokenTargetInvalid | E::RequiredParameterMissing => "invalid_request",
        E::ClientAssertionParse
        | E::ClientAssertionExpired
        | E::ClientAssertionSignature
        | E::ClientAssertionIssuer
        | E::ClientAssertionTarget
        | E::ClientAssertionType
        | E::ClientHeaderInvalid
        | E::ClientMismatch
        | E::ClientAuthenticationRequired => "invalid_client",
        E::PluginRejected | E::PluginUnauthorized => "invalid_grant",
        E::PluginUnavailable => "temporarily_unavailable",
        _ if code.status() >= 500 => "server_error",
        _ if code.code().contains("-AN-") => "invalid_grant",
        _ => "invalid_request",
    }
}

/// The error for a refresh token or code that was given to the token endpoint and is none.
#[must_use]
pub fn refused_grant(error: &TokenError, kind: TokenKind) -> ErrorCode {
    match error {
        TokenError::Expired => ErrorCode::GrantTokenExpired,
        TokenError::Malformed | TokenError::WrongIssuer if kind == TokenKind::Code => {
            ErrorCode::GrantCodeInvalid
        }
        TokenError::Malformed | TokenError::WrongIssuer => ErrorCode::GrantTokenParse,
    }
}

/// The error for an access token in an `Authorization` header that is none.
#[must_use]
pub fn refused_access(error: &TokenError) -> ErrorCode {
    match error {
        TokenError::Expired => ErrorCode::AccessTokenExpired,
        TokenError::Malformed | TokenError::WrongIssuer => ErrorCode::AccessTokenParse,
    }
}

/// The body of an error answer: `error` and `error_description`, which begins with the code in brackets.
#[must_use]
pub fn error_body(error: &Error) -> Value {
    json!({ "error": oauth_error(error.code()), "error_description": description(error) })
}

/// The recorded answers have this member word for word, and clients show it to people: what occurs there stays
/// as it is. Whatever else there is has the text that it has everywhere.
fn description(error: &Error) -> String {
    let code = error.code();
    let template = match code {
        ErrorCode::GrantTypeUnsupported => "Unsupported grant type. [{0}]",
        ErrorCode::ClientAssertionParse => "Failed to parse client assertion.",
        ErrorCode::GrantTokenParse => "Token parse error.",
        ErrorCode::GrantTokenExpired => "Token expired or invalid.",
        ErrorCode::RequiredParameterMissing => "Required parameter [{0}] missing.",
        ErrorCode::LoginFailed => "Authentication failed.",
        ErrorCode::ClientHeaderInvalid => "Authorization header is invalid.",
        ErrorCode::ClientMismatch => "Client mismatch. [{0}] expected, but was [{1}].",
        ErrorCode::PasswordChangeRequired => "The password should be changed.",
        _ => return error.to_string(),
    };
    let params = error.params().iter().enumerate();
    let text = params.fold(template.to_owned(), |text, (i, param)| text.replace(&format!("{{{i}}}"), param));
    format!("[{}] - {text}", code.code())
}

/// What an Account that must change its password gets instead of a token: one that can do that and nothing else.
#[derive(Clone, Debug)]
pub struct PasswordChangeRequired {
    /// The token, `AP~`.
    pub access_token: String,
    /// URL of the Cell's `__mypassword`.
    pub url: String,
    /// The Account's history.
    pub history: AuthHistory,
}

impl PasswordChangeRequired {
    /// The body of the answer. Its status is 401, and it has a header `WWW-Authenticate: Basic realm="{cell}"`.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = error_body(&ErrorCode::PasswordChangeRequired.into());
        body["access_token"] = self.access_token.as_str().into();
        body["url"] = self.url.as_str().into();
        body["last_authenticated"] = self.history.last_authenticated.into();
        body["failed_count"] = self.history.failed_count.into();
        body
    }
}
