//! Logging in with the id_token of an OpenID Connect provider: which Account it speaks for.
//!
//! The unit is a relying party that never asks for a token itself. A client brings one, so what counts is the
//! provider's signature, the client that it was made for, and one claim that names the Account.

use serde_json::{Map, Value};

use crate::jwt::{Expected, IdTokenFault, Keys};

/// The claim whose value people can choose as they like until the provider has seen that it is theirs.
const EMAIL: &str = "email";

/// What is known of a provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The spellings of its issuer: one, but for those that write themselves in two ways.
    pub issuers: Vec<String>,
    /// The clients whose tokens are taken.
    pub clients: Vec<String>,
    /// The claim that is the name of the Account.
    pub claim: String,
}

/// Why an id_token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not count.
    #[error(transparent)]
    Token(#[from] IdTokenFault),
    /// It does not say whose Account.
    #[error("it does not name an Account")]
    Nameless,
    /// The provider does not vouch for the e-mail address.
    #[error("its e-mail address is not verified")]
    Unverified,
}

impl Provider {
    /// The name of the Account that an id_token speaks for, if the provider's keys signed it and it counts at `now`
    /// (ms since 1970). `nonce` is compared where it is given.
    ///
    /// # Errors
    /// Why it lets nobody in.
    pub fn account(
        &self,
        keys: &Keys,
        token: &str,
        nonce: Option<&str>,
        now: i64,
    ) -> Result<String, Refused> {
        let expected = Expected { issuers: &self.issuers, clients: &self.clients, nonce };
        self.name(&keys.verify(token, expected, now)?)
    }

    fn name(&self, claims: &Map<String, Value>) -> Result<String, Refused> {
        let name = claims.get(&self.claim).and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or(Refused::Nameless)?;
        // OpenID Connect Core §5.1. Some providers write it as a text.
        let verified = claims.get("email_verified");
        if self.claim == EMAIL && !verified.is_some_and(|value| *value == true || *value == "true") {
            return Err(Refused::Unverified);
        }
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_claim_that_names_the_account() {
        for (claim, claims, expected) in [
            ("email", json!({ "email": "a@x", "email_verified": true }), Ok("a@x")),
            ("email", json!({ "email": "a@x", "email_verified": "true" }), Ok("a@x")),
            ("email", json!({ "email": "a@x", "email_verified": false }), Err(Refused::Unverified)),
            ("email", json!({ "email": "a@x", "email_verified": 1 }), Err(Refused::Unverified)),
            ("email", json!({ "email": "a@x" }), Err(Refused::Unverified)),
            ("email", json!({ "email_verified": true }), Err(Refused::Nameless)),
            ("email", json!({ "email": "", "email_verified": true }), Err(Refused::Nameless)),
            ("sub", json!({ "sub": "1", "email": "a@x" }), Ok("1")),
            ("preferred_username", json!({ "preferred_username": ["a"] }), Err(Refused::Nameless)),
        ] {
            let provider = Provider { issuers: vec![], clients: vec![], claim: claim.to_owned() };
            let found = provider.name(claims.as_object().unwrap());
            assert_eq!(found.as_deref().map_err(|refused| *refused), expected, "{claim} {claims}");
        }
    }
}
