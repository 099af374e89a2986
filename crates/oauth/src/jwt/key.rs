//! A Cell's key pair.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::choose_algorithms;
use super::claims::IdTokenClaims;

const BITS: usize = 2048;

/// What went wrong with a key. It never quotes it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not an RSA private key in PKCS#8, or one that contradicts itself.
    #[error("not a usable RSA private key: {0}")]
    Unusable(String),
    /// Signing failed.
    #[error("the key could not sign: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// A Cell's RSA key pair.
pub struct CellKey {
    id: String,
    private: RsaPrivateKey,
    signer: EncodingKey,
}

impl CellKey {
    /// Makes a new key pair, which takes a good part of a second. Done once for each Cell, when it first needs
    /// one, and off the async threads. `id` becomes the `kid`; the reference uses a UUID.
    ///
    /// # Errors
    /// Where the system has no random numbers to give.
    pub fn generate(id: impl Into<String>) -> Result<Self, KeyError> {
        Self::of(id.into(), RsaPrivateKey::new(&mut OsRng, BITS).map_err(unusable)?)
    }

    /// Reads a key pair from PKCS#8 (DER).
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_pkcs8(id: impl Into<String>, der: &[u8]) -> Result<Self, KeyError> {
        let private = RsaPrivateKey::from_pkcs8_der(der).map_err(unusable)?;
        private.validate().map_err(unusable)?;
        Self::of(id.into(), private)
    }

    /// Writes the key pair as PKCS#8 (DER), for the Cell's store.
    ///
    /// # Errors
    /// Where a key is too large for DER.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Ok(self.private.to_pkcs8_der().map_err(unusable)?.to_bytes())
    }

    /// The key's id, `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &RsaPublicKey {
        self.private.as_ref()
    }

    /// The public half as a JWK (RFC 7517 §4).
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let number = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        let (n, e) = (number(self.public().n().to_bytes_be()), number(self.public().e().to_bytes_be()));
        json!({ "kty": "RSA", "alg": "RS256", "kid": self.id, "n": n, "e": e })
    }

    /// Signs an id_token.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn sign_id_token(&self, claims: &IdTokenClaims) -> Result<String, KeyError> {
        self.sign(serde_json::to_string(claims).unwrap_or_default().as_bytes())
    }

    /// Signs any document, in the compact form (RFC 7515 §7.1). What `__sign` answers.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn sign(&self, payload: &[u8]) -> Result<String, KeyError> {
        let header = Header { typ: None, kid: Some(self.id.clone()), ..Header::new(Algorithm::RS256) };
        let header = serde_json::to_string(&header).unwrap_or_default();
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &self.signer, Algorithm::RS256)?;
        text.push('.');
        text.push_str(&signature);
        Ok(text)
    }

    fn of(id: String, private: RsaPrivateKey) -> Result<Self, KeyError> {
        choose_algorithms();
        let der = private.to_pkcs1_der().map_err(unusable)?;
        Ok(Self { id, signer: EncodingKey::from_rsa_der(der.as_bytes()), private })
    }
}

impl fmt::Debug for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CellKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The document of `__certs`: a JWK set (RFC 7517 §5).
#[must_use]
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a CellKey>) -> Value {
    json!({ "keys": keys.into_iter().map(CellKey::to_jwk).collect::<Vec<_>>() })
}

fn unusable(error: impl fmt::Display) -> KeyError {
    KeyError::Unusable(error.to_string())
}
