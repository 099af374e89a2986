//! A set of hashes, in one piece of memory: eight bytes each, and a fifth more that stays free.
//!
//! What is added has hardly ever to do with what was added before, so each time another place in memory is waited for.
//! Here that is one place, and it can be known, and [fetched](Hashes::fetch), beforehand.

use std::hint::black_box;

/// What stands where there is none.
const FREE: u64 = 0;

/// The set.
pub(super) struct Hashes {
    /// Each hash stands at its place, which is in the order of hashes, or after it at the next that was free.
    slots: Vec<u64>,
    count: usize,
    most: usize,
}

impl Hashes {
    /// With room for so many. It grows if there are more, up to `most`: for those alone that is the right size.
    pub(super) fn of(count: usize, most: usize) -> Self {
        let count = count.min(most);
        Self { slots: vec![FREE; count + count / 5 + 8], count: 0, most }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds a hash; false if it is there already.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        if self.count + self.count / 5 + 8 > self.slots.len() {
            self.grow();
        }
        let (at, is_there) = self.find(hash);
        if !is_there {
            self.slots[at] = some(hash);
            self.count += 1;
        }
        !is_there
    }

    /// Whether a hash is there.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.find(hash).1
    }

    /// Reads where a hash would be, which makes nobody wait for it.
    pub(super) fn fetch(&self, hash: u64) {
        black_box(self.slots[self.place(some(hash))]);
    }

    fn place(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize
    }

    /// Where a hash is, or where it would be put.
    fn find(&self, hash: u64) -> (usize, bool) {
        let hash = some(hash);
        let mut at = self.place(hash);
        loop {
            match self.slots[at] {
                FREE => return (at, false),
                other if other == hash => return (at, true),
                _ => at = if at + 1 == self.slots.len() { 0 } else { at + 1 },
            }
        }
    }

    fn grow(&mut self) {
        let (room, most) = (2 * self.count, self.most.max(self.count + 1));
        let before = std::mem::replace(self, Self::of(room, most));
        for hash in before.slots.into_iter().filter(|hash| *hash != FREE) {
            self.insert(hash);
        }
    }
}

/// A hash that can be told from none.
fn some(hash: u64) -> u64 {
    hash.max(FREE + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn it_has_what_was_added_whatever_room_there_was() {
        // Spread over all places, at the ends, and all at one place.
        let spread = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for hash in [spread, |number| u64::MAX - number % 700, |number| number / 2, |number| number << 40] {
            for room in [0, 10, 1000, 4000] {
                let (mut hashes, mut expected) = (Hashes::of(room, 900), HashSet::new());
                for number in 0..1000 {
                    let hash = hash(number);
                    hashes.fetch(hash);
                    assert_eq!(hashes.contains(hash), expected.contains(&some(hash)));
                    assert_eq!(hashes.insert(hash), expected.insert(some(hash)), "{hash:x}");
                    assert_eq!(hashes.len(), expected.len());
                }
                for number in 0..2000 {
                    assert_eq!(hashes.contains(hash(number)), expected.contains(&some(hash(number))));
                }
            }
        }
    }
}
