//! SAML 2.0 assertions: the tokens that cells of different units show each other (transcell tokens).
//!
//! A transcell token is an assertion signed with the unit's key, in Base64url. It says which Cell vouches
//! (`Issuer`), for whom (`NameID`), to which Cell (the first `Audience`), through which application (the second),
//! in which roles and for which scopes. The form is the reference's, so that units of both programs understand
//! each other. Clock, keys and trusted certificates are passed in.
//!
//! Making a token is [`Assertion::to_token`], reading one [`Assertion::from_token`]. What is read was covered by
//! the signature and by nothing else; whether it is addressed to the Cell and still counts is a second question,
//! [`Assertion::check`].

mod assertion;
mod bergshamra;
mod document;
mod key;
mod signature;
#[cfg(test)]
mod tests;
mod trust;
mod write;

pub use assertion::{Assertion, AssertionFault};
pub use bergshamra::Bergshamra;
pub use document::Element;
pub use key::{UnitKey, UnitKeyError};
pub use signature::{Candidate, SamlError, Signatures};
pub use trust::{AnchorError, Anchors};

/// Namespace of assertions.
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of signatures.
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
