//! The way of a Cell to another unit: its API, as any client uses it.

use std::io::Read;
use std::time::Duration;

use saibo_core::job::Counts;
use saibo_core::relocation::{Carrier, Destination, Go};
use saibo_core::schedule::Plan;
use saibo_core::settings::Secret;
use saibo_model::{Error, ErrorCode, Result};
use serde_json::{Value, json};

use crate::client::{Client, ClientError, JobStatus, RemoteCell};
use crate::config;
use crate::plan::plan_body;

/// How long another unit may be silent while nobody waits, and while others do.
const PATIENCE: Duration = Duration::from_secs(60);
const HASTE: Duration = Duration::from_secs(5);

/// What is so short is sent in haste.
const SHORT: u64 = 32 << 20;

/// How often is asked how an import stands: at first, and at most after a while.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LOOK: Duration = Duration::from_millis(500);

/// How often another unit may not answer in a row while it imports.
const UNANSWERED: u32 = 10;

/// See [`Carrier`].
#[derive(Debug)]
pub(crate) struct HttpCarrier {
    to_private: bool,
}

impl HttpCarrier {
    /// One that reaches public addresses, or all.
    pub(crate) fn new(to_private: bool) -> Self {
        Self { to_private }
    }

    fn client(&self, token: Option<&Secret>, patience: Duration) -> Client {
        let token = token.map(|token| config::Secret::new(token.expose()));
        Client::of_unit(token, patience, self.to_private)
    }
}

impl Carrier for HttpCarrier {
    fn reach(&self, url: &str, token: &Secret) -> Result<Box<dyn Destination>> {
        let hasty = RemoteCell::at(self.client(Some(token), HASTE), url).map_err(told)?;
        let patient = hasty.with_client(self.client(Some(token), PATIENCE));
        Ok(Box::new(HttpDestination { hasty, patient }))
    }

    fn moved_to(&self, url: &str) -> Result<Option<String>> {
        RemoteCell::at(self.client(None, HASTE), url).and_then(|cell| cell.moved_to()).map_err(told)
    }

    fn former(&self, url: &str) -> Result<Vec<String>> {
        RemoteCell::at(self.client(None, HASTE), url).and_then(|cell| cell.former()).map_err(told)
    }
}

/// See [`Destination`].
struct HttpDestination {
    hasty: RemoteCell,
    patient: RemoteCell,
}

impl HttpDestination {
    /// Waits until no import runs.
    fn wait(&self, is_own: &dyn Fn(&str) -> bool, watch: &mut dyn FnMut(u64) -> Go) -> Result<()> {
        let (mut pause, mut unanswered) = (FIRST_LOOK, 0);
        loop {
            let percent = match self.hasty.import_status() {
                Ok(JobStatus::Running(running)) if is_own(&running.name) => {
                    unanswered = 0;
                    running.percent
                }
                Ok(JobStatus::Running(_)) => return Err(network("another import was begun there")),
                Ok(JobStatus::Ready | JobStatus::Cancelled | JobStatus::Failed { .. }) => return Ok(()),
                Err(error) if error.may_pass() && unanswered < UNANSWERED => {
                    unanswered += 1;
                    0
                }
                Err(error) => return Err(told(error)),
            };
            match watch(percent) {
                Go::On => {}
                Go::Leave => return Err(network("the move is stopped")),
                Go::Cancel => {
                    // It may be over by now, which the next one does not mind.
                    if let Err(error) = self.hasty.cancel_import() {
                        tracing::info!(%error, "an import could not be cancelled");
                    }
                    return Err(network("the import took longer than it may"));
                }
            }
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(LOOK);
        }
    }
}

impl Destination for HttpDestination {
    fn exists(&self) -> Result<bool> {
        match self.hasty.import_status() {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(told(error)),
        }
    }

    fn create(&self) -> Result<()> {
        self.hasty.create().map_err(told)
    }

    fn is_empty(&self) -> Result<bool> {
        self.hasty.is_empty().map_err(told)
    }

