//! The snapshots that a move takes over, which are there only as long as it lasts.
//!
//! Each is since the one that was imported last at the new place. They are told by their names, which begin with the
//! job's and are never used twice: so a move that was cut off finds what there is of them here and there, and the end
//! removes all.

use std::sync::Arc;

use saibo_model::{ErrorCode, Moment, Result};
use saibo_store::{SnapshotInfo, StoreExt as _};

use super::destination::{Destination, Go};
use crate::job::{Counts, Job, Part, Progress, Totals};
use crate::{Cell, Unit, export, snapshot};

/// How often a snapshot is sent before the move fails.
const TRIES: u32 = 3;

/// Snapshots since each other on their way.
pub(super) struct Parcels<'m> {
    pub(super) unit: &'m Unit,
    pub(super) cell: &'m Cell,
    pub(super) job: &'m Job,
    pub(super) destination: &'m dyn Destination,
    pub(super) progress: &'m Arc<Progress>,
    /// The number of the next one.
    next: u64,
    /// The name of the one that the Cell there has the content of, without `.zip`.
    live: Option<String>,
}

impl<'m> Parcels<'m> {
    pub(super) fn new(
        unit: &'m Unit,
        cell: &'m Cell,
        job: &'m Job,
        destination: &'m dyn Destination,
        progress: &'m Arc<Progress>,
    ) -> Result<Self> {
        let last = names(unit, job)?.last().and_then(|name| number(job, name));
        let next = last.map_or(0, |last| last + 1);
        Ok(Self { unit, cell, job, destination, progress, next, live: None })
    }

    /// Whether something of the Cell is there already.
    pub(super) fn has_begun(&self) -> bool {
        self.live.is_some()
    }

    /// Asks the other side what it has: the last one that was imported, as long as it can be a base. Whether that is
    /// still what is there shows when another is put over it.
    pub(super) fn look(&mut self) -> Result<()> {
        let prefix = prefix(self.job);
        let there = self.destination.imported(&prefix, &mut |_| go(self.progress))?;
        self.progress.check()?;
        self.live = there.filter(|name| export::find_base(self.unit, self.cell, name).is_ok());
        Ok(())
    }

    /// One that was made and never imported, and is good still.
    pub(super) fn undelivered(&self) -> Result<Option<String>> {
        let Some(name) = names(self.unit, self.job)?.pop() else { return Ok(None) };
        let info = self.info(&name)?;
        let base = info.identity.and_then(|identity| identity.base).map(|base| base.name);
        let is_next = base == self.live && self.live.as_ref() != Some(&name);
        Ok((is_next && export::find_base(self.unit, self.cell, &name).is_ok()).then_some(name))
    }

    /// Exports what was changed since what is there, or everything. `moment` was marked for it, if the Cell takes no
    /// writes.
    pub(super) fn export(&mut self, moment: Option<Moment>, share: u64) -> Result<String> {
        let name = format!("{}{}", prefix(self.job), self.next);
        self.next += 1;
        let part = Progress::part(Part::of(self.progress.clone(), share));
        export::parcel(self.unit, self.cell, &name, self.live.clone(), moment, &part)?;
        Ok(name)
    }

    /// How many rows and bytes were changed since what is there.
    pub(super) fn changed(&self) -> Result<(u64, u64)> {
        let name = self.live.as_ref().ok_or_else(|| ErrorCode::Unknown.with(["nothing was copied"]))?;
        let mark = self.info(name)?.mark.ok_or(ErrorCode::DataInconsistency)?;
        let changes = self.cell.store().read(|tx| tx.change_totals(&mark.moment))?;
        Ok((changes.documents + changes.links + changes.nodes + changes.removed, changes.bytes))
    }

    fn info(&self, name: &str) -> Result<SnapshotInfo> {
        snapshot::info(self.unit, self.cell.id(), &snapshot::file_name(name, false))
    }

    /// Whether one has arrived, as far as its name and length say. Were it another, what is put over it would be
    /// refused, for it names its base by a hash.
    pub(super) fn is_there(&self, name: &str) -> Result<bool> {
        let length = self.destination.length(&snapshot::file_name(name, false))?;
        Ok(length == Some(self.info(name)?.length))
    }

    /// Takes one to the other side.
    pub(super) fn send(&self, name: &str, share: u64) -> Result<()> {
        let file = snapshot::file_name(name, false);
        let part = Progress::part(Part::of(self.progress.clone(), share));
        let mut tried = 1;
        loop {
            let (info, content) = snapshot::open(self.unit, self.cell.id(), &file)?;
            part.set_totals(Totals { work: info.length, ..Totals::default() });
            let mut content = part.counting(content);
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

    /// Has one imported that was sent.
    pub(super) fn import(&mut self, name: &str, watch: &mut dyn FnMut(u64) -> Go) -> Result<Option<Counts>> {
        let content = self.destination.import(name, watch)?;
        self.live = Some(name.to_owned());
        Ok(content)
    }

    /// Removes all of them, here and there, at the end. What cannot be removed is told to the log: it does no harm.
    pub(super) fn remove(&self) {
        self.remove_there();
        remove_here(self.unit, self.job);
    }

    /// Has all be done from the beginning. Those that cannot be removed there now are known by those here, and by their
    /// numbers, which no other one may get.
    pub(super) fn begin_anew(&mut self) {
        self.live = None;
        if self.remove_there() {
            remove_here(self.unit, self.job);
        }
    }

    /// None goes before those that are to be put over it.
    fn remove_there(&self) -> bool {
        let removed = names(self.unit, self.job).and_then(|names| {
            let mut files = names.iter().rev().map(|name| snapshot::file_name(name, false));
            files.try_for_each(|file| self.destination.remove(&file))
        });
        if let Err(error) = &removed {
            tracing::warn!(%error, cell = self.job.cell_name, "snapshots of a move are left at the new place");
        }
        removed.is_ok()
    }
}

/// Whether a move goes on. One that stops with its unit leaves an import there alone: it is found again.
pub(super) fn go(progress: &Progress) -> Go {
    match progress.check() {
        Ok(()) => Go::On,
        Err(_) if progress.is_cancelled() => Go::Cancel,
        Err(_) => Go::Leave,
    }
}

/// How their names begin.
fn prefix(job: &Job) -> String {
    format!("{}_", job.name)
}

fn number(job: &Job, name: &str) -> Option<u64> {
    name.strip_prefix(&prefix(job))?.parse().ok()
}

/// The names of those of a move that are here, without `.zip`, in the order in which they were made.
pub(super) fn names(unit: &Unit, job: &Job) -> Result<Vec<String>> {
    let all = snapshot::list(unit, &job.cell.as_str().into())?;
    let mut found: Vec<(u64, String)> = all
        .iter()
        .filter_map(|info| snapshot::bare_name(&info.name))
        .filter_map(|(name, _)| Some((number(job, name)?, name.to_owned())))
        .collect();
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Removes those of a move that are here, the latest first. What cannot be removed is told to the log.
pub(super) fn remove_here(unit: &Unit, job: &Job) {
    let cell = job.cell.as_str().into();
    let removed = names(unit, job).and_then(|names| {
        names.iter().rev().try_for_each(|name| {
            match snapshot::delete(unit, &cell, &snapshot::file_name(name, false)) {
                Err(error) if error.code() != ErrorCode::ResourceNotFound => Err(error),
                _ => Ok(()),
            }
        })
    });
    if let Err(error) = removed {
        tracing::warn!(%error, cell = job.cell_name, "snapshots of a move could not be removed");
    }
}
