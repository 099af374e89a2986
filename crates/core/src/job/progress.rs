//! How far a job is, counted and never guessed.
//!
//! Work is measured in bytes, weighed so that equal shares take about equal time; what there is to do is counted
//! before the first byte is moved. Whatever is asked, the answer never goes back.

use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use saibo_model::ErrorCode;

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::clock;

/// What has been decided about a job.
mod fate {
    /// It goes on.
    pub(super) const OPEN: u8 = 0;
    /// It is to stop, for the unit does.
    pub(super) const STOPPED: u8 = 1;
    /// It is to stop for good: somebody wants it no more.
    pub(super) const CANCELLED: u8 = 2;
    /// It takes effect, and cannot be stopped any more.
    pub(super) const SEALED: u8 = 3;
}

/// Says that a job was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

impl From<Stopped> for saibo_model::Error {
    fn from(stopped: Stopped) -> Self {
        saibo_model::Error::from(ErrorCode::UnderMaintenance).because(stopped)
    }
}

/// The progress of one job. The job counts, others look.
#[derive(Debug, Default)]
pub struct Progress {
    fate: AtomicU8,
    phase: AtomicU8,
    began: AtomicI64,
    work: AtomicU64,
    work_total: AtomicU64,
    percent: AtomicU64,
    items: AtomicU64,
    items_total: AtomicU64,
    bytes: AtomicU64,
    bytes_total: AtomicU64,
    documents: AtomicU64,
    links: AtomicU64,
    files: AtomicU64,
    told: OnceLock<String>,
    part: Option<Part>,
}

/// What a job is a part of.
#[derive(Debug)]
pub struct Part {
    whole: Arc<Progress>,
    /// Work of the whole that it is.
    share: u64,
}

impl Part {
    /// A part of a job, so much of its work.
    #[must_use]
    pub fn of(whole: Arc<Progress>, share: u64) -> Self {
        Self { whole, share }
    }
}

/// See [`Progress::counting`].
pub(crate) struct Counting<R> {
    content: R,
    progress: Arc<Progress>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.progress.check().map_err(std::io::Error::other)?;
        let read = self.content.read(buffer)?;
        self.progress.work(read as u64);
        Ok(read)
    }
}

/// How much a job has done, told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents.
    pub documents: u64,
    /// Links, those aside that entities hold themselves.
    pub links: u64,
    /// Files.
    pub files: u64,
    /// Bytes, as [`Snapshot::bytes_done`].
    pub bytes: u64,
}

/// All that was counted of a job, to be gone on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Work, as weighed.
    pub work: u64,
    /// Documents, links and resources.
    pub items: u64,
    /// What it is told apart by.
    pub counts: Counts,
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.content.seek(to)
    }
}

/// What there is to do, counted beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Documents, links, resources.
    pub items: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Everything, weighed; see [`Progress::work`].
    pub work: u64,
}

/// A look at a [`Progress`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// What it is at.
    pub phase: Phase,
    /// Per cent of the whole; 100 only when it is over.
    pub percent: u64,
    /// Documents, links and resources done.
    pub items_done: u64,
    /// Of how many.
    pub items_total: u64,
    /// Bytes of them done.
    pub bytes_done: u64,
    /// Of how many.
    pub bytes_total: u64,
    /// Bytes a second, since it began.
    pub bytes_per_second: u64,
    /// Seconds that are left at this pace; unknown at first.
    pub seconds_left: Option<u64>,
}

impl Progress {
    /// Of a job that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a part of a job: it stops with that, and moves it on.
    #[must_use]
    pub fn part(part: Part) -> Arc<Self> {
        Arc::new(Self { part: Some(part), ..Self::default() })
    }

