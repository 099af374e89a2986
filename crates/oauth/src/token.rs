//! Opaque tokens: what a Cell gives out and later reads back itself.
//!
//! A token is its prefix and, in Base64url without padding, a header, the sealed claims and the tag of
//! AES-256-GCM. The header holds the id of the secret, four bytes of the issuer's hash and the nonce; it is
//! authenticated but readable, so that a token of another Cell is told from a damaged one. The prefix chooses
//! the key: a refresh token relabelled as an access token does not open.

mod claims;
mod codec;
#[cfg(test)]
mod tests;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Nonce, Tag};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::{KeyRing, Purpose, RandomError, random};

pub use claims::{CONFIDENTIAL, Claims, CodeBinding, Origin};

/// Lifetime of an access token where none was asked for, and the longest, in seconds (API page 293).
pub const ACCESS_LIFETIME: u32 = 3600;
/// Lifetime of a refresh token where none was asked for, and the longest, in seconds (API page 293).
pub const REFRESH_LIFETIME: u32 = 86_400;
/// Lifetime of an authorization code in seconds (RFC 6749 §4.1.2 advises ten minutes at most).
pub const CODE_LIFETIME: u32 = 600;

/// Longer texts are not looked at. A visitor with a thousand roles stays below it.
const MAX_TEXT: usize = 128 * 1024;

const TAG_OF_ISSUER: std::ops::Range<usize> = 1..5;
const NONCE: std::ops::Range<usize> = 5..17;
const HEADER: usize = 17;
const GCM_TAG: usize = 16;

/// The kinds of opaque tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `AR~`: access for an Account of this Cell.
    ResidentAccess,
    /// `RR~`: its refresh token.
    ResidentRefresh,
    /// `AV~`: access for somebody of another Cell.
    VisitorAccess,
    /// `RV~`: its refresh token.
    VisitorRefresh,
    /// `AP~`: allows changing one's own password and nothing else.
    PasswordChange,
    /// `AU~`: a unit user, known to this unit only. Its issuer is the unit.
    UnitUser,
    /// `GC~`: an authorization code.
    Code,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::ResidentAccess,
        Self::ResidentRefresh,
        Self::VisitorAccess,
        Self::VisitorRefresh,
        Self::PasswordChange,
        Self::UnitUser,
        Self::Code,
    ];

    /// What its texts begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ResidentAccess => "AR~",
            Self::ResidentRefresh => "RR~",
            Self::VisitorAccess => "AV~",
            Self::VisitorRefresh => "RV~",
            Self::PasswordChange => "AP~",
            Self::UnitUser => "AU~",
            Self::Code => "GC~",
        }
    }

    /// The kind that a text claims to be. A text without a known prefix may be a transcell token (SAML).
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }

    /// Whether it is a refresh token.
    #[must_use]
    pub fn is_refresh(self) -> bool {
        matches!(self, Self::ResidentRefresh | Self::VisitorRefresh)
    }

    /// Whether its issuer is the unit and not a Cell.
    #[must_use]
    pub fn is_of_unit(self) -> bool {
        self == Self::UnitUser
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::ResidentAccess => Purpose::ResidentAccess,
            Self::ResidentRefresh => Purpose::ResidentRefresh,
            Self::VisitorAccess => Purpose::VisitorAccess,
            Self::VisitorRefresh => Purpose::VisitorRefresh,
            Self::PasswordChange => Purpose::PasswordChange,
            Self::UnitUser => Purpose::UnitUser,
            Self::Code => Purpose::Code,
        }
    }
}

/// Why a token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There was no nonce to be had.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The cipher refused, which it does for claims of many GiB only.
    #[error("the claims could not be sealed")]
    Cipher,
}

/// Why a text is no token that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token, damaged, forged, or sealed with a secret that is gone.
    #[error("not a token")]
    Malformed,
    /// It looks like a token of another issuer.
    #[error("a token of another issuer")]
    WrongIssuer,
    /// Genuine, but over.
    #[error("the token has expired")]
    Expired,
}

