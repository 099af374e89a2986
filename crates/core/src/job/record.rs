//! A job, as the register keeps it.

use saibo_model::{ErrorCode, Moment, Result};
use saibo_store::WriteTx;
use serde::{Deserialize, Serialize};

use super::{Counts, Work};
use crate::import::{Effects, Mode};
use crate::{Cell, clock, document};

/// Scope of the register's values that hold jobs, named `{cell id}/{kind}`.
pub(super) const SCOPE: &str = "job";

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Writes a snapshot of the Cell.
    Export,
    /// Replaces the Cell's content by a snapshot's.
    Import,
    /// Looks what an import would do.
    Check,
    /// Takes the Cell to another place.
    Move,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [JobKind; 4] = [JobKind::Export, JobKind::Import, JobKind::Check, JobKind::Move];

    /// As the register and answers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            JobKind::Export => "export",
            JobKind::Import => "import",
            JobKind::Check => "check",
            JobKind::Move => "move",
        }
    }
}

/// How a job stands, as the register keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Accepted, and not over when last heard of.
    Running,
    /// Over; all went well.
    Done {
        /// When, ms since 1970.
        finished_at: i64,
    },
    /// Over, for somebody wanted it no more; nothing of it remains.
    Cancelled {
        /// When, ms since 1970.
        finished_at: i64,
        /// Per cent done by then.
        percent: u64,
    },
    /// Over; nothing of it remains.
    Failed {
        /// When, ms since 1970.
        finished_at: i64,
        /// Per cent done by then.
        percent: u64,
        /// Code of the API.
        code: String,
        /// What was wrong, naming the entry where one was.
        message: String,
    },
}

impl State {
    /// When it was over, ms since 1970.
    #[must_use]
    pub fn finished_at(&self) -> Option<i64> {
        match self {
            State::Running => None,
            State::Done { finished_at }
            | State::Cancelled { finished_at, .. }
            | State::Failed { finished_at, .. } => Some(*finished_at),
        }
    }

    /// In a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done { .. } => "done",
            State::Cancelled { .. } => "cancelled",
            State::Failed { .. } => "failed",
        }
    }
}

/// How a snapshot is encrypted, or decrypted: what of that may be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// To the owners of these public keys.
    Recipients(Vec<String>),
    /// With a secret, which is in memory only: cut off by a stop of the unit, it cannot be done again.
    Secret,
}

/// What was asked for beside what every job of a kind does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Of a dry run: whether every byte is compared with the manifest.
    pub hashes: bool,
    /// Names of the Boxes that it is about; of all, where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Vec<String>>,
    /// Of an export: whether what passwords are checked with is left out.
    pub without_credentials: bool,
    /// Of an export: whether it has a copy that people can read.
    pub readable: bool,
    /// Of an export: the snapshot since which it is made, where it is not of everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How the snapshot is encrypted; no secret is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Of an import: what becomes of what is in both, where the Cell's content is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Of a move: the Cell's new URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Of an import: whether incremental ones are to follow.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more_follows: bool,
    /// Of an export since another: the moment that was marked for it, as the Cell takes no writes any more.
    #[serde(skip)]
    pub moment: Option<Moment>,
}

impl Options {
    /// Of an export: whether nothing is left out but what another snapshot has.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.boxes.is_none() && !self.without_credentials
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The Cell.
    pub cell: String,
    /// The Cell's name when it was accepted.
    pub cell_name: String,
    /// What it does.
    pub kind: JobKind,
    /// The snapshot's name, without `.zip`.
    pub name: String,
    /// When it was accepted, ms since 1970.
    pub started_at: i64,
    /// What else was asked for.
    #[serde(default)]
    pub options: Options,
    /// Of an import into a Cell that keeps its content: what it has done, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Effects>,
    /// Of an import in the place of what there was: what the Cell has, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Counts>,
    /// While it runs: what it is gone on with if it is cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// What did not go along, once it is over and all the same done, in words for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How it stands.
    #[serde(flatten)]
    pub state: State,
}

impl Job {
    /// One that begins now.
    #[must_use]
    pub fn begin(cell: &Cell, kind: JobKind, name: String, now: i64, options: Options) -> Self {
        Self {
            cell: cell.id().to_string(),
            cell_name: cell.name().to_owned(),
            kind,
            name,
            started_at: now,
            options,
            effects: None,
            content: None,
            work: None,
            warnings: Vec::new(),
            state: State::Running,
        }
    }

    pub(super) fn key(cell: &str, kind: JobKind) -> String {
        format!("{cell}/{}", kind.name())
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        document::stored(text)
    }

    /// Enters it in the register.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn enter(&self, tx: &mut dyn WriteTx) -> Result<()> {
        if self.work.is_some() && self.state != State::Running {
            return Self { work: None, ..self.clone() }.enter(tx);
        }
        let text = serde_json::to_string(self).map_err(|e| ErrorCode::Unknown.with([""]).because(e))?;
        tx.set_value(SCOPE, &Self::key(&self.cell, self.kind), Some(&text))
    }

    /// The same job, over by now.
    #[must_use]
    pub(crate) fn done(self) -> Self {
        Self { state: State::Done { finished_at: clock::now() }, ..self }
    }
}
