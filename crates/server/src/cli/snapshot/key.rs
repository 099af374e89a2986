//! Public keys on the command line.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;

/// An Ed25519 public key, as `saibo snapshot show` prints it: 32 bytes in Base64url, or in Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct PublicKey(pub(in crate::cli) VerifyingKey);

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim().trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok();
        bytes
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok())
            .map(Self)
            .ok_or_else(|| "not an Ed25519 public key: 32 bytes in Base64url".to_owned())
    }
}

/// A key as [`PublicKey`] reads it.
pub(super) fn to_text(key: &VerifyingKey) -> String {
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(to_text(&key).parse(), Ok(PublicKey(key)));
        assert!("abc".parse::<PublicKey>().is_err());
    }
}
