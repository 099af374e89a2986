//! The token endpoint's requests and answers (RFC 6749 §4–6, API page 293).
//!
//! A request is looked at in steps, because the answer to a request with several faults depends on their order:
//!
//! 1. [`Form::parse`] reads the body.
//! 2. [`Form::target`] reads `p_target`.
//! 3. [`Form::client`] reads who asks; then come checking the client's assertion and [`ClientCredentials::identity`].
//! 4. [`Form::token_request`] reads lifetimes, then the grant and what it needs.

mod client;
mod error;
mod form;
mod response;
#[cfg(test)]
mod tests;

use std::fmt;

use saibo_model::{ErrorCode, Result};

use crate::scope::Scopes;
use crate::token::{ACCESS_LIFETIME, REFRESH_LIFETIME};

pub use client::{ClientAssertion, ClientCredentials, basic_credentials};
pub use error::{PasswordChangeRequired, error_body, oauth_error, refused_access, refused_grant};
pub use form::Form;
pub use response::{AuthHistory, TokenResponse};

/// Grant type of a transcell token (RFC 7522 §2.1).
pub const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// A text that never shows itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a client asks the token endpoint for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// On what grounds.
    pub grant: Grant,
    /// `p_owner=true`: a token of the Cell's owner is wanted (API page 106).
    pub owner: bool,
    /// `p_cookie=true`, unless there is a `p_target`, for which no cookie is made.
    pub cookie: bool,
    /// The scopes that are wanted. Looked at for passwords and plugins only: the other grants bring their own.
    pub scopes: Scopes,
    /// Lifetime of the access token in seconds.
    pub expires_in: u32,
    /// Lifetime of the refresh token, and of a token for changing one's password, in seconds.
    pub refresh_expires_in: u32,
}

/// The grounds on which a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// `password` (RFC 6749 §4.3).
    Password {
        /// Name of the Account.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// `refresh_token` (RFC 6749 §6).
    Refresh {
        /// The refresh token.
        token: Secret,
    },
    /// `authorization_code` (RFC 6749 §4.1.3).
    Code {
        /// The code.
        code: Secret,
        /// The redirection target that the code was asked for with.
        redirect_uri: Option<String>,
        /// The verifier of RFC 7636 §4.5.
        verifier: Option<Secret>,
    },
    /// A transcell token (RFC 7522).
    Saml2 {
        /// The assertion.
        assertion: Secret,
    },
    /// Anything else: one of the unit's plugins may know it, and reads the form itself. If none does, the answer
    /// is [`unsupported_grant`].
    Plugin {
        /// The grant type.
        grant_type: String,
    },
}

/// The error for a grant type that no plugin knows.
#[must_use]
pub fn unsupported_grant(grant_type: &str) -> saibo_model::Error {
    ErrorCode::GrantTypeUnsupported.with([grant_type])
}

impl Form {
    /// Step 4: lifetimes, then the grant and what it needs.
    ///
    /// # Errors
    /// `AN-0016` for a lifetime out of range and for a missing user name, password or grant type; `AN-0009` for
    /// a missing refresh token or assertion; `AN-0019` for a missing code.
    pub fn token_request(&self) -> Result<TokenRequest> {
        let expires_in = self.lifetime("expires_in", ACCESS_LIFETIME)?;
        let refresh_expires_in = self.lifetime("refresh_token_expires_in", REFRESH_LIFETIME)?;
        Ok(TokenRequest {
            grant: self.grant()?,
            owner: self.get("p_owner") == Some("true"),
            cookie: self.get("p_target").is_none()
                && self.get("p_cookie").is_some_and(|v| v.eq_ignore_ascii_case("true")),
            scopes: Scopes::parse(self.get("scope").unwrap_or_default()),
            expires_in,
            refresh_expires_in,
        })
    }

    fn grant(&self) -> Result<Grant> {
        let missing = |name: &str| ErrorCode::RequiredParameterMissing.with([name]);
        let secret = |name: &str| self.get(name).map(Secret::from);
        Ok(match self.get("grant_type").ok_or_else(|| missing("grant_type"))? {
            "password" => Grant::Password {
                username: self.get("username").ok_or_else(|| missing("username"))?.to_owned(),
                password: secret("password").ok_or_else(|| missing("password"))?,
            },
            "refresh_token" => {
                Grant::Refresh { token: secret("refresh_token").ok_or(ErrorCode::GrantTokenParse)? }
            }
            "authorization_code" => Grant::Code {
                code: secret("code").ok_or(ErrorCode::GrantCodeInvalid)?,
                redirect_uri: self.get("redirect_uri").map(str::to_owned),
                verifier: secret("code_verifier"),
            },
            SAML2_BEARER => {
                Grant::Saml2 { assertion: secret("assertion").ok_or(ErrorCode::GrantTokenParse)? }
            }
            other => Grant::Plugin { grant_type: other.to_owned() },
        })
    }

    /// An empty lifetime is one not given.
    fn lifetime(&self, name: &'static str, most: u32) -> Result<u32> {
        match self.get(name).filter(|text| !text.is_empty()) {
            None => Ok(most),
            Some(text) => match text.parse() {
                Ok(seconds) if (1..=most).contains(&seconds) => Ok(seconds),
                _ => Err(ErrorCode::RequiredParameterMissing.with([name])),
            },
        }
    }
}
