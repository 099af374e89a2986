//! Which ids there are, and which are named: as hashes under a key that is new each time, so that nobody can make ids
//! that collide.

use std::hash::{BuildHasher, Hash, RandomState};

use super::super::defects::Whence;
use super::hashes::Hashes;

/// How many are remembered: 33 MiB, and half as much again while room is made that was not foreseen. Of a snapshot with
/// more, links are not checked.
const REMEMBERED: usize = 3_600_000;

/// How many that were named before they came are remembered.
const AWAITED: usize = 500_000;

/// How something is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// In `l`.
    Parent(Whence),
    /// In `ll`.
    ToOne(Whence),
    /// In `t`.
    EntityType(Whence),
    /// By a line of the links.
    Link(u64),
}

/// The ids.
pub(super) struct Ids {
    key: RandomState,
    known: Hashes,
    awaited: Vec<(u64, Reference)>,
    /// Whether all fitted in.
    is_complete: bool,
}

impl Ids {
    /// For about so many.
    pub(super) fn of(count: u64) -> Self {
        let room = usize::try_from(count).unwrap_or(REMEMBERED);
        Self {
            key: RandomState::new(),
            known: Hashes::of(room, REMEMBERED),
            awaited: Vec::new(),
            is_complete: true,
        }
    }

    /// A number for something, another each time that there is a new [`Ids`].
    pub(super) fn hash(&self, what: impl Hash) -> u64 {
        self.key.hash_one(what)
    }

    /// Has the place of a hash fetched, for [`add`](Self::add) to find it in the cache.
    pub(super) fn fetch(&self, hash: u64) {
        self.known.fetch(hash);
    }

    /// Adds the hash of an id, or of whatever else there must be one of; false if it is there already.
    pub(super) fn add(&mut self, hash: u64) -> bool {
        if self.known.len() < REMEMBERED {
            return self.known.insert(hash);
        }
        self.is_complete = false;
        !self.known.contains(hash)
    }

    /// Whether something was added.
    pub(super) fn has(&self, what: impl Hash) -> bool {
        self.known.contains(self.key.hash_one(what))
    }

    /// Whether all fitted in.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Notes that an id is named.
    pub(super) fn name(&mut self, id: &str, how: Reference) {
        let hash = self.key.hash_one(id);
        if self.known.contains(hash) {
            return;
        }
        if self.awaited.len() < AWAITED {
            self.awaited.push((hash, how));
        } else {
            self.is_complete = false;
        }
    }

    /// What was named and is not there; `None` if that is not known.
    pub(super) fn missing(&self) -> Option<impl Iterator<Item = Reference>> {
        let missing = self.awaited.iter().filter(|(hash, _)| !self.known.contains(*hash));
        self.is_complete.then(|| missing.map(|(_, how)| *how))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_may_come_later() {
        let mut ids = Ids::of(0);
        let [a, pair, c] = [ids.hash("a"), ids.hash(("a", "b")), ids.hash("c")];
        assert!(ids.add(a) && !ids.add(a) && ids.add(pair));
        ids.name("a", Reference::Link(1));
        ids.name("c", Reference::Link(2));
        ids.name("d", Reference::Link(3));
        assert!(ids.add(c));
        assert_eq!(ids.missing().unwrap().collect::<Vec<_>>(), [Reference::Link(3)]);
    }
}
