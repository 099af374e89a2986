//! Derived keys, kept for the Cells that are busy.
//!
//! Deriving a key and expanding its AES schedule costs about as much as several checks of a token, so both are
//! kept. The number of issuers kept is bounded: a unit has more Cells than memory should hold keys for, and an
//! issuer that was dropped is only derived again.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use aes_gcm::Aes256Gcm;
use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::{KeyRing, Purpose};

const SHARDS: usize = 16;
const ISSUERS_PER_SHARD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// How many bytes of the issuer's hash a token shows.
pub(crate) const TAG_LEN: usize = 4;

/// Boxed, because most slots stay empty.
type Slots = [OnceLock<Box<Aes256Gcm>>; Purpose::COUNT];

/// The keys of one issuer, each derived when first used.
pub(crate) struct IssuerKeys {
    issuer: Box<str>,
    tag: [u8; TAG_LEN],
    by_master: Box<[Slots]>,
}

impl IssuerKeys {
    fn new(issuer: &str, masters: usize) -> Self {
        let hash = Sha256::digest(issuer.as_bytes());
        let mut tag = [0; TAG_LEN];
        tag.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        let by_master = (0..masters).map(|_| std::array::from_fn(|_| OnceLock::new())).collect();
        Self { issuer: issuer.into(), tag, by_master }
    }

    /// What a token shows of its issuer, to tell a token of another Cell from a damaged one.
    pub(crate) fn tag(&self) -> [u8; TAG_LEN] {
        self.tag
    }

    /// The cipher of a purpose under the secret of that id, if the ring still has it.
    pub(crate) fn cipher(&self, ring: &KeyRing, id: u8, purpose: Purpose) -> Option<&Aes256Gcm> {
        let position = ring.position(id)?;
        let master = ring.masters.get(position)?;
        let slot = self.by_master.get(position)?.get(purpose as usize)?;
        if let Some(cipher) = slot.get() {
            return Some(cipher);
        }
        let cipher = Box::new(master.cipher(purpose, &self.issuer)?);
        Some(slot.get_or_init(|| cipher))
    }
}

pub(super) struct Cache {
    shards: [Mutex<LruCache<Box<str>, Arc<IssuerKeys>>>; SHARDS],
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::new(LruCache::new(ISSUERS_PER_SHARD))) }
    }
}

impl KeyRing {
    /// The keys of an issuer.
    pub(crate) fn issuer(&self, issuer: &str) -> Arc<IssuerKeys> {
        let mut shard = self.cache.shards[shard_of(issuer)].lock();
        if let Some(keys) = shard.get(issuer) {
            return Arc::clone(keys);
        }
        let keys = Arc::new(IssuerKeys::new(issuer, self.masters.len()));
        shard.put(issuer.into(), Arc::clone(&keys));
        keys
    }
}

/// FNV-1a over the end of the URL, where Cells of one unit differ. It only spreads the locks.
fn shard_of(issuer: &str) -> usize {
    let end = issuer.bytes().rev().take(16);
    let hash = end
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 32) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_kept_issuers_is_bounded() {
        let ring = KeyRing::new([7; 32], 0);
        for n in 0..10_000 {
            ring.issuer(&format!("https://unit.example/cell{n}/"));
        }
        let kept: usize = ring.cache.shards.iter().map(|shard| shard.lock().len()).sum();
        assert_eq!(kept, SHARDS * ISSUERS_PER_SHARD.get());
    }
}
