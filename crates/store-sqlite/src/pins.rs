//! Who needs contents that no node refers to yet, or any more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cell::OpenCell;

/// The pins of one open Cell. Its lock is held for moments only and never while waiting for the store: a
/// pin may be dropped inside a transaction.
#[derive(Default)]
pub(crate) struct Pins {
    each: HashMap<[u8; 32], usize>,
    all: usize,
    /// Forgotten by the store, their files not yet removed. Whoever writes such a content anew takes it out.
    pub(crate) doomed: HashSet<[u8; 32]>,
}

impl Pins {
    /// Whether nothing may be swept.
    pub(crate) fn holds_all(&self) -> bool {
        self.all > 0
    }

    /// The contents that may not be swept.
    pub(crate) fn hashes(&self) -> Vec<[u8; 32]> {
        self.each.keys().copied().collect()
    }

    fn count(&mut self, hash: Option<&[u8; 32]>) -> &mut usize {
        match hash {
            Some(hash) => self.each.entry(*hash).or_insert(0),
            None => &mut self.all,
        }
    }
}

/// Holds one content, or all. It keeps the Cell open, and so the knowledge of what is held.
pub(crate) struct Pin {
    cell: Arc<OpenCell>,
    hash: Option<[u8; 32]>,
}

impl Pin {
    /// With `None`, holds everything.
    pub(crate) fn new(cell: Arc<OpenCell>, hash: Option<[u8; 32]>) -> Self {
        *cell.pins.lock().count(hash.as_ref()) += 1;
        Self { cell, hash }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.cell.pins.lock();
        let count = pins.count(self.hash.as_ref());
        *count -= 1;
        if *count == 0
            && let Some(hash) = &self.hash
        {
            pins.each.remove(hash);
        }
    }
}
