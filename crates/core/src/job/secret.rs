//! What a job needs and nobody may see: a secret that somebody sent with it, sealed by whoever keeps it. It is in the
//! register beside the job, and goes in the transaction that enters the job's end.

use saibo_model::Result;
use saibo_store::{StoreExt as _, WriteTx};

use super::{Job, Jobs};

/// Scope of the register's values that hold them, named as jobs are.
const SCOPE: &str = "job secret";

impl Jobs {
    /// What is kept for a job that is not over.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn secret_of(&self, job: &Job) -> Result<Option<String>> {
        self.register.read(|tx| tx.value(SCOPE, &Job::key(&job.cell, job.kind)))
    }

    /// Keeps something else for a job that runs.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn keep_secret(&self, job: &Job, sealed: String) -> Result<()> {
        let key = Job::key(&job.cell, job.kind);
        self.register.write(move |tx| keep(tx, &key, Some(&sealed)))
    }
}

/// Keeps something for the job of a key, or nothing any more.
pub(super) fn keep(tx: &mut dyn WriteTx, key: &str, sealed: Option<&str>) -> Result<()> {
    tx.set_value(SCOPE, key, sealed)
}