/// A token that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// What it says.
    pub claims: Claims,
    id: [u8; 12],
}

impl Token {
    /// Makes the text of a token.
    ///
    /// # Errors
    /// Where the system has no random numbers for the nonce.
    pub fn seal(kind: TokenKind, claims: &Claims, ring: &KeyRing) -> Result<String, SealError> {
        let mut payload = Vec::with_capacity(192);
        codec::write(claims, &mut payload);
        let bytes = seal(ring, &claims.issuer, kind.purpose(), &mut payload)?;
        let mut text = String::with_capacity(3 + bytes.len().div_ceil(3) * 4);
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
        Ok(text)
    }

    /// Reads a token that `issuer` (the Cell's URL, or the unit's for [`TokenKind::UnitUser`]) gave out, at the
    /// time `now` (ms since 1970).
    ///
    /// # Errors
    /// Where it is no token, not of this issuer, or over.
    pub fn parse(text: &str, ring: &KeyRing, issuer: &str, now: i64) -> Result<Self, TokenError> {
        let kind = TokenKind::of(text).ok_or(TokenError::Malformed)?;
        let body = text.get(kind.prefix().len()..).ok_or(TokenError::Malformed)?;
        if body.len() > MAX_TEXT {
            return Err(TokenError::Malformed);
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Malformed)?;
        let (id, payload) = open(ring, issuer, kind.purpose(), &mut bytes)?;
        let claims = codec::read(payload, issuer).ok_or(TokenError::Malformed)?;
        if claims.is_expired(now) {
            return Err(TokenError::Expired);
        }
        Ok(Self { kind, claims, id })
    }

    /// What tells this token from every other: Base64url of its nonce.
    #[must_use]
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.id)
    }
}

/// Seals a payload under the key of an issuer and purpose: header, sealed payload, tag.
pub(crate) fn seal(
    ring: &KeyRing,
    issuer: &str,
    purpose: Purpose,
    payload: &mut [u8],
) -> Result<Vec<u8>, SealError> {
    let keys = ring.issuer(issuer);
    let cipher = keys.cipher(ring, ring.current_id(), purpose).ok_or(SealError::Cipher)?;
    let nonce = Nonce::from(random::<12>()?);
    let mut bytes = Vec::with_capacity(HEADER + payload.len() + GCM_TAG);
    bytes.push(ring.current_id());
    bytes.extend_from_slice(&keys.tag());
    bytes.extend_from_slice(&nonce);
    let tag = cipher
        .encrypt_inout_detached(&nonce, &bytes, (&mut *payload).into())
        .map_err(|_| SealError::Cipher)?;
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&tag);
    Ok(bytes)
}

/// Opens in place what [`seal`] made: the nonce and the payload.
pub(crate) fn open<'a>(
    ring: &KeyRing,
    issuer: &str,
    purpose: Purpose,
    bytes: &'a mut [u8],
) -> Result<([u8; 12], &'a [u8]), TokenError> {
    let keys = ring.issuer(issuer);
    let (header, sealed) = bytes.split_at_mut_checked(HEADER).ok_or(TokenError::Malformed)?;
    let end = sealed.len().checked_sub(GCM_TAG).ok_or(TokenError::Malformed)?;
    let (payload, tag) = sealed.split_at_mut(end);
    if header[TAG_OF_ISSUER] != keys.tag() {
        return Err(TokenError::WrongIssuer);
    }
    let cipher = keys.cipher(ring, header[0], purpose).ok_or(TokenError::Malformed)?;
    let tag: &Tag = (&*tag).try_into().map_err(|_| TokenError::Malformed)?;
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&header[NONCE]);
    let opened = cipher.decrypt_inout_detached(&Nonce::from(nonce), header, (&mut *payload).into(), tag);
    opened.map_err(|_| TokenError::Malformed)?;
    Ok((nonce, payload))
}
