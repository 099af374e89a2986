//! The unit's RSA key and its certificate.

use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyIdMethod, PublicKeyData,
    SerialNumber, SignatureAlgorithm, SigningKey,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey};
use rsa::rand_core::{OsRng, RngCore};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

const BITS: usize = 2048;
/// A common name has at most 64 characters (RFC 5280 appendix A).
const MAX_COMMON_NAME: usize = 64;

/// What is wrong with a unit's key. It never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitKeyError {
    /// The host cannot be written into a certificate.
    #[error("no certificate can be made for this host name: {0}")]
    Host(String),
    /// The key cannot be read or used.
    #[error("not a usable RSA private key in PKCS#8: {0}")]
    Key(String),
    /// The certificate cannot be read, or belongs to another key.
    #[error("the certificate cannot be read or belongs to another key")]
    Certificate,
}

/// The unit's key pair, which signs for all its Cells.
pub struct UnitKey {
    pkcs8: Zeroizing<Vec<u8>>,
    certificate: Vec<u8>,
}

impl UnitKey {
    /// Makes a key pair and a certificate that it signs itself, valid from `now` (ms since 1970) for so many
    /// days. Takes a good part of a second. Other units pin the certificate; the reference takes it as a root
    /// certificate (`io.personium.core.x509.root`).
    ///
    /// # Errors
    /// Where no certificate can be made.
    pub fn generate(host: &str, now: i64, days: u16) -> Result<Self, UnitKeyError> {
        let unusable = |error: &dyn fmt::Display| UnitKeyError::Key(error.to_string());
        let private = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| unusable(&error))?;
        let pkcs8 = private.to_pkcs8_der().map_err(|error| unusable(&error))?.to_bytes();
        let public = private.to_public_key().to_pkcs1_der().map_err(|error| unusable(&error))?.into_vec();
        let certificate =
            self_signed(host, now, days, &Rsa { signer: pkcs1v15::SigningKey::new(private), public })?;
        Ok(Self { pkcs8, certificate })
    }

    /// Takes a key (PKCS#8 in DER) and its certificate (DER).
    ///
    /// # Errors
    /// Where either cannot be read, or they do not belong together.
    pub fn from_parts(pkcs8: Zeroizing<Vec<u8>>, certificate: Vec<u8>) -> Result<Self, UnitKeyError> {
        let private =
            RsaPrivateKey::from_pkcs8_der(&pkcs8).map_err(|error| UnitKeyError::Key(error.to_string()))?;
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| UnitKeyError::Certificate)?;
        let public = rsa::RsaPublicKey::from_public_key_der(parsed.public_key().raw);
        if public.ok() != Some(private.to_public_key()) {
            return Err(UnitKeyError::Certificate);
        }
        Ok(Self { pkcs8, certificate })
    }

    /// The key, PKCS#8 in DER. Whoever has it speaks for every Cell of the unit.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The certificate in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Whether the certificate is good for a unit of that URL at `now` (ms since 1970). It is not any more when the
    /// unit has got another host name.
    #[must_use]
    pub fn is_good_for(&self, unit_url: &str, now: i64) -> bool {
        crate::trust::is_good_for(&self.certificate, unit_url, now)
    }
}

impl fmt::Debug for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitKey(…)")
    }
}

fn self_signed(host: &str, now: i64, days: u16, key: &Rsa) -> Result<Vec<u8>, UnitKeyError> {
    let refuse = |error: &dyn fmt::Display| UnitKeyError::Host(error.to_string());
    let start = OffsetDateTime::from_unix_timestamp(now.div_euclid(1000)).map_err(|error| refuse(&error))?;
    if host.is_empty() || host.len() > MAX_COMMON_NAME {
        return Err(refuse(&"it must have 1 to 64 characters"));
    }
    let mut params = CertificateParams::new([host.to_owned()]).map_err(|error| refuse(&error))?;
    let mut serial = [0_u8; 16];
    OsRng.fill_bytes(&mut serial);
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = start;
    params.not_after = start + Duration::days(days.into());
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host);
    // It issues itself, and nothing below it.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_identifier_method = KeyIdMethod::PreSpecified(Sha256::digest(&key.public)[..20].to_vec());
    Ok(params.self_signed(key).map_err(|error| refuse(&error))?.der().to_vec())
}

/// Lets rcgen sign with this key instead of bringing a cryptographic library of its own.
struct Rsa {
    signer: pkcs1v15::SigningKey<Sha256>,
    public: Vec<u8>,
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Rsa {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signer.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?.to_vec())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key to sign certificates with.
    pub(crate) fn rsa() -> impl SigningKey {
        let private = RsaPrivateKey::new(&mut OsRng, BITS).unwrap();
        let public = private.to_public_key().to_pkcs1_der().unwrap().into_vec();
        Rsa { signer: pkcs1v15::SigningKey::new(private), public }
    }
}
