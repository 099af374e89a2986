//! A schedule, as the register keeps it.

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::times::Times;
use crate::job::State;
use crate::{Unit, document};

/// Scope of the register's values that are schedules, by their Cell.
const SCOPE: &str = "schedule";

/// Scope of the values that say when each of them wants attention: all that a start reads, however long schedules are.
const DUE: &str = "due";

/// Scope of the values that are schedules of Cells which have moved.
const LAID_BY: &str = "schedule of moved";

/// A schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) plan: Plan,
    /// When the next run is due, ms since 1970.
    pub(super) next: i64,
    /// What came of it and was there when last looked at, the oldest first.
    #[serde(default)]
    pub(super) made: Vec<Made>,
    /// The run that has begun and is not settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) running: Option<Run>,
    /// How the last one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Last>,
    /// Whether the next one is whole, whatever there is.
    #[serde(default)]
    pub(super) whole_next: bool,
    /// The name of the last one that failed, which has left a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
}

/// A snapshot that came of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// Name of the file.
    pub(super) file: String,
    /// Where the backend has it: another file may get the name one day.
    pub(super) place: String,
    /// The place of the one that it is to be put over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// Name of the snapshot, without `.zip`.
    pub(super) name: String,
    /// Whether it is going to be encrypted.
    pub(super) is_sealed: bool,
    /// The place of its base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<String>,
    /// When it began, ms since 1970.
    pub(super) began: i64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Name of the snapshot, without `.zip`.
    pub name: String,
    /// When it began, ms since 1970.
    pub began: i64,
    /// When it was over, ms since 1970.
    pub ended: i64,
    /// Whether it was of what was changed since another.
    pub is_incremental: bool,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Well.
    Done,
    /// Somebody cancelled it.
    Cancelled,
    /// It failed, perhaps before it was a job.
    Failed {
        /// Code of the API.
        code: String,
        /// What was wrong.
        message: String,
    },
}

impl Outcome {
    /// Of a job that is over.
    pub(super) fn of(state: &State) -> Option<Self> {
        match state {
            State::Running => None,
            State::Done { .. } => Some(Self::Done),
            State::Cancelled { .. } => Some(Self::Cancelled),
            State::Failed { code, message, .. } => {
                Some(Self::Failed { code: code.clone(), message: message.clone() })
            }
        }
    }

    /// Of an error.
    pub(super) fn failed(error: &saibo_model::Error) -> Self {
        Self::Failed { code: error.code().code().to_owned(), message: error.message() }
    }

    /// In a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Run {
    /// How it ended.
    pub(super) fn ended(&self, ended: i64, outcome: Outcome) -> Last {
        let is_incremental = self.base.is_some();
        Last { name: self.name.clone(), began: self.began, ended, is_incremental, outcome }
    }
}

impl Record {
    pub(super) fn new(plan: Plan, next: i64) -> Self {
        Self { plan, next, made: Vec::new(), running: None, last: None, whole_next: false, failed: None }
    }

    /// The same with another plan. Whoever can decrypt what is to come may not be able to decrypt what was.
    pub(super) fn with(self, plan: Plan, next: i64) -> Self {
        let whole_next = self.whole_next || plan.recipients != self.plan.recipients;
        Self { plan, next, whole_next, ..self }
    }

    /// When the last run began.
    pub(super) fn began(&self) -> Option<i64> {
        let running = self.running.as_ref().map(|run| run.began);
        running.or(self.last.as_ref().map(|last| last.began))
    }

    /// When it wants attention: at once, as long as a run is not settled.
    fn due(&self) -> i64 {
        if self.running.is_some() { 0 } else { self.next }
    }

    /// Plans the next run after one that began then, unless it was planned anew meanwhile.
    pub(super) fn go_on(&mut self, began: i64, apart: i64) {
        if self.next <= began {
            // An expression that was taken has times for as long as anybody looks.
            self.next = self.following(began, apart).unwrap_or(i64::MAX);
        }
    }

    fn following(&self, began: i64, apart: i64) -> Option<i64> {
        Times::parse(&self.plan.cron).ok()?.next(began, apart)
    }

    /// When the next run is due, for who asks while one runs, too.
    pub(super) fn next_shown(&self, apart: i64) -> i64 {
        match &self.running {
            Some(run) if self.next <= run.began => self.following(run.began, apart).unwrap_or(self.next),
            _ => self.next,
        }
    }

    fn find(tx: &dyn ReadTx, cell: &Id) -> Result<Option<Self>> {
        tx.value(SCOPE, cell.as_str())?.map(|text| document::stored(&text)).transpose()
    }

    fn enter(&self, tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
        tx.set_value(SCOPE, cell.as_str(), Some(&self.text()?))?;
        tx.set_value(DUE, cell.as_str(), Some(&self.due().to_string()))
    }

    fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))
    }

    /// Keeps it for a Cell that moves, should that be taken back. Nobody runs it.
    pub(super) fn lay_by(&self, tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
        tx.set_value(LAID_BY, cell.as_str(), Some(&self.text()?))
    }

    /// What was kept of a Cell that had moved, and is not any longer.
    pub(super) fn take_up(tx: &mut dyn WriteTx, cell: &Id) -> Result<Option<Self>> {
        let kept = tx.read().value(LAID_BY, cell.as_str())?;
        tx.set_value(LAID_BY, cell.as_str(), None)?;
        kept.map(|text| document::stored(&text)).transpose()
    }
}

/// The schedule of a Cell.
pub(super) fn of(unit: &Unit, cell: &Id) -> Result<Option<Record>> {
    unit.backend().register().read(|tx| Record::find(tx, cell))
}

/// When each schedule wants attention.
pub(super) fn all_due(unit: &Unit) -> Result<Vec<(Id, i64)>> {
    let all = unit.backend().register().read(|tx| tx.values(DUE))?;
    // What cannot be read is looked at, which says what is wrong.
    Ok(all.into_iter().map(|(cell, due)| (Id::from(cell), due.parse().unwrap_or(0))).collect())
}

/// Changes the schedule of a Cell, and what is in memory of it with it: one at a time in a unit, so that the two
/// agree. Changes are rare, and take a commit of the register each.
pub(super) fn update<R: Send + 'static>(
    unit: &Unit,
    cell: &Id,
    work: impl FnOnce(&mut Option<Record>) -> Result<R> + Send + 'static,
) -> Result<R> {
    update_with(unit, cell, move |_, record| work(record))
}

/// The same, with more in the same transaction of the register.
pub(super) fn update_with<R: Send + 'static>(
    unit: &Unit,
    cell: &Id,
    work: impl FnOnce(&mut dyn WriteTx, &mut Option<Record>) -> Result<R> + Send + 'static,
) -> Result<R> {
    let mut due = unit.schedules().lock();
    let owner = cell.clone();
    let (at, result) = unit.backend().register().write(move |tx| {
        let mut record = Record::find(tx.read(), &owner)?;
        let was_there = record.is_some();
        let result = work(tx, &mut record)?;
        match &record {
            Some(record) => record.enter(tx, &owner)?,
            None if was_there => {
                tx.set_value(SCOPE, owner.as_str(), None)?;
                tx.set_value(DUE, owner.as_str(), None)?;
            }
            None => {}
        }
        Ok((record.map(|record| record.due()), result))
    })?;
    due.set(cell, at);
    Ok(result)
}
