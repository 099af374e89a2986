//! When schedules want attention: in memory, by time.
//!
//! A time and an id for each schedule, read once from the register: some 200 bytes each, so 10,000 take 2 MB. So a tick
//! with nothing due looks at one entry, reads nothing and opens no Cell, however many there are.

use std::collections::{BTreeSet, HashMap};

use parking_lot::{Mutex, MutexGuard};
use saibo_model::{Id, Result};

use super::record;
use crate::Unit;
use crate::job::Running;

/// The schedules of a unit.
#[derive(Default)]
pub(crate) struct Schedules {
    due: Mutex<Due>,
    ticking: Mutex<()>,
}

impl Schedules {
    pub(super) fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock()
    }

    /// One tick at a time.
    pub(super) fn tick(&self) -> MutexGuard<'_, ()> {
        self.ticking.lock()
    }
}

/// What is in memory of them.
#[derive(Default)]
pub(super) struct Due {
    is_loaded: bool,
    by_time: BTreeSet<(i64, Id)>,
    times: HashMap<Id, i64>,
    /// Runs that are waited for.
    pub(super) watched: HashMap<Id, Running>,
}

impl Due {
    /// Reads them, once. Nobody can change one meanwhile, for that takes the lock that this is behind.
    pub(super) fn load(&mut self, unit: &Unit) -> Result<()> {
        if !self.is_loaded {
            for (cell, at) in record::all_due(unit)? {
                self.set(&cell, Some(at));
            }
            self.is_loaded = true;
        }
        Ok(())
    }

    /// Looks at a schedule at that time, or at none of it any more.
    pub(super) fn set(&mut self, cell: &Id, at: Option<i64>) {
        if let Some(before) = self.times.remove(cell) {
            self.by_time.remove(&(before, cell.clone()));
        }
        if let Some(at) = at {
            self.times.insert(cell.clone(), at);
            self.by_time.insert((at, cell.clone()));
        }
    }

    /// Waits for a run.
    pub(super) fn watch(&mut self, cell: &Id, running: Running) {
        self.set(cell, None);
        self.watched.insert(cell.clone(), running);
    }

    /// The one that wants attention first, if it does by now.
    pub(super) fn first(&self, now: i64) -> Option<Id> {
        self.by_time.first().filter(|(at, _)| *at <= now).map(|(_, cell)| cell.clone())
    }

    /// When the first one will.
    pub(super) fn next(&self) -> Option<i64> {
        self.by_time.first().map(|(at, _)| *at)
    }
}
