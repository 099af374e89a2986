//! A backend whose register can be stopped at a write, as a crash stops it, and looked at between two reads, and that
//! tells when it has copied a generation; what is asked of its Cells is counted.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use saibo_core::Unit;
use saibo_model::node::Content;
use saibo_model::query::Field;
use saibo_model::{EntitySet, Id, Result as DomainResult};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::{
    Backend, BlobWriter, Blobs, Builder, Draft, Error, ErrorKind, Fork, PartWriter, Place, ReadSeek, Result,
    SnapshotWriter, Snapshots, Store,
};
use saibo_store_sqlite::SqliteBackend;

use crate::counted::{Counted, Queries};
use crate::support::{backend, settings, unit_on};

type Hook = Box<dyn FnOnce() + Send>;

/// What is done at the register.
#[derive(Default)]
pub(crate) struct Hooks {
    after_read: Mutex<Option<Hook>>,
    after_fork: Mutex<Option<Box<dyn Fn() + Send>>>,
    is_full: AtomicBool,
    after_opened: Mutex<Option<(usize, Hook)>>,
    opened: AtomicUsize,
    after_bytes: Mutex<Option<(u64, Hook)>>,
    bytes: AtomicU64,
    stop: Mutex<Stop>,
    changed: Condvar,
    queries: Arc<Queries>,
}

#[derive(Default)]
struct Stop {
    /// How many more beginnings and ends of writes pass; the one after them is stopped, and all that follow.
    left: Option<usize>,
    stopped: usize,
    released: bool,
}

impl Hooks {
    /// Runs something once, after the next read and before its outcome is used.
    pub(crate) fn after_read(&self, work: impl FnOnce() + Send + 'static) {
        *self.after_read.lock() = Some(Box::new(work));
    }

    /// How many queries of Cells there were while something was done.
    pub(crate) fn queries_of<R>(&self, work: impl FnOnce() -> R) -> (R, usize) {
        let before = self.queries.own();
        let outcome = work();
        (outcome, self.queries.own() - before)
    }

    /// Runs something once, when that many contents of files have been opened.
    pub(crate) fn after_opened(&self, count: usize, work: impl FnOnce() + Send + 'static) {
        *self.after_opened.lock() = Some((count, Box::new(work)));
    }

    /// How many contents of files have been opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Runs something once, when that many bytes of snapshot files have been read.
    pub(crate) fn after_bytes(&self, bytes: u64, work: impl FnOnce() + Send + 'static) {
        *self.after_bytes.lock() = Some((bytes, Box::new(work)));
    }

    /// How many bytes of snapshot files have been read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Has the disk full, or with room again.
    pub(crate) fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// Runs something each time after a generation was copied and before the copy is used.
    pub(crate) fn after_fork(&self, work: impl Fn() + Send + 'static) {
        *self.after_fork.lock() = Some(Box::new(work));
    }

    /// Stops everything that comes to write, or has written and is not told so yet, after so many beginnings and ends
    /// of writes.
    pub(crate) fn stop_after(&self, steps: usize) {
        self.stop.lock().left = Some(steps);
    }

    /// Waits until something was stopped; false if `over` comes true before.
    pub(crate) fn wait(&self, over: impl Fn() -> bool) -> bool {
        let mut stop = self.stop.lock();
        while stop.stopped == 0 {
            if over() {
                return false;
            }
            self.changed.wait_for(&mut stop, Duration::from_millis(2));
        }
        true
    }

    /// Has what was stopped fail, so that its threads end.
    pub(crate) fn release(&self) {
        self.stop.lock().released = true;
        self.changed.notify_all();
    }

    /// Whether a write may begin, or return.
    fn pass(&self) -> bool {
        let mut stop = self.stop.lock();
        match &mut stop.left {
            None => return true,
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                return true;
            }
        }
        stop.stopped += 1;
        self.changed.notify_all();
        while !stop.released {
            self.changed.wait(&mut stop);
        }
        false
    }
}

/// A unit on a folder, with hooks at its register.
pub(crate) fn open(folder: &Path) -> (Arc<Unit>, Arc<Hooks>) {
    let hooks = Arc::new(Hooks::default());
    let hooked = Hooked { inner: backend(folder), hooks: hooks.clone() };
    (unit_on(Arc::new(hooked), settings()), hooks)
}

/// The folder as a crash at this moment would leave it.
pub(crate) fn crashed(folder: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    copy(folder, image.path());
    image
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if entry.is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry, &to);
        } else if !entry.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&entry, &to).unwrap();
        }
    }
}

struct Hooked {
    inner: SqliteBackend,
    hooks: Arc<Hooks>,
}

struct HookedRegister {
    inner: Arc<dyn Store>,
    hooks: Arc<Hooks>,
}

impl Store for HookedRegister {
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()> {
        let outcome = self.inner.read_with(work);
        let hook = self.hooks.after_read.lock().take();
        if let Some(hook) = hook {
            hook();
        }
        outcome
    }

    fn write_with(&self, work: WriteWork) -> DomainResult<()> {
        if self.hooks.pass() {
            let outcome = self.inner.write_with(work);
            if self.hooks.pass() {
                return outcome;
            }
        }
        Err(Error::new(ErrorKind::Other, "writing, when it was stopped").into())
    }

