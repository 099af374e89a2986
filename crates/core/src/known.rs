//! The Cells that were looked up lately, and how a look-up that a swap overtakes is found out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use saibo_model::{Document, Id};
use saibo_store::Place;

use crate::relocation::Moved;

/// More than this and all are forgotten: filling it again costs a few reads.
const KNOWN: usize = 4096;

/// What the register says of a Cell.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) document: Document,
    pub(crate) owner: Option<String>,
    pub(crate) url: String,
    pub(crate) place: Place,
    pub(crate) moved: Option<Moved>,
}

/// What the register says of Cells, by their names.
///
/// Whoever changes the register forgets the name *afterwards*. A look-up that read before the change and would
/// remember after the forgetting must not: it would bring back for good what has been replaced. So each forgetting
/// begins another epoch, and what was read in an older one is not kept, and not used either.
#[derive(Debug, Default)]
pub(crate) struct KnownCells(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    by_name: HashMap<String, Arc<Known>>,
}

impl KnownCells {
    /// What is known of a name, and the epoch in which it is.
    pub(crate) fn get(&self, name: &str) -> (u64, Option<Arc<Known>>) {
        let state = self.0.read();
        (state.epoch, state.by_name.get(name).cloned())
    }

    /// Whether nothing was forgotten since that epoch began.
    pub(crate) fn is_current(&self, epoch: u64) -> bool {
        self.0.read().epoch == epoch
    }

    /// Remembers what was read in an epoch, if that lasts.
    pub(crate) fn put(&self, epoch: u64, name: &str, known: Arc<Known>) {
        let mut state = self.0.write();
        if state.epoch != epoch {
            return;
        }
        if state.by_name.len() >= KNOWN {
            state.by_name.clear();
        }
        state.by_name.insert(name.to_owned(), known);
    }

    /// Forgets a name: what the register says of it has changed.
    pub(crate) fn forget(&self, name: &str) {
        let mut state = self.0.write();
        state.epoch += 1;
        state.by_name.remove(name);
    }

    /// Forgets a Cell, whatever its name is by now.
    pub(crate) fn forget_cell(&self, cell: &Id) {
        let mut state = self.0.write();
        state.epoch += 1;
        state.by_name.retain(|_, known| known.place.cell != *cell);
    }
}
