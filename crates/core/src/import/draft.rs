//! How far an import is that is cut off, and how the next process goes on with it.
//!
//! What it has built lies in a draft of the backend, which keeps it from time to time together with the [`State`]. The
//! register says which draft it is, from when the snapshot has been compared with its manifest: that is not done again.

use std::collections::HashMap;

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::Builder;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::defects::Whence;
use crate::job::{Job, Progress, Tally, Work};
use crate::{Cell, Unit, document};

/// What is read of a snapshot, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Documents, by the index of their kind.
    Documents(usize),
    /// Links.
    Links,
    /// Collections and files.
    Tree,
    /// Everything has been read and checked.
    Checked,
}

/// How far in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Which snapshot of it, from 0.
    pub(super) snapshot: usize,
    /// What of that.
    pub(super) stage: Stage,
    /// How many of those have been read.
    pub(super) done: u64,
}

impl Position {
    /// Where it begins.
    pub(super) const START: Self = Self { snapshot: 0, stage: Stage::Documents(0), done: 0 };
}

/// What is to be known to go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) at: Position,
    /// By OData collection: the Box that its documents say it is in, and which said so first.
    pub(super) boxes: HashMap<Id, (String, Whence)>,
    /// The collections on the way to where the walk through the tree is.
    pub(super) folders: Vec<(String, i64)>,
    pub(super) tally: Tally,
}

/// The draft of an import.
pub(super) struct Draft<'d> {
    unit: &'d Unit,
    job: &'d Job,
    /// What the import reads.
    from: String,
    /// Work that was done when it was kept for the last time.
    kept_at: u64,
}

impl<'d> Draft<'d> {
    /// Of a job's import of a chain; none where that cannot be gone on with. What is put over what is live is begun
    /// anew: that is little, and the Cell may have changed.
    pub(super) fn of(unit: &'d Unit, job: &'d Job, chain: &Chain) -> Option<Self> {
        let can = !chain.is_over_live() && !chain.has_secret();
        can.then(|| Self { unit, job, from: chain.places(), kept_at: 0 })
    }

    /// What the job built before it was cut off, if it can be gone on with.
    pub(super) fn again(
        &mut self,
        cell: &Cell,
        progress: &Progress,
    ) -> Result<Option<(Box<dyn Builder>, State)>> {
        let Some(work) = &self.job.work else { return Ok(None) };
        // Opened although it may be of no use: then it goes.
        let Some((builder, state)) = self.unit.backend().build_again(cell.id(), &work.draft)? else {
            return Ok(None);
        };
        if !work.is_of(self.unit, &self.from) {
            return Ok(None);
        }
        let state: State = document::stored(&state)?;
        progress.take_up(state.tally);
        self.kept_at = state.tally.work;
        tracing::info!(cell = self.job.cell_name, at = ?state.at, "the import goes on where it was");
        Ok(Some((builder, state)))
    }

    /// Has the next process go on with what is built.
    pub(super) fn enter(&self, builder: &dyn Builder) -> Result<()> {
        let work = Work {
            draft: builder.name().to_owned(),
            program: self.unit.settings().program.to_owned(),
            from: self.from.clone(),
            created: None,
            moment: None,
        };
        self.unit.jobs().keep_work(self.job, work)
    }

    /// Whether enough has been done since for it to be kept again.
    pub(super) fn is_due(&self, progress: &Progress) -> bool {
        progress.tally().work >= self.kept_at + self.unit.settings().checkpoint_each
    }

    /// Keeps what is built so far.
    pub(super) fn keep(&mut self, builder: &mut dyn Builder, state: &State) -> Result<()> {
        let text = serde_json::to_string(state)
            .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        builder.checkpoint(&text)?;
        self.kept_at = state.tally.work;
        Ok(())
    }
}

/// Leaves what is built, if the job was stopped to be gone on with.
pub(super) fn leave_if_stopped(builder: Box<dyn Builder>, progress: &Progress) {
    if progress.is_stopped()
        && let Err(error) = builder.leave()
    {
        tracing::warn!(%error, "the import that was stopped will begin anew");
    }
}
