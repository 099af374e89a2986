//! id_tokens: what they say, and checking those of others.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use super::choose_algorithms;

/// Clocks of two servers may differ by so much, in seconds.
const LEEWAY: i64 = 60;

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

    /// The claims of an id_token, if one of these keys signed it (RS256 only) for this audience and it counts at
    /// `now` (ms since 1970). `iss` is compared where `issuer` is given.
    #[must_use]
    pub fn verify(
        &self,
        token: &str,
        issuer: Option<&str>,
        audience: &str,
        now: i64,
    ) -> Option<IdTokenClaims> {
        choose_algorithms();
        let header = jsonwebtoken::decode_header(token).ok()?;
        let jwk = self.0.find(header.kid.as_deref()?)?;
        let mut rules = Validation::new(Algorithm::RS256);
        // The library would look at the clock itself.
        rules.validate_exp = false;
        rules.required_spec_claims = ["exp", "aud", "iss", "sub"].map(str::to_owned).into();
        rules.set_audience(&[audience]);
        if let Some(issuer) = issuer {
            rules.set_issuer(&[issuer]);
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let claims = jsonwebtoken::decode::<IdTokenClaims>(token, &key, &rules).ok()?.claims;
        let seconds = now.div_euclid(1000);
        let counts =
            seconds < claims.exp.saturating_add(LEEWAY) && claims.iat <= seconds.saturating_add(LEEWAY);
        counts.then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::super::{CellKey, key_set};
    use super::*;

    const NOW: i64 = 1_795_478_486_984;

    fn claims() -> IdTokenClaims {
        let seconds = NOW / 1000;
        IdTokenClaims {
            iss: "https://u.example/alice/".into(),
            sub: "alice".into(),
            aud: "https://app.example/".into(),
            exp: seconds + 3600,
            iat: seconds,
            nonce: None,
        }
    }

    /// One key for all, as making one is slow.
    #[test]
    fn signing_and_checking() {
        let key = CellKey::generate("086e85bf-cd62-4e44-b131-3b9ca280db82").unwrap();
        let key = CellKey::from_pkcs8(key.id(), &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(format!("{key:?}"), "CellKey { id: \"086e85bf-cd62-4e44-b131-3b9ca280db82\", .. }");

        let set = key_set([&key]);
        let jwk = &set["keys"][0];
        let names: Vec<_> = jwk.as_object().unwrap().keys().collect();
        assert_eq!(names, ["kty", "alg", "kid", "n", "e"], "as recorded for __certs");
        assert_eq!((&jwk["e"], jwk["n"].as_str().unwrap().len()), (&json!("AQAB"), 342));

        let keys = Keys::parse(&set.to_string()).unwrap();
        let token = key.sign_id_token(&claims()).unwrap();
        let verify = |token: &str, now| {
            keys.verify(token, Some("https://u.example/alice/"), "https://app.example/", now)
        };
        assert_eq!(verify(&token, NOW), Some(claims()));
        assert_eq!(verify(&token, NOW + 3_700_000), None, "over");
        assert_eq!(verify(&token, NOW - 100_000), None, "not yet");
        assert_eq!(keys.verify(&token, Some("https://u.example/bob/"), "https://app.example/", NOW), None);
        assert_eq!(keys.verify(&token, None, "https://other.example/", NOW), None);
        assert_eq!(
            Keys::parse(r#"{"keys":[]}"#).unwrap().verify(&token, None, "https://app.example/", NOW),
            None
        );

        let tied = IdTokenClaims { nonce: Some("n".into()), ..claims() };
        assert_eq!(verify(&key.sign_id_token(&tied).unwrap(), NOW), Some(tied));

        let parts: Vec<_> = token.split('.').collect();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        assert_eq!(header, json!({"alg": "RS256", "kid": key.id()}));
        let other = IdTokenClaims { sub: "bob".into(), ..claims() };
        let other = URL_SAFE_NO_PAD.encode(serde_json::to_string(&other).unwrap());
        assert_eq!(verify(&format!("{}.{other}.{}", parts[0], parts[2]), NOW), None);
        for alg in ["none", "HS256", "RS512"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": key.id()}).to_string());
            assert_eq!(verify(&format!("{header}.{}.{}", parts[1], parts[2]), NOW), None, "{alg}");
        }

        let signed = key.sign(b"example_text").unwrap();
        let parts: Vec<_> = signed.split('.').collect();
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), b"example_text");
        assert!(CellKey::from_pkcs8("x", b"no key").is_err());
    }
}
