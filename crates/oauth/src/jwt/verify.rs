//! Checking the id_tokens of others (OpenID Connect Core §3.1.3.7).

use std::fmt;
use std::str::FromStr as _;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::choose_algorithms;

/// Clocks of two servers may differ by so much, in seconds.
const LEEWAY: f64 = 60.0;

/// How long the modulus of an RSA key is in Base64url: 2048 bits at least, and no more than 8192, for checking a
/// signature takes the longer the larger it is.
const MODULUS: std::ops::RangeInclusive<usize> = 342..=1366;

/// What is wrong with an id_token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdTokenFault {
    /// It is none, or lacks something that each must have.
    #[error("this is no id token")]
    Malformed,
    /// It names a key that is not in the set, or one that may not sign in this way.
    #[error("its key is not known")]
    UnknownKey,
    /// The key did not sign it.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else made it.
    #[error("it is of another issuer")]
    Issuer,
    /// It was made for somebody else, or for somebody else as well.
    #[error("it was made for another client")]
    Audience,
    /// Its time is over.
    #[error("it is over")]
    Expired,
    /// Its time has not come.
    #[error("it is of the future")]
    NotYet,
    /// It was asked for in another session.
    #[error("its nonce is another one")]
    Nonce,
}

/// What an id_token has to say to be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who may have made it: the spellings of one issuer.
    pub issuers: &'a [String],
    /// The clients that it may be made for.
    pub clients: &'a [String],
    /// The nonce that it was asked for with; any, or none, where that is not known.
    pub nonce: Option<&'a str>,
}

/// The claims that are checked (RFC 7519 §4.1, OpenID Connect Core §2). A NumericDate may have a fraction.
#[derive(Deserialize)]
struct Checked {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Public keys, from a JWK set.
pub struct Keys(JwkSet);

impl Keys {
    /// Reads a JWK set (RFC 7517 §5).
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// The claims of an id_token, if one of these keys signed it and it is what is expected at `now` (ms since
    /// 1970). Only with public keys: an algorithm with a shared secret would make the public key that secret.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(
        &self,
        token: &str,
        expected: Expected<'_>,
        now: i64,
    ) -> Result<Map<String, Value>, IdTokenFault> {
        choose_algorithms();
        let header = jsonwebtoken::decode_header(token).map_err(|_| IdTokenFault::Malformed)?;
        // RFC 7515 §4.1.11: extensions that must be understood, and are not.
        if header.crit.is_some() {
            return Err(IdTokenFault::Malformed);
        }
        let key = DecodingKey::from_jwk(self.key_of(&header)?).map_err(|_| IdTokenFault::UnknownKey)?;
        let mut rules = Validation::new(header.alg);
        // The library would look at the clock itself; and which claims there are is looked at below.
        (rules.validate_exp, rules.validate_aud) = (false, false);
        rules.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &rules)
            .map_err(|_| IdTokenFault::Signature)?
            .claims;
        let checked = Checked::deserialize(&claims).map_err(|_| IdTokenFault::Malformed)?;
        checked.check(expected, now)?;
        Ok(claims)
    }

    /// The key that a token names. It may leave the name out where only one key comes into question (OpenID Connect
    /// Core §10.1).
    fn key_of(&self, header: &Header) -> Result<&Jwk, IdTokenFault> {
        let mut suitable = self.0.keys.iter().filter(|key| {
            let named = header.kid.is_none() || header.kid == key.common.key_id;
            named && may_sign(key, header.alg)
        });
        match (suitable.next(), suitable.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(IdTokenFault::UnknownKey),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.keys.iter().map(|key| &key.common.key_id);
        f.debug_list().entries(ids).finish()
    }
}

/// Whether a key is one to check signatures of this kind with.
fn may_sign(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm as A;
    let of_kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(rsa), A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512) => {
            MODULUS.contains(&rsa.n.len())
        }
        (AlgorithmParameters::EllipticCurve(ec), A::ES256) => ec.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(ec), A::ES384) => ec.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(_), A::EdDSA) => true,
        _ => false,
    };
    let for_signing =
        key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let named = KeyAlgorithm::from_str(&format!("{algorithm:?}")).ok();
    of_kind && for_signing && (key.common.key_algorithm.is_none() || key.common.key_algorithm == named)
}

impl Checked {
    fn check(&self, expected: Expected<'_>, now: i64) -> Result<(), IdTokenFault> {
        let is_client = |name: &String| expected.clients.contains(name);
        let for_clients = match &self.aud {
            Audience::One(one) => is_client(one),
            // Whoever else it was made for could pass it on, and whoever asked for it must be told (steps 3 and 4).
            Audience::Many(many) => {
                !many.is_empty() && many.iter().all(is_client) && (many.len() == 1 || self.azp.is_some())
            }
        };
        let now = now as f64 / 1000.0;
        if self.sub.is_empty() {
            Err(IdTokenFault::Malformed)
        } else if !expected.issuers.contains(&self.iss) {
            Err(IdTokenFault::Issuer)
        } else if !for_clients || !self.azp.as_ref().is_none_or(is_client) {
            Err(IdTokenFault::Audience)
        } else if now >= self.exp + LEEWAY {
            Err(IdTokenFault::Expired)
        } else if self.iat.max(self.nbf.unwrap_or(self.iat)) > now + LEEWAY {
            Err(IdTokenFault::NotYet)
        } else if expected.nonce.is_some_and(|nonce| self.nonce.as_deref() != Some(nonce)) {
            Err(IdTokenFault::Nonce)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
