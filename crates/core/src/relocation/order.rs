//! What a move was asked to do, as it is kept for the time after a stop of the unit.

use std::borrow::Cow;

use saibo_model::{ErrorCode, Result};
use saibo_oauth::kept::{open_kept, seal_kept};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Request;
use crate::Unit;
use crate::job::Job;
use crate::settings::Secret;

/// What is known of the Cell at the new place, if there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Made {
    /// Nothing.
    No,
    /// The other unit was asked to make it, or was about to be; there is no answer.
    Asked,
    /// It was made for this move.
    Yes,
}

/// What a move is to do.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) request: Request,
    pub(super) made: Made,
    /// Whether a stop of the unit has cut it off.
    pub(super) is_resumed: bool,
}

/// The same, as it is sealed. Where to is in the job.
#[derive(Serialize, Deserialize)]
struct Kept<'k> {
    #[serde(borrow)]
    token: Cow<'k, str>,
    replace: bool,
    made: Made,
}

impl Order {
    /// One that nothing has been done of.
    pub(super) fn new(request: Request) -> Self {
        Self { request, made: Made::No, is_resumed: false }
    }

    /// As it is kept with its job.
    pub(super) fn sealed(&self, unit: &Unit, job: &Job) -> Result<String> {
        let token = Cow::Borrowed(self.request.token.expose());
        let kept = Kept { token, replace: self.request.replace, made: self.made };
        let text = Zeroizing::new(serde_json::to_string(&kept).map_err(unknown)?);
        seal_kept(&unit.keys(), &keeper(job), &text).map_err(unknown)
    }

    /// What was kept with a job; `None` if nothing was, or nobody can open it any more.
    pub(super) fn kept(unit: &Unit, job: &Job) -> Result<Option<Self>> {
        let Some((sealed, to)) = unit.jobs().secret_of(job)?.zip(job.options.to.clone()) else {
            return Ok(None);
        };
        let text = match open_kept(&unit.keys(), &keeper(job), &sealed) {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(%error, cell = job.cell_name, "the token of a move cannot be opened any more");
                return Ok(None);
            }
        };
        let Ok(kept) = serde_json::from_str::<Kept<'_>>(&text) else {
            tracing::warn!(cell = job.cell_name, "what is kept for a move is of another version");
            return Ok(None);
        };
        let request = Request { to, token: Secret::new(kept.token.into_owned()), replace: kept.replace };
        Ok(Some(Self { request, made: kept.made, is_resumed: true }))
    }

    /// Keeps what is known of the Cell there by now.
    pub(super) fn note(&mut self, unit: &Unit, job: &Job, made: Made) -> Result<()> {
        self.made = made;
        unit.jobs().keep_secret(job, self.sealed(unit, job)?)
    }
}

/// Another job of the Cell opens nothing of it.
fn keeper(job: &Job) -> String {
    format!("{}/{}", job.cell, job.name)
}

fn unknown(error: impl std::error::Error + Send + Sync + 'static) -> saibo_model::Error {
    saibo_model::Error::from(ErrorCode::Unknown).because(error)
}
