//! Secrets that a unit was given and has to keep for a while, such as the token with which a Cell is moved elsewhere.
//!
//! They are sealed as opaque tokens are, under keys of their own, for whoever keeps them: what was kept for one is
//! worthless to another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::keys::{KeyRing, Purpose};
use crate::token::{SealError, TokenError, open, seal};

/// Seals a secret for its keeper.
///
/// # Errors
/// Where the system has no random numbers to give.
pub fn seal_kept(ring: &KeyRing, keeper: &str, secret: &str) -> Result<String, SealError> {
    let mut bytes = Zeroizing::new(secret.as_bytes().to_vec());
    Ok(URL_SAFE_NO_PAD.encode(seal(ring, keeper, Purpose::Kept, &mut bytes)?))
}

/// Opens it.
///
/// # Errors
/// Where it was changed, is another keeper's, or was sealed with a secret that is gone.
pub fn open_kept(ring: &KeyRing, keeper: &str, sealed: &str) -> Result<Zeroizing<String>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| TokenError::Malformed)?;
    let mut bytes = Zeroizing::new(bytes);
    let (_, secret) = open(ring, keeper, Purpose::Kept, &mut bytes)?;
    let secret = std::str::from_utf8(secret).map_err(|_| TokenError::Malformed)?;
    Ok(Zeroizing::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::seal_cookie;

    #[test]
    fn a_secret_opens_for_its_keeper_only() {
        let ring = KeyRing::new([5; 32], 0);
        let sealed = seal_kept(&ring, "a", "a token").unwrap();
        assert_eq!(*open_kept(&ring, "a", &sealed).unwrap(), "a token");
        assert_eq!(*open_kept(&ring.rotated([6; 32], 1), "a", &sealed).unwrap(), "a token");
        assert!(open_kept(&ring, "b", &sealed).is_err());
        assert!(open_kept(&KeyRing::new([6; 32], 0), "a", &sealed).is_err());
        assert!(open_kept(&ring, "a", "").is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let opened = open_kept(&ring, "a", &changed);
            // The last character has bits that no byte has.
            assert!(opened.is_err(), "{at}: {opened:?}");
        }
        assert_ne!(sealed, seal_kept(&ring, "a", "a token").unwrap());
        assert!(open_kept(&ring, "a", &seal_cookie(&ring, "a", "p", "t").unwrap()).is_err());
    }
}
