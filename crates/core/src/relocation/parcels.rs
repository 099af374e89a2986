//! The snapshots that a move takes over, which are there only as long as it lasts.

use saibo_model::{ErrorCode, Moment, Result};
use saibo_store::StoreExt as _;

use super::Destination;
use crate::job::{Job, Part, Progress};
use crate::{Cell, Unit, export, snapshot};

/// How often a snapshot is sent before the move fails.
const TRIES: u32 = 3;

/// Snapshots since each other on their way.
pub(super) struct Parcels<'m> {
    pub(super) unit: &'m Unit,
    pub(super) cell: &'m Cell,
    pub(super) job: &'m Job,
    pub(super) destination: &'m dyn Destination,
    pub(super) progress: &'m std::sync::Arc<Progress>,
    /// Names of those that were made, without `.zip`.
    made: Vec<String>,
}

impl<'m> Parcels<'m> {
    pub(super) fn new(
        unit: &'m Unit,
        cell: &'m Cell,
        job: &'m Job,
        destination: &'m dyn Destination,
        progress: &'m std::sync::Arc<Progress>,
    ) -> Self {
        Self { unit, cell, job, destination, progress, made: Vec::new() }
    }

    /// The name of the next one.
    fn next(&mut self) -> (String, Option<String>) {
        let since = self.made.last().cloned();
        let name = format!("{}_{}", self.job.name, self.made.len());
        self.made.push(name.clone());
        (name, since)
    }

    /// Exports what was changed since the last one, or everything. `moment` was marked for it, if the Cell takes no
    /// writes.
    pub(super) fn export(&mut self, moment: Option<Moment>, share: u64) -> Result<String> {
        let (name, since) = self.next();
        let part = Progress::part(Part::of(self.progress.clone(), share));
        export::parcel(self.unit, self.cell, &name, since, moment, &part)?;
        Ok(name)
    }

    /// How many rows and bytes were changed since the last one.
    pub(super) fn changed(&self) -> Result<(u64, u64)> {
        let name = self.made.last().ok_or_else(|| ErrorCode::Unknown.with(["nothing was copied"]))?;
        let info = snapshot::info(self.unit, self.cell.id(), &snapshot::file_name(name, false))?;
        let mark = info.mark.ok_or(ErrorCode::DataInconsistency)?;
        let changes = self.cell.store().read(|tx| tx.change_totals(&mark.moment))?;
        Ok((changes.documents + changes.links + changes.nodes + changes.removed, changes.bytes))
    }

    /// Takes one to the other side.
    pub(super) fn send(&self, name: &str, share: u64) -> Result<()> {
        let file = snapshot::file_name(name, false);
        let part = Progress::part(Part::of(self.progress.clone(), share));
        let mut tried = 1;
        loop {
            let (info, content) = snapshot::open(self.unit, self.cell.id(), &file)?;
            let mut content = part.counting(content, info.length);
            match self.destination.send(&file, &mut content, info.length) {
                Err(error) if error.code() == ErrorCode::Network && tried < TRIES => {
                    self.progress.check()?;
                    tracing::info!(%error, cell = self.cell.name(), "a snapshot is sent again");
                    tried += 1;
                }
                sent => {
                    self.progress.check()?;
                    return sent;
                }
            }
        }
    }

    /// Removes all of them, here and there. What cannot be removed is told to the log: it does no harm.
    pub(super) fn remove(&self) {
        // None goes before those that are to be put over it.
        for name in self.made.iter().rev() {
            let file = snapshot::file_name(name, false);
            let gone = |removed: Result<()>| match removed {
                Err(error) if error.code() != ErrorCode::ResourceNotFound => Some(error),
                _ => None,
            };
            let here = gone(snapshot::delete(self.unit, self.cell.id(), &file));
            let there = gone(self.destination.remove(&file));
            for error in [here, there].into_iter().flatten() {
                tracing::warn!(%error, file, "a snapshot of a move could not be removed");
            }
        }
    }
}

/// Removes those of a move that a crash came into.
pub(super) fn remove_all(unit: &Unit, job: &Job) -> Result<()> {
    let cell = job.cell.as_str().into();
    let prefix = format!("{}_", job.name);
    let mut left: Vec<String> = snapshot::list(unit, &cell)?.into_iter().map(|info| info.name).collect();
    left.retain(|name| name.starts_with(&prefix));
    // By number, the latest first: none goes before those that are to be put over it.
    left.sort_by_key(|name| std::cmp::Reverse((name.len(), name.clone())));
    for name in left {
        snapshot::delete(unit, &cell, &name)?;
    }
    Ok(())
}
