//! Long work on a Cell: exports and imports.
//!
//! A job is entered in the register before its request is answered, and its end is entered too, so that a unit
//! that was stopped in between takes it up again at its next start ([`Jobs::unfinished`]). At most one job of a
//! kind runs for a Cell; over the whole unit a bounded number run at a time and the others wait their turn.

mod progress;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{Store, StoreExt as _, WriteTx};
use serde::{Deserialize, Serialize};

use crate::access::Turnstile;
use crate::clock;

pub use progress::{Phase, Progress, Snapshot as ProgressSnapshot, Stopped, Totals};

/// Scope of the register's values that hold jobs, named `{cell id}/{kind}`.
const SCOPE: &str = "job";

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Writes a snapshot of the Cell.
    Export,
    /// Replaces the Cell's content by a snapshot's.
    Import,
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

/// A job, as the register keeps it.
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
    /// How it stands.
    #[serde(flatten)]
    pub state: State,
}

impl Job {
    fn key(cell: &str, kind: JobKind) -> String {
        let kind = match kind {
            JobKind::Export => "export",
            JobKind::Import => "import",
        };
        format!("{cell}/{kind}")
    }

    /// Enters it in the register.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn enter(&self, tx: &mut dyn WriteTx) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|e| ErrorCode::Unknown.with([""]).because(e))?;
        tx.set_value(SCOPE, &Self::key(&self.cell, self.kind), Some(&text))
    }

    /// The same job, over by now.
    #[must_use]
    pub(crate) fn done(self) -> Self {
        Self { state: State::Done { finished_at: clock::now() }, ..self }
    }
}

/// Where the end of a job that went well stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nowhere yet.
    Open,
    /// In the register: it was entered in the very transaction in which the job took effect, so that no crash can come
    /// between the two and have it run again.
    Entered,
}

/// A job that runs in this process, or waits to.
#[derive(Clone)]
pub struct Running {
    /// What was accepted.
    pub job: Job,
    /// How far it is.
    pub progress: Arc<Progress>,
}

/// The jobs of a unit.
pub struct Jobs {
    register: Arc<dyn Store>,
    running: Mutex<HashMap<(String, JobKind), Running>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    turns: Turnstile,
    closing: AtomicBool,
}

impl Jobs {
    /// Over a register; that many run at a time.
    #[must_use]
    pub fn new(register: Arc<dyn Store>, at_a_time: usize) -> Self {
        Self {
            register,
            running: Mutex::default(),
            threads: Mutex::default(),
            turns: Turnstile::new(at_a_time),
            closing: AtomicBool::new(false),
        }
    }

    /// The job of a kind that runs for a Cell.
    #[must_use]
    pub fn running(&self, cell: &Id, kind: JobKind) -> Option<Running> {
        self.running.lock().get(&(cell.to_string(), kind)).cloned()
    }

    /// The last job of a kind for a Cell, running or over.
    ///
    /// # Errors
    /// The store's.
    pub fn last(&self, cell: &Id, kind: JobKind) -> Result<Option<Job>> {
        let text = self.register.read(|tx| tx.value(SCOPE, &Job::key(cell.as_str(), kind)))?;
        text.map(|text| parse(&text)).transpose()
    }

    /// The jobs that a unit which was stopped left running.
    ///
    /// # Errors
    /// The store's.
    pub fn unfinished(&self) -> Result<Vec<Job>> {
        let all = self.register.read(|tx| tx.values(SCOPE))?;
        let jobs = all.iter().map(|(_, text)| parse(text)).collect::<Result<Vec<Job>>>()?;
        Ok(jobs.into_iter().filter(|job| job.state == State::Running).collect())
    }

