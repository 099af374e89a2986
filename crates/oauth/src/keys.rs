//! The keys that tokens are sealed with: one 32-byte secret of the unit, from which a key for each purpose and
//! issuer is derived with HKDF (RFC 5869).
//!
//! A key for each Cell keeps the number of random nonces under one AES-GCM key far below the limit of NIST
//! SP 800-38D §8.3, and makes a token of one Cell worthless at another. A ring holds the secret that seals
//! new tokens and the older ones that still open what they sealed, so that a secret can be replaced while
//! sessions live on. The ring never changes; replacing a secret makes a new ring.

mod cache;
mod file;

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

pub use file::KeyFileError;

/// Length of a secret in bytes.
pub const SECRET_LEN: usize = 32;

/// How many older secrets a ring keeps. Refresh tokens live for a day, so more than these few serve nobody.
const MAX_OLD: usize = 7;

/// Names this derivation, so that no other use of the same secret can arrive at the same keys.
const SALT: &[u8] = b"saibo token keys 1";

/// The system's source of random numbers failed.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random numbers: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// What a derived key is for. The label goes into the derivation: what was sealed for one purpose never opens
/// for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    ResidentAccess,
    ResidentRefresh,
    VisitorAccess,
    VisitorRefresh,
    PasswordChange,
    UnitUser,
    Code,
    Cookie,
    Kept,
}

impl Purpose {
    pub(crate) const COUNT: usize = 9;

    fn label(self) -> &'static [u8] {
        match self {
            Self::ResidentAccess => b"resident access",
            Self::ResidentRefresh => b"resident refresh",
            Self::VisitorAccess => b"visitor access",
            Self::VisitorRefresh => b"visitor refresh",
            Self::PasswordChange => b"password change",
            Self::UnitUser => b"unit user",
            Self::Code => b"code",
            Self::Cookie => b"cookie",
            Self::Kept => b"kept secret",
        }
    }
}

#[derive(Clone)]
struct MasterKey {
    id: u8,
    created: i64,
    secret: Zeroizing<[u8; SECRET_LEN]>,
}

impl MasterKey {
    /// `None` only for an output of more than 255 blocks, which this is not.
    fn cipher(&self, purpose: Purpose, issuer: &str) -> Option<Aes256Gcm> {
        let mut key = Zeroizing::new([0_u8; 32]);
        let expansion = Hkdf::<Sha256>::new(Some(SALT), self.secret.as_slice());
        expansion.expand_multi_info(&[purpose.label(), b"\0", issuer.as_bytes()], key.as_mut_slice()).ok()?;
        Some(Aes256Gcm::new((&*key).into()))
    }
}

/// The unit's token keys.
pub struct KeyRing {
    /// The first seals; all of them open.
    masters: Vec<MasterKey>,
    cache: cache::Cache,
}

impl KeyRing {
    /// A ring of one secret, made at `created` (ms since 1970).
    #[must_use]
    pub fn new(secret: [u8; SECRET_LEN], created: i64) -> Self {
        Self::of(vec![MasterKey { id: 1, created, secret: Zeroizing::new(secret) }])
    }

    /// A ring of one random secret.
    ///
    /// # Errors
    /// Where the system has no random numbers to give.
    pub fn generate(created: i64) -> Result<Self, RandomError> {
        Ok(Self::new(random()?, created))
    }

    /// A ring in which `secret` seals and the secrets of this ring still open. The oldest one goes when there
    /// are too many.
    #[must_use]
    pub fn rotated(&self, secret: [u8; SECRET_LEN], created: i64) -> Self {
        let mut id = self.current_id().wrapping_add(1);
        while self.position(id).is_some() {
            id = id.wrapping_add(1);
        }
        let mut masters = vec![MasterKey { id, created, secret: Zeroizing::new(secret) }];
        masters.extend(self.masters.iter().take(MAX_OLD).cloned());
        Self::of(masters)
    }

    /// As [`rotated`](Self::rotated), with a random secret.
    ///
    /// # Errors
    /// Where the system has no random numbers to give.
    pub fn rotated_at_random(&self, created: i64) -> Result<Self, RandomError> {
        Ok(self.rotated(random()?, created))
    }

    /// A ring without the secrets that have not sealed anything since a moment: the next one was there by then.
    #[must_use]
    pub fn without_retired_before(&self, moment: i64) -> Self {
        let retired = std::iter::once(i64::MAX).chain(self.masters.iter().map(|next| next.created));
        let kept = self.masters.iter().zip(retired).filter(|(_, retired)| *retired >= moment);
        Self::of(kept.map(|(master, _)| master.clone()).collect())
    }

    /// Since when the current secret seals, in ms since 1970.
    #[must_use]
    pub fn current_since(&self) -> i64 {
        self.masters.first().map_or(0, |master| master.created)
    }

    /// The id of the secret that seals.
    #[must_use]
    pub fn current_id(&self) -> u8 {
        self.masters.first().map_or(0, |master| master.id)
    }

    /// The ids of all secrets, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = u8> + '_ {
        self.masters.iter().map(|master| master.id)
    }

    fn of(masters: Vec<MasterKey>) -> Self {
        Self { masters, cache: cache::Cache::new() }
    }

    fn position(&self, id: u8) -> Option<usize> {
        self.masters.iter().position(|master| master.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ids", &self.ids().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_distinct_over_many_rotations() {
        let mut ring = KeyRing::new([1; 32], 0);
        for created in 1..600 {
            ring = ring.rotated([created as u8; 32], created);
            let mut ids: Vec<_> = ring.ids().collect();
            assert_eq!(ids.len(), (created as usize + 1).min(MAX_OLD + 1));
            assert_eq!(ids[0], ring.current_id());
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), (created as usize + 1).min(MAX_OLD + 1));
        }
    }

    #[test]
    fn secrets_that_no_longer_seal_are_dropped_but_never_the_current_one() {
        let ring = KeyRing::new([1; 32], 10).rotated([2; 32], 20).rotated([3; 32], 30);
        assert_eq!(ring.without_retired_before(25).ids().collect::<Vec<_>>(), [3, 2]);
        assert_eq!(ring.without_retired_before(99).ids().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", KeyRing::new([0xAB; 32], 0)), "KeyRing { ids: [1], .. }");
    }
}
