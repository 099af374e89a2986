//! Whether a store has changed, without a look into it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The last number that was given out, to any store.
static LAST: AtomicU64 = AtomicU64::new(0);

/// What a store has for [`Store::stamp`](crate::Store::stamp): a number for the state that it is in. No other state of
/// it has it, nor any of another store, nor of the same one when it is opened again.
#[derive(Debug)]
pub struct Stamp(AtomicU64);

impl Stamp {
    /// Of a store that was just opened.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU64::new(next()))
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Makes it another one: after a commit can be seen, and before anybody hears of it.
    pub fn renew(&self) {
        self.0.store(next(), Ordering::Release);
    }
}

impl Default for Stamp {
    fn default() -> Self {
        Self::new()
    }
}

fn next() -> u64 {
    LAST.fetch_add(1, Ordering::AcqRel) + 1
}
