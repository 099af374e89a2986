//! What an export has done so far: the copy of the Cell, the file and the list of its entries, in a draft of the
//! backend. The register knows the draft from when the copy is made, so the next process can go on with it.

use std::sync::Arc;

use saibo_archive::Standing;
use saibo_model::{Moment, Result};
use saibo_store::{SnapshotWriter, Store};

use super::out::Spool;
use crate::job::{Job, Phase, Progress, Work};
use crate::{Cell, Unit, archive, clock};

/// What an export writes into.
pub(super) struct Draft<'u> {
    unit: &'u Unit,
    stored: Box<dyn saibo_store::Draft>,
    /// The job that goes on with it if it is cut off.
    job: Option<&'u Job>,
    /// What is known of it, if it is gone on with.
    kept: Option<Work>,
    generation: String,
    created: i64,
}

impl<'u> Draft<'u> {
    /// A new one, which nobody goes on with.
    pub(super) fn alone(unit: &'u Unit, cell: &Cell) -> Result<Self> {
        let generation = cell.place().generation.to_string();
        let stored = unit.backend().draft(cell.id())?;
        Ok(Self { unit, stored, job: None, kept: None, generation, created: clock::now() })
    }

    /// A new one of a job.
    pub(super) fn of(unit: &'u Unit, cell: &Cell, job: &'u Job) -> Result<Self> {
        Ok(Self { job: Some(job), ..Self::alone(unit, cell)? })
    }

    /// The one that the job left when it was cut off, if it can be gone on with.
    pub(super) fn again(unit: &'u Unit, cell: &Cell, job: &'u Job) -> Result<Option<Self>> {
        let Some(work) = &job.work else { return Ok(None) };
        // Opened although it may be of no use: then it goes.
        let Some(stored) = unit.backend().draft_again(cell.id(), &work.draft)? else { return Ok(None) };
        let generation = cell.place().generation.to_string();
        let Some(created) = work.created.filter(|_| work.is_of(unit, &generation)) else { return Ok(None) };
        Ok(Some(Self { unit, stored, job: Some(job), kept: Some(work.clone()), generation, created }))
    }

    /// When the snapshot was begun, ms since 1970.
    pub(super) fn created(&self) -> i64 {
        self.created
    }

    /// Whether it is gone on with, and the moment that was marked for it then.
    pub(super) fn moment(&self) -> Option<Option<Moment>> {
        self.kept.as_ref().map(|work| work.moment.clone())
    }

    /// The copy of a store, of when the export was begun.
    pub(super) fn copy(&self, store: &dyn Store, progress: &Progress) -> Result<Arc<dyn Store>> {
        let copy = self.stored.copy(store, &mut |_done, _total| progress.check().is_ok());
        progress.check()?;
        Ok(copy?)
    }

    /// Has the next process go on with it, now that it has a copy.
    pub(super) fn keep(&self, moment: Option<&Moment>) -> Result<()> {
        let (Some(job), None) = (self.job, &self.kept) else { return Ok(()) };
        let work = Work {
            draft: self.stored.name().to_owned(),
            program: self.unit.settings().program.to_owned(),
            from: self.generation.clone(),
            created: Some(self.created),
            moment: moment.cloned(),
        };
        self.unit.jobs().keep_work(job, work)
    }

    /// The file and the list, and what stands of them: the file is behind that.
    pub(super) fn open(
        &self,
        progress: &Arc<Progress>,
    ) -> Result<(Box<dyn SnapshotWriter>, Spool, Option<Standing>)> {
        let (mut writer, mut list) = (self.stored.writer()?, self.stored.list()?);
        if self.kept.is_none() {
            return Ok((writer, list, None));
        }
        // What stands is counted as it is looked at, for that may take a while, and once more as it is passed over.
        progress.enter(Phase::Files);
        let tally = progress.tally();
        let mut file = progress.counting(writer.reader()?);
        let standing = saibo_archive::standing(&mut file, &mut list).map_err(archive::error)?;
        progress.reset();
        progress.take_up(tally);
        tracing::info!(bytes = standing.length(), "the export goes on where it was");
        writer.cut(standing.length())?;
        Ok((writer, list, Some(standing)))
    }

    /// Leaves it, if the job was stopped to be gone on with.
    pub(super) fn leave_if_stopped(&self, progress: &Progress) {
        if self.job.is_some()
            && progress.is_stopped()
            && let Err(error) = self.stored.leave()
        {
            tracing::warn!(%error, "the export that was stopped will begin anew");
        }
    }
}
