//! Tokens that Cells show each other, of this unit or another: SAML assertions, signed with the unit's key.

use std::fmt;

use saibo_model::{Error, ErrorCode, Result};
use saibo_saml::{Anchors, Assertion, SamlError, Signatures, UnitKey};

/// What the unit signs assertions with, and whose it believes.
pub struct Transcell {
    key: UnitKey,
    anchors: Anchors,
    signatures: Box<dyn Signatures>,
}

impl Transcell {
    /// With the unit's key. Its own certificate is trusted beside those of the anchors.
    ///
    /// # Errors
    /// Where the unit's own certificate is none that could be trusted.
    pub fn new(key: UnitKey, mut anchors: Anchors, signatures: impl Signatures + 'static) -> Result<Self> {
        anchors.pin(key.certificate()).map_err(|e| Error::from(ErrorCode::RootCaCertificate).because(e))?;
        Ok(Self { key, anchors, signatures: Box::new(signatures) })
    }

    /// The unit's certificate in DER: what other units are to trust.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.key.certificate()
    }

    /// The token of an assertion.
    ///
    /// # Errors
    /// Where it could not be signed.
    pub fn seal(&self, assertion: &Assertion) -> Result<String> {
        assertion
            .to_token(self.signatures.as_ref(), &self.key)
            .map_err(|e| Error::from(ErrorCode::Unknown).because(e))
    }

    /// Reads a token that a Cell of this unit or a trusted one made. Whether it counts here is still to be asked.
    ///
    /// # Errors
    /// Why it is none.
    pub fn open(&self, token: &str, now: i64) -> Result<Assertion, SamlError> {
        Assertion::from_token(token, self.signatures.as_ref(), &self.anchors, now)
    }
}

impl fmt::Debug for Transcell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcell").finish_non_exhaustive()
    }
}
