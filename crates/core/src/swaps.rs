//! Which Cells' stores are being replaced, taken away or handed over: one at a time for each Cell.

use std::collections::HashSet;

use parking_lot::{Condvar, Mutex};
use saibo_model::Id;

/// The Cells whose live generation somebody may change.
#[derive(Debug, Default)]
pub(crate) struct Swaps {
    held: Mutex<HashSet<Id>>,
    released: Condvar,
}

impl Swaps {
    /// Keeps everybody else from changing a Cell's.
    pub(crate) fn hold(&self, cell: &Id) -> Held<'_> {
        let mut held = self.held.lock();
        self.released.wait_while(&mut held, |held| held.contains(cell));
        held.insert(cell.clone());
        Held { swaps: self, cell: cell.clone() }
    }

    /// Waits until nobody does.
    pub(crate) fn wait(&self, cell: &Id) {
        let mut held = self.held.lock();
        self.released.wait_while(&mut held, |held| held.contains(cell));
    }
}

/// The right to change the live generation of a Cell.
#[derive(Debug)]
pub(crate) struct Held<'s> {
    swaps: &'s Swaps,
    cell: Id,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.swaps.held.lock().remove(&self.cell);
        self.swaps.released.notify_all();
    }
}
