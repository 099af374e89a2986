//! What a schedule does.

use saibo_archive::Lock;
use saibo_model::{ErrorCode, Result};
use saibo_store::StoreExt as _;
use serde::{Deserialize, Serialize};

use crate::export::{self, MOST_IN_CHAIN};
use crate::selection::{self, CellsOwn, Selection};
use crate::{Cell, archive};

/// The most snapshots that are kept: a year of days. Each of them is looked at after a run.
const MOST_KEPT: usize = 366;

/// What is to be exported, when, and how much of it is kept. Like what is asked of a single export, but no secret is in
/// it: it would have to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// A cron expression: minute, hour, day of month, month, day of week, in UTC.
    pub cron: String,
    /// Whether only what was changed since the last run is exported.
    pub incremental: bool,
    /// Then each how-many-th is whole.
    pub full_every: Option<u32>,
    /// How many good snapshots are kept.
    pub keep: usize,
    /// Public keys that they are encrypted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<String>>,
    /// Names of the Boxes that are wanted; all, where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Vec<String>>,
    /// Whether what passwords are checked with is left out.
    pub without_credentials: bool,
    /// Whether there is a copy for people.
    pub readable: bool,
}

impl Plan {
    /// How many are kept, unless it is said.
    pub const KEEP: usize = 14;

    /// Each how-many-th is whole, unless it is said.
    pub const FULL_EVERY: u32 = 7;

    /// The same, if it can be done to a Cell.
    pub(super) fn checked(self, cell: &Cell) -> Result<Self> {
        let refused = |key: &str, why: &str| Err(ErrorCode::BodyKeyFormat.with([key, why]));
        if self.keep == 0 || self.keep > MOST_KEPT {
            return refused("Keep", &format!("a number from 1 to {MOST_KEPT}"));
        }
        match self.full_every {
            Some(_) if !self.incremental => {
                return refused("FullEvery", "with Incremental: else each is whole");
            }
            Some(every) if !(1..=MOST_IN_CHAIN).contains(&every) => {
                return refused("FullEvery", &format!("a number from 1 to {MOST_IN_CHAIN}"));
            }
            _ => {}
        }
        // The same reasons as those of a single export.
        if self.incremental && (self.boxes.is_some() || self.without_credentials) {
            return refused("Incremental", "alone: a part of a Cell has no changes since");
        }
        if self.incremental && self.readable {
            return refused("Incremental", "without Readable: a copy to read is of everything");
        }
        self.lock()?;
        let boxes = self.boxes.map(selection::named).transpose()?;
        cell.store().read(|tx| Selection::new(tx, boxes.as_deref(), CellsOwn::Taken).map(drop))?;
        Ok(Self { boxes, cron: self.cron.trim().to_owned(), ..self })
    }

    fn lock(&self) -> Result<Option<Lock>> {
        self.recipients.as_deref().map(Lock::recipients).transpose().map_err(archive::error)
    }

    /// How many are put over each other at most.
    pub(super) fn in_chain(&self) -> u32 {
        if self.incremental { self.full_every.unwrap_or(Self::FULL_EVERY) } else { 1 }
    }

    /// What is asked of an export.
    pub(super) fn request(&self, name: String, since: Option<String>) -> Result<export::Request> {
        Ok(export::Request {
            name: Some(name),
            boxes: self.boxes.clone(),
            without_credentials: self.without_credentials,
            since,
            lock: self.lock()?,
            readable: self.readable,
        })
    }
}
