//! The token endpoint's answer (RFC 6749 §5.1, API page 293).

use std::fmt;

use serde::Serialize;

/// How an Account's logins went until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuthHistory {
    /// When it last got a token for its password, in ms since 1970. `null` before the first time.
    pub last_authenticated: Option<i64>,
    /// How often a wrong password was given since.
    pub failed_count: u32,
}

/// A token and what goes with it.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long the access token lasts, in seconds.
    pub expires_in: u32,
    /// The refresh token. There is none for a unit user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// How long the refresh token lasts, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_expires_in: Option<u32>,
    /// What the token may be used for. Left out where that is nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Where the token may be used: the `p_target` of a transcell token, this Cell's URL for a resident's token.
    /// Visitors' and unit users' tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_target: Option<String>,
    /// An id_token, where a code with the scope `openid` was redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The peer of the cookie, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_cookie_peer: Option<String>,
    /// The Account's history before this login. Given for passwords only.
    #[serde(flatten)]
    pub history: Option<AuthHistory>,
}

impl TokenResponse {
    /// An answer with nothing but an access token.
    #[must_use]
    pub fn new(access_token: String, expires_in: u32) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in,
            refresh_token: None,
            refresh_token_expires_in: None,
            scope: String::new(),
            p_target: None,
            id_token: None,
            p_cookie_peer: None,
            history: None,
        }
    }

    /// Adds a refresh token.
    #[must_use]
    pub fn with_refresh(mut self, token: String, expires_in: u32) -> Self {
        self.refresh_token = Some(token);
        self.refresh_token_expires_in = Some(expires_in);
        self
    }

    /// The header `Location`: the token endpoint of the Cell that the token is for.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        self.p_target.as_ref().map(|target| format!("{target}__token"))
    }

    /// The body as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("p_target", &self.p_target)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