    /// Says what there is to do.
    pub fn set_totals(&self, totals: Totals) {
        self.items_total.store(totals.items, Ordering::Relaxed);
        self.bytes_total.store(totals.bytes, Ordering::Relaxed);
        self.work_total.store(totals.work.max(1), Ordering::Relaxed);
    }

    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        if self.began.load(Ordering::Relaxed) == 0 {
            self.began.store(clock::now(), Ordering::Relaxed);
        }
        self.phase.store(phase as u8, Ordering::Relaxed);
        if let Some(part) = &self.part {
            part.whole.enter(phase);
        }
    }

    /// Counts work, in bytes as weighed by the job.
    pub fn work(&self, amount: u64) {
        let done = self.work.fetch_add(amount, Ordering::Relaxed) + amount;
        let total = self.work_total.load(Ordering::Relaxed);
        if total > 0 {
            // 100 is for the end alone.
            let percent = (u128::from(done) * 100 / u128::from(total)).min(99);
            let percent = u64::try_from(percent).unwrap_or(99);
            let before = self.percent.fetch_max(percent, Ordering::Relaxed);
            if let Some(part) = &self.part {
                let share = |percent| part.share * percent / 100;
                part.whole.work(share(percent).saturating_sub(share(before)));
            }
        }
    }

    /// Counts items and their bytes as done.
    pub fn done(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A content whose bytes are counted as work when they are read, and that ends with the job.
    pub(crate) fn counting<R>(self: &Arc<Self>, content: R) -> Counting<R> {
        Counting { content, progress: self.clone() }
    }

    /// Counts a document as done.
    pub fn document(&self) {
        self.documents.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts so many documents as done.
    pub fn documents(&self, count: u64) {
        self.documents.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts a link as done.
    pub fn link(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a file as done.
    pub fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Says what came of it, as JSON; once.
    pub fn tell(&self, result: String) {
        let _ = self.told.set(result);
    }

    /// What came of it, where that is more than that it is done.
    #[must_use]
    pub fn told(&self) -> Option<&str> {
        self.told.get().map(String::as_str)
    }

    /// How much is done.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            documents: load(&self.documents),
            links: load(&self.links),
            files: load(&self.files),
            bytes: load(&self.bytes),
        }
    }

    /// All that was counted so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally { work: load(&self.work), items: load(&self.items), counts: self.counts() }
    }

    /// Goes on from what another process had counted.
    pub fn take_up(&self, tally: Tally) {
        let Tally { work, items, counts: Counts { documents, links, files, bytes } } = tally;
        self.work(work);
        self.done(items, bytes);
        self.documents.fetch_add(documents, Ordering::Relaxed);
        self.links.fetch_add(links, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    /// Forgets what was counted: the work begins anew. How many per cent were told stays, until it is past them.
    pub fn reset(&self) {
        for counter in [&self.work, &self.items, &self.bytes, &self.documents, &self.links, &self.files] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Asks the job to stop, to be taken up again. One that takes effect already goes on.
    pub fn stop(&self) {
        self.decide(fate::STOPPED, |now| now == fate::OPEN);
    }

    /// Asks the job to stop for good; whether it will. One that takes effect already goes on.
    #[must_use]
    pub fn cancel(&self) -> bool {
        self.decide(fate::CANCELLED, |now| now != fate::SEALED)
    }

    /// Whether somebody has cancelled the job.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.fate.load(Ordering::Acquire) == fate::CANCELLED
    }

    /// Whether the job was asked to stop, to be taken up again.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.fate.load(Ordering::Acquire) == fate::STOPPED
    }

    /// For the job: what comes next is its effect, and nobody can cancel it any more. So either it was cancelled, or
    /// it takes effect, and never both.
    ///
    /// # Errors
    /// [`Stopped`] if it was stopped or cancelled before.
    pub fn seal(&self) -> Result<(), Stopped> {
        let sealed = self.decide(fate::SEALED, |now| now == fate::OPEN || now == fate::SEALED);
        if sealed { Ok(()) } else { Err(Stopped) }
    }

    /// Decides, unless something else was decided before.
    fn decide(&self, next: u8, may: impl Fn(u8) -> bool) -> bool {
        self.fate.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| may(now).then_some(next)).is_ok()
    }

    /// For the job: whether it may go on.
    ///
    /// # Errors
    /// [`Stopped`] if not.
    pub fn check(&self) -> Result<(), Stopped> {
        match self.fate.load(Ordering::Relaxed) {
            fate::STOPPED | fate::CANCELLED => Err(Stopped),
            _ => self.part.as_ref().map_or(Ok(()), |part| part.whole.check()),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let began = self.began.load(Ordering::Relaxed);
        let elapsed = u64::try_from(clock::now() - began).unwrap_or(0).max(1);
        let (work, work_total) = (load(&self.work), load(&self.work_total));
        let left = work_total.saturating_sub(work);
        let seconds_left = (began > 0 && work > 0 && work_total > 0)
            .then(|| u128::from(elapsed) * u128::from(left) / u128::from(work) / 1000)
            .and_then(|seconds| u64::try_from(seconds).ok());
        let bytes_done = load(&self.bytes);
        Snapshot {
            phase: Phase::ALL[usize::from(self.phase.load(Ordering::Relaxed)) % Phase::ALL.len()],
            percent: load(&self.percent),
            items_done: load(&self.items),
            items_total: load(&self.items_total),
            bytes_done,
            bytes_total: load(&self.bytes_total),
            bytes_per_second: if began > 0 { bytes_done.saturating_mul(1000) / elapsed } else { 0 },
            seconds_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_goes_back_and_ends_below_a_hundred() {
        let progress = Progress::new();
        progress.set_totals(Totals { items: 10, bytes: 1000, work: 1000 });
        let mut last = 0;
        for _ in 0..30 {
            progress.work(50);
            let now = progress.snapshot().percent;
            assert!(now >= last && now <= 99, "{last} then {now}");
            last = now;
        }
        assert_eq!(last, 99);
    }

    #[test]
    fn a_job_is_cancelled_or_takes_effect() {
        let cancelled = Progress::new();
        assert!(cancelled.check().is_ok() && cancelled.cancel() && cancelled.cancel());
        assert!(cancelled.is_cancelled() && cancelled.check().is_err() && cancelled.seal().is_err());
        let sealed = Progress::new();
        assert!(sealed.seal().is_ok() && sealed.seal().is_ok());
        sealed.stop();
        assert!(!sealed.cancel() && !sealed.is_cancelled() && sealed.check().is_ok());
        let stopped = Progress::new();
        stopped.stop();
        assert!(stopped.check().is_err() && stopped.seal().is_err() && !stopped.is_cancelled());
        // Cancelled while the unit stops, it is not taken up again.
        assert!(stopped.cancel() && stopped.is_cancelled());
    }
}