    /// Accepts a job and starts it on a thread of its own. `work` is told its progress, and must ask it often
    /// whether it is to stop.
    ///
    /// # Errors
    /// [`ErrorCode::CellLocked`] if such a job runs already, or the unit is being stopped; the store's.
    pub fn start(
        self: &Arc<Self>,
        job: Job,
        work: impl FnOnce(&Arc<Progress>) -> Result<End> + Send + 'static,
    ) -> Result<()> {
        let key = (job.cell.clone(), job.kind);
        let progress = Arc::new(Progress::new());
        {
            let mut running = self.running.lock();
            if running.contains_key(&key) || self.closing.load(Ordering::Acquire) {
                return Err(ErrorCode::CellLocked.with([format!("{:?}", job.kind)]));
            }
            running.insert(key.clone(), Running { job: job.clone(), progress: progress.clone() });
        }
        let started = self.record(&job).and_then(|()| {
            let jobs = self.clone();
            let spawned = std::thread::Builder::new()
                .name(format!("{:?} {}", job.kind, job.cell_name))
                .spawn(move || jobs.run(job, &progress, work));
            spawned.map_err(|e| saibo_model::Error::from(ErrorCode::TooManyConcurrentRequests).because(e))
        });
        match started {
            Ok(thread) => {
                let mut threads = self.threads.lock();
                threads.retain(|thread| !thread.is_finished());
                threads.push(thread);
                Ok(())
            }
            Err(error) => {
                self.running.lock().remove(&key);
                Err(error)
            }
        }
    }

    fn run(&self, mut job: Job, progress: &Arc<Progress>, work: impl FnOnce(&Arc<Progress>) -> Result<End>) {
        let result = {
            let _turn = self.turns.acquire();
            match progress.check() {
                Ok(()) => std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(progress)))
                    .unwrap_or_else(|_| Err(ErrorCode::Unexpected.with([&job.name]))),
                Err(stopped) => Err(stopped.into()),
            }
        };
        let key = (job.cell.clone(), job.kind);
        match result {
            // Stays «running» in the register: the next start takes it up.
            Err(_) if self.closing.load(Ordering::Acquire) => {
                tracing::info!(
                    cell = job.cell_name,
                    name = job.name,
                    "job interrupted; it is taken up at the next start"
                );
                self.running.lock().remove(&key);
                return;
            }
            Ok(end) => {
                tracing::info!(cell = job.cell_name, kind = ?job.kind, name = job.name, "job done");
                if end == End::Entered {
                    self.running.lock().remove(&key);
                    return;
                }
                job = job.done();
            }
            Err(error) => {
                let cause = error.cause().map(ToString::to_string);
                tracing::warn!(cell = job.cell_name, kind = ?job.kind, name = job.name, %error, cause, "job failed");
                job.state = State::Failed {
                    finished_at: clock::now(),
                    percent: progress.snapshot().percent,
                    code: error.code().code().to_owned(),
                    message: error.message(),
                };
            }
        }
        if let Err(error) = self.record(&job) {
            tracing::error!(%error, "the end of a job could not be recorded; the next start runs it again");
        }
        self.running.lock().remove(&key);
    }

    fn record(&self, job: &Job) -> Result<()> {
        let job = job.clone();
        self.register.write(move |tx| job.enter(tx))
    }

    /// Forgets the jobs of a Cell that is deleted.
    ///
    /// # Errors
    /// [`ErrorCode::CellBusy`] while one runs; the store's.
    pub fn forget(&self, cell: &Id) -> Result<()> {
        let kinds = [JobKind::Export, JobKind::Import];
        if kinds.into_iter().any(|kind| self.running(cell, kind).is_some()) {
            return Err(ErrorCode::CellBusy.into());
        }
        let keys = kinds.map(|kind| Job::key(cell.as_str(), kind));
        self.register.write(move |tx| keys.iter().try_for_each(|key| tx.set_value(SCOPE, key, None)))
    }

    /// Stops every job and waits for them. They stay unfinished in the register.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        for running in self.running.lock().values() {
            running.progress.stop();
        }
        for thread in std::mem::take(&mut *self.threads.lock()) {
            if thread.join().is_err() {
                tracing::error!("a job's thread ended in a panic");
            }
        }
    }
}

fn parse(text: &str) -> Result<Job> {
    serde_json::from_str(text).map_err(|e| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e))
}