    fn stamp(&self) -> u64 {
        self.inner.stamp()
    }

    fn freeze(&self, draft: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        self.inner.freeze(draft, progress)
    }

    fn index(&self, set: &EntitySet, field: &Field, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        self.inner.index(set, field, go_on)
    }

    fn retire(&self) {
        self.inner.retire();
    }

    fn reinstate(&self) {
        self.inner.reinstate();
    }

    fn size(&self) -> Result<u64> {
        self.inner.size()
    }
}

/// Counts the contents that are opened.
struct HookedBlobs {
    inner: Arc<dyn Blobs>,
    hooks: Arc<Hooks>,
}

impl Blobs for HookedBlobs {
    fn writer(&self) -> Result<Box<dyn BlobWriter>> {
        self.inner.writer()
    }

    fn open(&self, content: &Content) -> Result<Box<dyn ReadSeek>> {
        let opened = self.hooks.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let hook = self.hooks.after_opened.lock().take_if(|(count, _)| *count == opened);
        if let Some((_, hook)) = hook {
            hook();
        }
        self.inner.open(content)
    }

    fn pin_all(&self) -> Box<dyn Send + Sync> {
        self.inner.pin_all()
    }

    fn sweep(&self) -> Result<u64> {
        self.inner.sweep()
    }
}

impl Snapshots for Hooked {
    fn writer(&self) -> Result<Box<dyn SnapshotWriter>> {
        self.inner.snapshots().writer()
    }

    fn create(&self, cell: &Id) -> Result<String> {
        self.inner.snapshots().create(cell)
    }

    fn append(&self, cell: &Id, place: &str, from: u64) -> Result<Box<dyn PartWriter>> {
        self.inner.snapshots().append(cell, place, from)
    }

    fn open(&self, cell: &Id, place: &str) -> Result<Box<dyn ReadSeek>> {
        let inner = self.inner.snapshots().open(cell, place)?;
        Ok(Box::new(HookedFile { inner, hooks: self.hooks.clone() }))
    }

    fn remove(&self, cell: &Id, place: &str) -> Result<()> {
        self.inner.snapshots().remove(cell, place)
    }

    fn places(&self, cell: &Id) -> Result<Vec<String>> {
        self.inner.snapshots().places(cell)
    }
}

/// Counts what is read of a snapshot file.
struct HookedFile {
    inner: Box<dyn ReadSeek>,
    hooks: Arc<Hooks>,
}

impl Read for HookedFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = self.hooks.bytes.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
        let hook = self.hooks.after_bytes.lock().take_if(|(count, _)| *count <= bytes);
        if let Some((_, hook)) = hook {
            hook();
        }
        Ok(read)
    }
}

impl Seek for HookedFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

impl Backend for Hooked {
    fn register(&self) -> Arc<dyn Store> {
        Arc::new(HookedRegister { inner: self.inner.register(), hooks: self.hooks.clone() })
    }

    fn create(&self, place: &Place) -> Result<()> {
        self.inner.create(place)
    }

    fn open(&self, place: &Place) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)> {
        let (inner, blobs) = self.inner.open(place)?;
        let blobs = HookedBlobs { inner: blobs, hooks: self.hooks.clone() };
        Ok((Arc::new(Counted { inner, queries: self.hooks.queries.clone() }), Arc::new(blobs)))
    }

    fn build(&self, cell: &Id) -> Result<Box<dyn Builder>> {
        self.inner.build(cell)
    }

    fn fork(
        &self,
        from: &Place,
        contents: &Place,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Box<dyn Fork>> {
        let fork = self.inner.fork(from, contents, progress);
        if let Some(hook) = &*self.hooks.after_fork.lock() {
            hook();
        }
        fork
    }

    fn amend(&self, from: &Place, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Box<dyn Builder>> {
        self.inner.amend(from, progress)
    }

    fn remove(&self, place: &Place) -> Result<()> {
        self.inner.remove(place)
    }

    fn remove_cell(&self, cell: &Id) -> Result<()> {
        self.inner.remove_cell(cell)
    }

    fn generations(&self, cell: &Id) -> Result<Vec<u64>> {
        self.inner.generations(cell)
    }

    fn snapshots(&self) -> &dyn Snapshots {
        self
    }

    fn draft(&self, cell: &Id) -> Result<Box<dyn Draft>> {
        self.inner.draft(cell)
    }

    fn draft_again(&self, cell: &Id, name: &str) -> Result<Option<Box<dyn Draft>>> {
        self.inner.draft_again(cell, name)
    }

    fn build_again(&self, cell: &Id, name: &str) -> Result<Option<(Box<dyn Builder>, String)>> {
        self.inner.build_again(cell, name)
    }

    fn remove_drafts_but(&self, names: &[&str]) -> Result<()> {
        self.inner.remove_drafts_but(names)
    }

    fn free_space(&self) -> Result<u64> {
        if self.hooks.is_full.load(Ordering::Relaxed) { Ok(0) } else { self.inner.free_space() }
    }
}
