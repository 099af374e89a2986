//! What this crate asks of a library for XML signatures, so that the library can be exchanged.

use crate::{Element, UnitKey};

/// Why a text is no assertion to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// Not an assertion of the expected form.
    #[error("not an assertion: {0}")]
    Malformed(&'static str),
    /// Nobody trusted signed it, or it was changed since.
    #[error("the assertion's signature is not valid: {0}")]
    Signature(String),
    /// It could not be signed.
    #[error("the assertion could not be signed: {0}")]
    Sign(String),
}

/// An assertion before anything about it is believed.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// The certificate that came with it, in DER.
    pub certificate: &'a [u8],
    /// The assertion.
    pub assertion: &'a Element,
}

/// Enveloped XML signatures (XML-DSig §2.1) over a whole document.
pub trait Signatures: Send + Sync {
    /// Signs a document: appends an enveloped signature (RSA-SHA256) to its root element.
    ///
    /// # Errors
    /// [`SamlError::Sign`].
    fn sign(&self, document: &str, key: &UnitKey) -> Result<String, SamlError>;

    /// Checks a signed document. `trust` looks at the certificate that came with it and answers with the public
    /// key (SubjectPublicKeyInfo in DER) to check with, or refuses.
    ///
    /// The answer is the root element without its signature, read from the very nodes that the signature covers.
    /// An implementation makes sure that there is one signature, a child of the root; that it has one reference,
    /// to the root; and that no transform leaves anything out but the signature. So nothing unsigned can be
    /// wrapped around or beside what was signed.
    ///
    /// # Errors
    /// [`SamlError::Malformed`] and [`SamlError::Signature`], and what `trust` answers.
    fn verify(
        &self,
        document: &str,
        trust: &dyn Fn(&Candidate<'_>) -> Result<Vec<u8>, SamlError>,
    ) -> Result<Element, SamlError>;
}
