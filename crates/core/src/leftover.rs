//! What a crash may leave: data that the register does not name, because it was not to be seen yet, or because it was
//! to be removed.
//!
//! Whoever makes such data enters its Cell in a journal first (`Making`), and the entry goes in the transaction that
//! gives the data its place, or once the data has been removed. An entry that nobody works on any more says where to
//! look ([`clear`]): so a start need not look through all Cells, and does not even open those that it looks at.

use std::collections::{BTreeMap, HashMap};

use parking_lot::{Condvar, Mutex};
use saibo_model::{Id, Result};
use saibo_store::{Place, StoreExt as _, WriteTx};

use crate::{Unit, import, schedule, snapshot};

/// Scope of the register's values that are the journal: a Cell's id under a random name.
const SCOPE: &str = "making";

/// Who is making data now: what is being made is no leftover.
#[derive(Debug, Default)]
pub(crate) struct Makers {
    cells: Mutex<HashMap<Id, Activity>>,
    changed: Condvar,
}

#[derive(Debug)]
enum Activity {
    /// So many make data.
    Making(usize),
    /// Leftovers are looked for.
    Clearing,
}

impl Makers {
    fn enter(&self, cell: &Id) {
        let mut cells = self.cells.lock();
        loop {
            match cells.get_mut(cell) {
                Some(Activity::Clearing) => self.changed.wait(&mut cells),
                Some(Activity::Making(count)) => return *count += 1,
                None => {
                    cells.insert(cell.clone(), Activity::Making(1));
                    return;
                }
            }
        }
    }

    fn leave(&self, cell: &Id) {
        let mut cells = self.cells.lock();
        match cells.get_mut(cell) {
            Some(Activity::Making(count)) if *count > 1 => *count -= 1,
            _ => {
                cells.remove(cell);
            }
        }
        drop(cells);
        self.changed.notify_all();
    }

    /// Keeps makers out while leftovers are removed; `None` if one is at work.
    fn clear<'m>(&'m self, cell: &'m Id) -> Option<Clearing<'m>> {
        let mut cells = self.cells.lock();
        if cells.contains_key(cell) {
            return None;
        }
        cells.insert(cell.clone(), Activity::Clearing);
        Some(Clearing { makers: self, cell })
    }
}

struct Clearing<'m> {
    makers: &'m Makers,
    cell: &'m Id,
}

impl Drop for Clearing<'_> {
    fn drop(&mut self) {
        self.makers.leave(self.cell);
    }
}

/// Data of a Cell is being made, or removed. Dropped before its entry is removed, it leaves the entry, and what was
/// made is looked for.
pub(crate) struct Making<'u> {
    unit: &'u Unit,
    cell: Id,
    entry: Entry,
}

/// A line of the journal.
#[derive(Clone)]
pub(crate) struct Entry {
    name: String,
    cell: Id,
}

impl Entry {
    /// Writes it down.
    pub(crate) fn write(&self, tx: &mut dyn WriteTx) -> Result<()> {
        tx.set_value(SCOPE, &self.name, Some(self.cell.as_str()))
    }

    /// Removes it: the data has its place, or is gone.
    pub(crate) fn remove(&self, tx: &mut dyn WriteTx) -> Result<()> {
        tx.set_value(SCOPE, &self.name, None)
    }
}

impl<'u> Making<'u> {
    /// Says that data is going to be made: that is on disk when this returns.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn begin(unit: &'u Unit, cell: &Id) -> Result<Self> {
        let making = Self::planned(unit, cell);
        let entry = making.entry();
        unit.backend().register().write(move |tx| entry.write(tx))?;
        Ok(making)
    }

    /// The same, where the caller writes the entry in a transaction of its own.
    pub(crate) fn planned(unit: &'u Unit, cell: &Id) -> Self {
        unit.makers().enter(cell);
        let entry = Entry { name: Id::random().into(), cell: cell.clone() };
        Self { unit, cell: cell.clone(), entry }
    }

    /// Its entry.
    pub(crate) fn entry(&self) -> Entry {
        self.entry.clone()
    }

    /// Removes the entry in a transaction of its own.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn done(self) -> Result<()> {
        let entry = self.entry();
        self.unit.backend().register().write(move |tx| entry.remove(tx))
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.unit.makers().leave(&self.cell);
    }
}

/// Removes what was left of Cells that are in the journal and that nobody makes data of now. Where that fails, or
/// somebody does, it stays for the next time.
///
/// # Errors
/// The register's.
pub fn clear(unit: &Unit) -> Result<()> {
    for (cell, names) in journal(unit)? {
        if let Err(error) = clear_cell(unit, &cell, names) {
            tracing::warn!(%error, %cell, "what was left of a Cell could not be removed yet");
        }
    }
    Ok(())
}

/// The same for one Cell: an import needs the room that one which was cut off takes up.
///
/// # Errors
/// The store's.
pub(crate) fn clear_of(unit: &Unit, cell: &Id) -> Result<()> {
    journal(unit)?.remove(cell).map_or(Ok(()), |names| clear_cell(unit, cell, names))
}

/// The names of the entries, by Cell.
fn journal(unit: &Unit) -> Result<BTreeMap<Id, Vec<String>>> {
    let mut by_cell: BTreeMap<Id, Vec<String>> = BTreeMap::new();
    for (name, cell) in unit.backend().register().read(|tx| tx.values(SCOPE))? {
        by_cell.entry(Id::from(cell)).or_default().push(name);
    }
    Ok(by_cell)
}

fn clear_cell(unit: &Unit, cell: &Id, names: Vec<String>) -> Result<()> {
    let Some(_clearing) = unit.makers().clear(cell) else { return Ok(()) };
    scrub(unit, cell)?;
    unit.backend()
        .register()
        .write(move |tx| names.iter().try_for_each(|name| tx.set_value(SCOPE, name, None)))
}

/// Removes everything of a Cell that the register does not name.
fn scrub(unit: &Unit, cell: &Id) -> Result<()> {
    let Some(live) = unit.generation(cell)? else {
        // It was never entered, or it was deleted.
        unit.jobs().forget(cell)?;
        snapshot::forget_all(unit, cell)?;
        import::forget_all(unit, cell)?;
        schedule::forget_all(unit, cell)?;
        return Ok(unit.backend().remove_cell(cell)?);
    };
    // What is named now and not a moment later is removed by whoever changes that.
    let replaced = import::replaced(unit, cell)?;
    for generation in unit.backend().generations(cell)? {
        if generation != live && !replaced.iter().any(|one| one.generation == generation) {
            tracing::info!(%cell, generation, "removing data that was never in use");
            unit.backend().remove(&Place { cell: cell.clone(), generation })?;
        }
    }
    snapshot::scrub(unit, cell)
}
