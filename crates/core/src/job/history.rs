//! What became of a Cell's exports and imports: the last ones of each kind, with how they ended.
//!
//! It is written in the transaction that enters a job's end, so a job that is over is in it, and one that is in it is
//! over. The register keeps a list for each Cell and kind, of a bounded length.

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{StoreExt as _, WriteTx};
use serde::{Deserialize, Serialize};

use crate::import::Effects;

use super::{Counts, Job, JobKind, Jobs, State, secret};

/// Scope of the register's values that hold lists, named as jobs are.
pub(super) const SCOPE: &str = "history";

/// How many jobs of a kind are remembered for a Cell.
pub const KEPT: usize = 50;

/// How much is kept of what was wrong, in bytes: it can quote a snapshot, or another unit.
const MESSAGE: usize = 1000;

/// A job that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// What it did.
    pub kind: JobKind,
    /// The snapshot's name, without `.zip`.
    pub name: String,
    /// When it was accepted, ms since 1970.
    pub started_at: i64,
    /// How it ended.
    #[serde(flatten)]
    pub state: State,
    /// How much it had done by then.
    #[serde(flatten)]
    pub counts: Counts,
    /// Of an import into a Cell that keeps its content: what it has done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Effects>,
    /// Of an import in the place of what there was: what the Cell has since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Counts>,
    /// What did not go along, in words for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Job {
    /// Enters the end of a job in the register, and in the history. What was kept for it goes.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn enter_end(&self, tx: &mut dyn WriteTx, counts: Counts) -> Result<()> {
        self.enter(tx)?;
        let key = Self::key(&self.cell, self.kind);
        secret::keep(tx, &key, None)?;
        let mut past = parse(tx.read().value(SCOPE, &key)?.as_deref());
        let mut state = self.state.clone();
        if let State::Failed { message, .. } = &mut state {
            shorten(message);
        }
        let (name, started_at) = (self.name.clone(), self.started_at);
        let (effects, content, warnings) = (self.effects.clone(), self.content, self.warnings.clone());
        past.insert(0, Past { kind: self.kind, name, started_at, state, counts, effects, content, warnings });
        past.truncate(KEPT);
        let text = serde_json::to_string(&past)
            .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        tx.set_value(SCOPE, &key, Some(&text))
    }
}

/// Cuts off what is not kept.
pub(crate) fn shorten(message: &mut String) {
    message.truncate(message.floor_char_boundary(MESSAGE));
}

impl Jobs {
    /// The jobs of a kind for a Cell that are over, the latest first.
    ///
    /// # Errors
    /// The store's.
    pub fn history(&self, cell: &Id, kind: JobKind) -> Result<Vec<Past>> {
        let text = self.register.read(|tx| tx.value(SCOPE, &Job::key(cell.as_str(), kind)))?;
        Ok(parse(text.as_deref()))
    }
}

/// A list that cannot be read is begun anew: that must not keep a job from ending.
fn parse(text: Option<&str>) -> Vec<Past> {
    let Some(text) = text else { return Vec::new() };
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::error!(%error, "the history of a Cell's jobs cannot be read");
        Vec::new()
    })
}
