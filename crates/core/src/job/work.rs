//! What a job that is cut off is gone on with by the next process.

use saibo_model::{Error, Moment, Result};
use saibo_store::StoreExt as _;
use serde::{Deserialize, Serialize};

use super::{Job, Jobs, Progress};
use crate::Unit;

/// What has been done lies in a draft of the backend; this is what says which, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The draft's name.
    pub draft: String,
    /// Name and version of the program that began: another one may do it otherwise.
    pub program: String,
    /// What it is made from: of an export the generation of the Cell, of an import the places of the snapshots. From
    /// anything else it is begun anew.
    pub from: String,
    /// Of an export: when the snapshot was begun, ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// Of an export: the moment that was marked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
}

impl Work {
    /// Whether this program began it, and from this.
    pub(crate) fn is_of(&self, unit: &Unit, from: &str) -> bool {
        self.program == unit.settings().program && self.from == from
    }
}

impl Job {
    /// Whether the work is to be begun anew, because going on with what an earlier process had done has failed; says so,
    /// and forgets what was counted.
    pub(crate) fn begins_anew(&self, error: &Error, progress: &Progress) -> bool {
        if self.work.is_none() || progress.check().is_err() {
            return false;
        }
        let cause = error.cause().map(ToString::to_string);
        tracing::warn!(cell = self.cell_name, kind = ?self.kind, name = self.name, %error, cause, "job begun anew");
        progress.reset();
        true
    }
}

impl Jobs {
    /// Enters what a job that runs can be gone on with.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn keep_work(&self, job: &Job, work: Work) -> Result<()> {
        let job = Job { work: Some(work), ..job.clone() };
        self.register.write(move |tx| job.enter(tx))
    }
}