    fn send(&self, file: &str, content: &mut dyn Read, length: u64) -> Result<()> {
        let cell = if length <= SHORT { &self.hasty } else { &self.patient };
        cell.upload(file, content, length).map_err(told)
    }

    fn length(&self, file: &str) -> Result<Option<u64>> {
        self.hasty.snapshot_length(file).map_err(told)
    }

    fn import(&self, name: &str, watch: &mut dyn FnMut(u64) -> Go) -> Result<Option<Counts>> {
        self.hasty
            .start_import(&json!({ "Name": name, "MoreFollows": true }))
            .map_err(|e| refused(name, e))?;
        self.wait(&|running| running == name, watch)?;
        let last = self.hasty.imports().map_err(told)?.into_iter().next().unwrap_or_default();
        if last["name"] != name {
            return Err(network("another import was begun there"));
        }
        match last["outcome"].as_str() {
            Some("done") => {}
            Some("cancelled") => return Err(network("the import was cancelled there")),
            _ => return Err(failed(name, &last)),
        }
        let number = |key: &str| last["content"][key].as_u64();
        let content = number("documents").zip(number("links")).zip(number("files")).zip(number("bytes"));
        Ok(content.map(|(((documents, links), files), bytes)| Counts { documents, links, files, bytes }))
    }

    fn imported(&self, prefix: &str, watch: &mut dyn FnMut(u64) -> Go) -> Result<Option<String>> {
        self.wait(&|running| running.starts_with(prefix), watch)?;
        // Dry runs, and what failed or was cancelled, have changed nothing.
        let has_effect = |past: &Value| past["kind"] == "import" && past["outcome"] == "done";
        let last = self.hasty.imports().map_err(told)?.into_iter().find(has_effect);
        let name = last.as_ref().and_then(|last| last["name"].as_str());
        Ok(name.filter(|name| name.starts_with(prefix)).map(str::to_owned))
    }

    fn remove(&self, file: &str) -> Result<()> {
        match self.hasty.delete_snapshot(file) {
            Err(error) if error.status() == Some(404) => Ok(()),
            removed => removed.map_err(told),
        }
    }

    fn schedule(&self, plan: &Plan) -> Result<()> {
        let body = Value::Object(plan_body(plan));
        let set = self.hasty.set_schedule(&body);
        match set {
            // The same once more does no harm, and whoever waits to write waits for a little longer.
            Err(error) if error.may_pass() => self.hasty.set_schedule(&body),
            set => set,
        }
        .map(drop)
        .map_err(told)
    }

    fn unschedule(&self) -> Result<()> {
        match self.hasty.remove_schedule() {
            Err(error) if error.status() == Some(404) => Ok(()),
            removed => removed.map_err(told),
        }
    }

    fn arrived(&self, from: &str) -> Result<()> {
        self.hasty.post_move(&json!({ "From": from })).map_err(told)
    }
}

/// Why an import was not begun.
fn refused(name: &str, error: ClientError) -> Error {
    if error.code() == Some(ErrorCode::SnapshotBaseMissing.code()) {
        return ErrorCode::SnapshotBaseMissing.with([name, "before it", &error.to_string()]);
    }
    told(error)
}

/// Why an import failed.
fn failed(name: &str, past: &Value) -> Error {
    let (code, message) = (past["code"].as_str().unwrap_or("?"), past["message"].as_str().unwrap_or("?"));
    if code == ErrorCode::SnapshotBaseMissing.code() {
        return ErrorCode::SnapshotBaseMissing.with([name, "before it", message]);
    }
    network(&format!("the import failed there: {message} ({code})"))
}

fn network(why: &str) -> Error {
    ErrorCode::Network.with([why])
}

fn told(error: ClientError) -> Error {
    match error.status() {
        Some(401 | 403) => ErrorCode::DestinationRefuses.with([error.to_string()]),
        _ => network(&error.to_string()),
    }
}
