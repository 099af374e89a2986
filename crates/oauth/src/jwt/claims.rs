//! What the id_tokens of a Cell say.

use serde::{Deserialize, Serialize};

/// The claims of an id_token (OpenID Connect Core §2), times in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// The Cell.
    pub iss: String,
    /// The Account.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// When it ends.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// The `nonce` of the authorization request, which ties it to the client's session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nonce: Option<String>,
}
