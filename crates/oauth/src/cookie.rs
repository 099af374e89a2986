//! The cookie `p_cookie`, which stands in for the `Authorization` header of browsers (API page 293).
//!
//! It holds an access token and a peer, a random text that only the page learns and must repeat in
//! `?p_cookie_peer=`. A foreign site can make the browser send the cookie but not the peer, so the cookie alone
//! gives nothing. The pair is sealed, so that whoever reads the cookie learns neither.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::keys::{KeyRing, Purpose};
use crate::token::{SealError, TokenError, open, seal};

/// Name of the cookie.
pub const NAME: &str = "p_cookie";
/// Query parameter that carries the peer.
pub const PEER: &str = "p_cookie_peer";

const SEPARATOR: char = '\t';

/// The cookie's value. `scope` is what it is bound to (the cell's URL): opened anywhere else it is worthless.
///
/// # Errors
/// Where the system has no random numbers to give.
pub fn seal_cookie(ring: &KeyRing, scope: &str, peer: &str, token: &str) -> Result<String, SealError> {
    let mut pair = format!("{peer}{SEPARATOR}{token}").into_bytes();
    Ok(URL_SAFE_NO_PAD.encode(seal(ring, scope, Purpose::Cookie, &mut pair)?))
}

/// The access token in a cookie, if the peer is the one that it was made with. The token itself is still to be
/// checked.
///
/// # Errors
/// Where the cookie was changed, belongs elsewhere, or the peer is another.
pub fn open_cookie(ring: &KeyRing, scope: &str, peer: &str, value: &str) -> Result<String, TokenError> {
    let (made_with, token) = open_pair(ring, scope, value)?;
    if bool::from(made_with.as_bytes().ct_eq(peer.as_bytes())) {
        Ok(token)
    } else {
        Err(TokenError::Malformed)
    }
}

/// The access token in a cookie, whatever its peer: for the authorization endpoint, which a browser comes to
/// without one (API page 292). Whoever calls this must keep foreign sites from profiting.
///
/// # Errors
/// Where the cookie was changed or belongs elsewhere.
pub fn open_cookie_without_peer(ring: &KeyRing, scope: &str, value: &str) -> Result<String, TokenError> {
    open_pair(ring, scope, value).map(|(_, token)| token)
}

fn open_pair(ring: &KeyRing, scope: &str, value: &str) -> Result<(String, String), TokenError> {
    let mut bytes = URL_SAFE_NO_PAD.decode(value).map_err(|_| TokenError::Malformed)?;
    let (_, pair) = open(ring, scope, Purpose::Cookie, &mut bytes)?;
    let pair = std::str::from_utf8(pair).map_err(|_| TokenError::Malformed)?;
    let (peer, token) = pair.split_once(SEPARATOR).ok_or(TokenError::Malformed)?;
    Ok((peer.to_owned(), token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_opens_with_its_peer_at_its_cell_only() {
        let ring = KeyRing::new([5; 32], 0);
        let value = seal_cookie(&ring, "https://u.example/a/", "peer-1", "AR~token").unwrap();
        assert_eq!(open_cookie(&ring, "https://u.example/a/", "peer-1", &value).unwrap(), "AR~token");
        assert!(open_cookie(&ring, "https://u.example/a/", "peer-2", &value).is_err());
        assert!(open_cookie(&ring, "https://u.example/a/", "", &value).is_err());
        assert!(open_cookie(&ring, "https://u.example/b/", "peer-1", &value).is_err());
        assert!(open_cookie(&ring, "https://u.example/a/", "peer-1", &value[1..]).is_err());
        assert!(open_cookie(&ring, "https://u.example/a/", "peer-1", "").is_err());
    }
}
