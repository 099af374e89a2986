//! Whom to believe: certificates that the unit's operator pinned.
//!
//! A certificate is believed if it is pinned itself, or if a pinned one issued it; there are no longer chains.
//! Beyond that it must be in its time and speak for the assertion's issuer: its name (CN or a DNS name of
//! SubjectAlternativeName) is the host of the issuer's URL or a domain above it, because with one host for each
//! Cell the unit's name stands above the Cells'. The unit's own certificate belongs among the pins, since Cells
//! of one unit show each other these tokens too.

use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::{Sha256, Sha384, Sha512};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha1::Sha1;
use url::Url;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::SamlError;

/// NIST SP 800-131A: shorter keys no longer count.
const MIN_BITS: usize = 2048;

/// A certificate cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate with an RSA key of {MIN_BITS} bits or more")]
pub struct AnchorError;

/// Pinned certificates.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    pins: Vec<Vec<u8>>,
    allow_sha1: bool,
}

impl Anchors {
    /// No certificates.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Pins a certificate (DER).
    ///
    /// # Errors
    /// Where it is none that could ever be used.
    pub fn pin(&mut self, der: impl Into<Vec<u8>>) -> Result<(), AnchorError> {
        let der = der.into();
        let usable = parse(&der).and_then(|certificate| key(&certificate)).is_some();
        if !usable {
            return Err(AnchorError);
        }
        self.pins.push(der);
        Ok(())
    }

    /// Believes certificates that a pinned one signed with SHA-1, which can be forged by whoever may ask its
    /// owner for certificates. Units of the reference that keep its sample certificate need it.
    pub fn allow_sha1(&mut self, allow: bool) {
        self.allow_sha1 = allow;
    }

    /// The public key (SubjectPublicKeyInfo in DER) of a certificate, if it is to be believed about `issuer` at
    /// `now` (ms since 1970).
    ///
    /// # Errors
    /// [`SamlError::Signature`].
    pub fn public_key(&self, der: &[u8], issuer: &str, now: i64) -> Result<Vec<u8>, SamlError> {
        let refuse = |why: &str| SamlError::Signature(why.to_owned());
        let certificate = parse(der).ok_or_else(|| refuse("the certificate cannot be read"))?;
        key(&certificate).ok_or_else(|| refuse("the certificate's key is not RSA of 2048 bits or more"))?;
        if !in_time(&certificate, now) {
            return Err(refuse("the certificate is not in its time"));
        }
        if !speaks_for(&certificate, issuer) {
            return Err(refuse("the certificate is not the issuer's"));
        }
        let pinned = self.pins.iter().any(|pin| pin == der || self.issued(pin, &certificate, now));
        if !pinned {
            return Err(refuse("nobody trusted issued the certificate"));
        }
        Ok(certificate.public_key().raw.to_vec())
    }

    fn issued(&self, pin: &[u8], certificate: &X509Certificate<'_>, now: i64) -> bool {
        let Some(pin) = parse(pin) else { return false };
        // Version 1 certificates have no constraints; in version 3 whoever is not a CA issues nothing.
        let may_issue = match pin.basic_constraints() {
            Ok(Some(constraints)) => constraints.value.ca,
            Ok(None) => pin.tbs_certificate.version.0 == 0,
            Err(_) => false,
        };
        may_issue
            && in_time(&pin, now)
            && pin.subject().as_raw() == certificate.issuer().as_raw()
            && key(&pin).is_some_and(|key| self.signed(key, certificate))
    }

    fn signed(&self, key: RsaPublicKey, certificate: &X509Certificate<'_>) -> bool {
        let Ok(signature) = Signature::try_from(certificate.signature_value.data.as_ref()) else {
            return false;
        };
        let message = certificate.tbs_certificate.as_ref();
        let algorithm = &certificate.signature_algorithm.algorithm;
        let verified = if *algorithm == oid::OID_PKCS1_SHA256WITHRSA {
            VerifyingKey::<Sha256>::new(key).verify(message, &signature)
        } else if *algorithm == oid::OID_PKCS1_SHA384WITHRSA {
            VerifyingKey::<Sha384>::new(key).verify(message, &signature)
        } else if *algorithm == oid::OID_PKCS1_SHA512WITHRSA {
            VerifyingKey::<Sha512>::new(key).verify(message, &signature)
        } else if *algorithm == oid::OID_PKCS1_SHA1WITHRSA && self.allow_sha1 {
            VerifyingKey::<Sha1>::new(key).verify(message, &signature)
        } else {
            return false;
        };
        verified.is_ok()
    }
}

/// Whether a certificate is in its time at `now` (ms since 1970) and may speak for an issuer's URL, whoever issued
/// it.
pub(crate) fn is_good_for(der: &[u8], issuer: &str, now: i64) -> bool {
    parse(der).is_some_and(|certificate| in_time(&certificate, now) && speaks_for(&certificate, issuer))
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der)
        .ok()
        .filter(|(rest, _)| rest.is_empty())
        .map(|(_, certificate)| certificate)
}

fn key(certificate: &X509Certificate<'_>) -> Option<RsaPublicKey> {
    let key = RsaPublicKey::from_public_key_der(certificate.public_key().raw).ok()?;
    (key.n().bits() >= MIN_BITS).then_some(key)
}

fn in_time(certificate: &X509Certificate<'_>, now: i64) -> bool {
    let validity = certificate.validity();
    let seconds = now.div_euclid(1000);
    validity.not_before.timestamp() <= seconds && seconds <= validity.not_after.timestamp()
}

fn speaks_for(certificate: &X509Certificate<'_>, issuer: &str) -> bool {
    let Some(host) = Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase))
    else {
        return false;
    };
    let covers = |name: &str| {
        let name = name.trim_start_matches("*.").to_ascii_lowercase();
        !name.is_empty() && (host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')))
    };
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.iter().flat_map(|names| &names.value.general_names);
    let dns = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    common.chain(dns).any(covers)
}
