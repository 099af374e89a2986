//! Long work on a Cell: exports and imports.
//!
//! A job is entered in the register before its request is answered, and its end is entered too, so that a unit
//! that was stopped in between takes it up again at its next start ([`Jobs::unfinished`]). At most one job of a
//! kind runs for a Cell; over the whole unit a bounded number run at a time and the others wait their turn.

pub mod history;
mod phase;
mod progress;
mod record;
mod secret;
mod work;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{Store, StoreExt as _};

use crate::access::Turnstile;
use crate::clock;

pub use history::Past;
pub use phase::Phase;
pub use progress::{Counts, Part, Progress, Snapshot as ProgressSnapshot, Stopped, Tally, Totals};
pub use record::{Encryption, Job, JobKind, Options, State};
pub use work::Work;

use record::SCOPE;

/// Where the end of a job that went well stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nowhere yet.
    Open,
    /// In the register: it was entered in the very transaction in which the job took effect, so that no crash can come
    /// between the two and have it run again.
    Entered(Box<Job>),
}

/// A job that runs in this process, or waits to.
#[derive(Clone)]
pub struct Running {
    /// What was accepted.
    pub job: Job,
    /// How far it is.
    pub progress: Arc<Progress>,
    ended: Arc<OnceLock<Job>>,
}

impl Running {
    fn new(job: Job) -> Self {
        Self { job, progress: Arc::new(Progress::new()), ended: Arc::default() }
    }

    /// The job at its end, once it has come to one: still [`State::Running`] if the unit was stopped and will take it
    /// up again. By then the register knows, and a snapshot has its name.
    #[must_use]
    pub fn ended(&self) -> Option<&Job> {
        self.ended.get()
    }
}

