//! What a token says.

use subtle::ConstantTimeEq;

use crate::pkce;

/// What marks a client as confidential: its secret named the role `confidentialClient` (API page 293).
pub const CONFIDENTIAL: &str = "#c";

/// The claims of an opaque token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// URL of the Cell, or of the unit, that gave the token out.
    pub issuer: String,
    /// Whom it speaks for: the Account's name in resident tokens, a URL in all others.
    pub subject: String,
    /// When it was made, in ms since 1970.
    pub issued_at: i64,
    /// How long it lasts, in seconds.
    pub lifetime: u32,
    /// The client that authenticated itself, with `#c` if confidential.
    pub schema: Option<String>,
    /// What it may be used for; see [`Scopes`](crate::scope::Scopes).
    pub scopes: Vec<String>,
    /// URLs of the visitor's roles. In a refresh token these are the roles that the other Cell named, from
    /// which the roles here are worked out anew each time.
    pub roles: Vec<String>,
    /// Of visitors' refresh tokens: where the visitor came from.
    pub origin: Option<Origin>,
    /// Of authorization codes: what the client must show to redeem it.
    pub code: Option<CodeBinding>,
}

/// The assertion that a visitor came with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// URL of the Cell that made the assertion.
    pub issuer: String,
    /// The assertion's id.
    pub assertion_id: String,
}

/// What an authorization code is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeBinding {
    /// The `redirect_uri` of the authorization request (RFC 6749 §4.1.3).
    pub redirect_uri: Option<String>,
    /// The S256 `code_challenge` of the authorization request (RFC 7636 §4.3).
    pub challenge: Option<String>,
    /// The `nonce` of the authorization request, which the id token repeats (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<String>,
}

impl Claims {
    /// When it ends, in ms since 1970.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.issued_at.saturating_add(i64::from(self.lifetime) * 1000)
    }

    /// Whether it has ended at `now` (ms since 1970).
    #[must_use]
    pub fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at()
    }

    /// The client without the mark of confidentiality.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.schema.as_deref().map(|schema| schema.strip_suffix(CONFIDENTIAL).unwrap_or(schema))
    }

    /// Whether the client proved that it is confidential.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.schema.as_deref().is_some_and(|schema| schema.ends_with(CONFIDENTIAL))
    }

    /// Whether `client` (with its `#c`) is the one that this refresh token belongs to (RFC 6749 §6).
    #[must_use]
    pub fn belongs_to(&self, client: Option<&str>) -> bool {
        self.schema.as_deref().unwrap_or_default() == client.unwrap_or_default()
    }
}

impl CodeBinding {
    /// Whether a token request may redeem the code.
    ///
    /// A `redirect_uri` is compared only where the client repeats it: RFC 6749 §4.1.3 has it repeated, but
    /// clients of this API never did. The verifier is required as soon as a challenge was given (RFC 7636 §4.6),
    /// and refused where none was, so that leaving the challenge out gains nothing.
    #[must_use]
    pub fn admits(&self, redirect_uri: Option<&str>, verifier: Option<&str>) -> bool {
        let same_target = match (self.redirect_uri.as_deref(), redirect_uri) {
            (Some(bound), Some(given)) => bool::from(bound.as_bytes().ct_eq(given.as_bytes())),
            (None, Some(_)) | (_, None) => true,
        };
        let proved = match (self.challenge.as_deref(), verifier) {
            (Some(challenge), Some(verifier)) => pkce::verify(verifier, challenge),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same_target && proved
    }
}
