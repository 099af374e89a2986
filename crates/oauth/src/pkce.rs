//! Proof Key for Code Exchange (RFC 7636), method S256 only: `plain` protects against nothing that TLS does not
//! (RFC 9700 §2.1.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The one method that is supported.
pub const METHOD: &str = "S256";

/// The challenge of a verifier (RFC 7636 §4.2).
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Whether a challenge has the form of S256: 43 characters of Base64url.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether a verifier has the form of RFC 7636 §4.1: 43 to 128 unreserved characters.
#[must_use]
pub fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// Whether the verifier belongs to the challenge (RFC 7636 §4.6).
#[must_use]
pub fn verify(verifier: &str, expected: &str) -> bool {
    is_verifier(verifier) && bool::from(challenge(verifier).as_bytes().ct_eq(expected.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636 appendix B.
    #[test]
    fn the_example_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(expected));
        assert!(verify(verifier, expected));
        assert!(!verify(&verifier[1..], &challenge(&verifier[1..])), "too short");
        assert!(!verify(&"a".repeat(129), &challenge(&"a".repeat(129))), "too long");
        assert!(!verify(verifier, verifier), "plain is not supported");
        assert!(!verify(&verifier.replace('d', "e"), expected));
    }
}