/// How the jobs of a kind stand for a Cell.
#[derive(Clone)]
pub enum Status {
    /// One runs, or waits to.
    Running(Running),
    /// None runs; the last one, if there was any.
    Over(Option<Job>),
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
        text.map(|text| Job::parse(&text)).transpose()
    }

    /// How the jobs of a kind stand for a Cell.
    ///
    /// # Errors
    /// The store's.
    pub fn status(&self, cell: &Id, kind: JobKind) -> Result<Status> {
        match self.running(cell, kind) {
            Some(running) => Ok(Status::Running(running)),
            None => Ok(Status::Over(self.last(cell, kind)?)),
        }
    }

    /// The jobs that a unit which was stopped left running.
    ///
    /// # Errors
    /// The store's.
    pub fn unfinished(&self) -> Result<Vec<Job>> {
        let all = self.register.read(|tx| tx.values(SCOPE))?;
        let jobs = all.iter().map(|(_, text)| Job::parse(text)).collect::<Result<Vec<Job>>>()?;
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
        self.start_keeping(job, None, work)
    }

    /// The same, and keeps something sealed until the job is over ([`Jobs::secret_of`]).
    ///
    /// # Errors
    /// As [`Jobs::start`].
    pub(crate) fn start_keeping(
        self: &Arc<Self>,
        job: Job,
        sealed: Option<String>,
        work: impl FnOnce(&Arc<Progress>) -> Result<End> + Send + 'static,
    ) -> Result<()> {
        let key = (job.cell.clone(), job.kind);
        let accepted = Running::new(job);
        {
            let mut running = self.running.lock();
            if running.contains_key(&key) || self.closing.load(Ordering::Acquire) {
                return Err(ErrorCode::CellLocked.with([accepted.job.kind.name()]));
            }
            running.insert(key.clone(), accepted.clone());
        }
        let started = self.record(&accepted.job, sealed).and_then(|()| {
            let jobs = self.clone();
            let spawned = std::thread::Builder::new()
                .name(format!("{} {}", accepted.job.kind.name(), accepted.job.cell_name))
                .spawn(move || jobs.run(&accepted, work));
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

    fn run(&self, running: &Running, work: impl FnOnce(&Arc<Progress>) -> Result<End>) {
        let ended = self.work(running, work);
        let key = (ended.cell.clone(), ended.kind);
        // Whoever holds it looks there, everybody else in the register.
        let _ = running.ended.set(ended);
        self.running.lock().remove(&key);
    }

    /// Does the work of a job, and enters how it ended.
    fn work(&self, running: &Running, work: impl FnOnce(&Arc<Progress>) -> Result<End>) -> Job {
        let (mut job, progress) = (running.job.clone(), &running.progress);
        let result = {
            let turn = self.turns.acquire_unless(|| progress.check().is_err());
            // Cancelled before its turn, it still has to remove what a process before this one left of it.
            let has_left = job.work.is_some() || job.kind == JobKind::Move;
            match progress.check() {
                checked if (checked.is_ok() && turn.is_some()) || (progress.is_cancelled() && has_left) => {
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(progress)))
                        .unwrap_or_else(|_| Err(ErrorCode::Unexpected.with([&job.name])))
                }
                _ => Err(Stopped.into()),
            }
        };
        match result {
            // Whatever it was that stopped it in the end.
            Err(_) if progress.is_cancelled() => {
                tracing::info!(cell = job.cell_name, kind = ?job.kind, name = job.name, "job cancelled");
                job.state =
                    State::Cancelled { finished_at: clock::now(), percent: progress.snapshot().percent };
            }
            // Stays «running» in the register: the next start takes it up.
            Err(_) if self.closing.load(Ordering::Acquire) => {
                tracing::info!(
                    cell = job.cell_name,
                    name = job.name,
                    "job interrupted; it is taken up at the next start"
                );
                return job;
            }
            Ok(end) => {
                tracing::info!(cell = job.cell_name, kind = ?job.kind, name = job.name, "job done");
                match end {
                    End::Entered(ended) => return *ended,
                    End::Open => job = job.done(),
                }
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
        if let Err(error) = self.record_end(&job, progress.counts()) {
            tracing::error!(%error, "the end of a job could not be recorded; the next start runs it again");
        }
        job
    }

    /// Cancels the job of a kind that runs for a Cell, or waits to. It is over when [`Running::ended`] says so; of one
    /// that was cancelled nothing remains then. `None` if there is none.
    ///
    /// # Errors
    /// [`ErrorCode::CellLocked`] if it takes effect already.
    pub fn cancel(&self, cell: &Id, kind: JobKind) -> Result<Option<Running>> {
        let Some(running) = self.running(cell, kind) else { return Ok(None) };
        if running.progress.cancel() { Ok(Some(running)) } else { Err(too_late(kind)) }
    }

    /// Enters that a job which was cut off cannot be taken up again, for it takes a secret that nobody has kept; as it
    /// is then.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn give_up(&self, job: Job) -> Result<Job> {
        let error = saibo_model::Error::from(ErrorCode::SecretForgotten);
        let state = State::Failed {
            finished_at: clock::now(),
            percent: 0,
            code: error.code().code().to_owned(),
            message: error.message(),
        };
        let job = Job { state, ..job };
        self.record_end(&job, Counts::default())?;
        Ok(job)
    }

    /// Enters that a job is over.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn record_end(&self, job: &Job, counts: Counts) -> Result<()> {
        let job = job.clone();
        self.register.write(move |tx| job.enter_end(tx, counts))
    }

    fn record(&self, job: &Job, sealed: Option<String>) -> Result<()> {
        let job = job.clone();
        self.register.write(move |tx| {
            secret::keep(tx, &Job::key(&job.cell, job.kind), sealed.as_deref())?;
            job.enter(tx)
        })
    }

    /// Forgets the jobs of a Cell that is deleted.
    ///
    /// # Errors
    /// [`ErrorCode::CellBusy`] while one runs; the store's.
    pub fn forget(&self, cell: &Id) -> Result<()> {
        if JobKind::ALL.into_iter().any(|kind| self.running(cell, kind).is_some()) {
            return Err(ErrorCode::CellBusy.into());
        }
        let keys = JobKind::ALL.map(|kind| Job::key(cell.as_str(), kind));
        self.register.write(move |tx| {
            keys.iter().try_for_each(|key| {
                tx.set_value(SCOPE, key, None)?;
                secret::keep(tx, key, None)?;
                tx.set_value(history::SCOPE, key, None)
            })
        })
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

/// A job that was to be cancelled takes effect already.
#[must_use]
pub fn too_late(kind: JobKind) -> saibo_model::Error {
    ErrorCode::CellLocked
        .with([format!("the end of the {}, which cannot be cancelled any more", kind.name())])
}
