//! A backend: the register, the Cells, their blobs and snapshots.

use std::sync::Arc;

use saibo_model::Id;

use crate::{Blobs, Builder, Draft, Fork, Result, Snapshots, Store};

/// Where a Cell's data lies: an import makes a new generation and leaves the old one as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The Cell.
    pub cell: Id,
    /// Which of its generations.
    pub generation: u64,
}

/// Everything that a unit stores.
pub trait Backend: Send + Sync {
    /// The unit's register: the Cells' own documents, jobs, names of snapshots.
    fn register(&self) -> Arc<dyn Store>;

    /// Makes the empty store of a new Cell.
    fn create(&self, place: &Place) -> Result<()>;

    /// The store of a Cell. Stays open for a while after its last use.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if there is none.
    fn open(&self, place: &Place) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)>;

    /// Begins to build another generation of a Cell.
    fn build(&self, cell: &Id) -> Result<Box<dyn Builder>>;

    /// Begins another generation that is a copy of one; what is written there may refer to the contents of both this
    /// and the other. `progress` is told pages done and in all, and can stop it by answering `false`.
    fn fork(
        &self,
        from: &Place,
        contents: &Place,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Box<dyn Fork>>;

    /// Begins another generation that is a copy of one, for a later state to be put over it: as after
    /// [`Builder::amend`]. Nobody may sweep the contents of that one before it is finished ([`Blobs::pin_all`]).
    /// `progress` is as for [`Backend::fork`].
    fn amend(&self, from: &Place, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Box<dyn Builder>>;

    /// Forgets and removes one generation. Whoever still reads it can finish.
    fn remove(&self, place: &Place) -> Result<()>;

    /// Forgets and removes everything of a Cell, its snapshots too.
    fn remove_cell(&self, cell: &Id) -> Result<()>;

    /// The generations of a Cell that have data.
    fn generations(&self, cell: &Id) -> Result<Vec<u64>>;

    /// Snapshot files.
    fn snapshots(&self) -> &dyn Snapshots;

    /// Begins a snapshot of a Cell in a way that can be gone on with.
    fn draft(&self, cell: &Id) -> Result<Box<dyn Draft>>;

    /// Opens one that a process before this one began: as that left it. `None` if it is not there, or may have been
    /// damaged since: by a power loss, where nobody had put it on disk.
    fn draft_again(&self, cell: &Id, name: &str) -> Result<Option<Box<dyn Draft>>>;

    /// Opens a generation that a process before this one began to build, as it was at its last
    /// [`Builder::checkpoint`]; and what that said. `None` as for [`Backend::draft_again`], or if it had none.
    fn build_again(&self, cell: &Id, name: &str) -> Result<Option<(Box<dyn Builder>, String)>>;

    /// Removes what processes before this one left to be gone on with, but for these.
    fn remove_drafts_but(&self, names: &[&str]) -> Result<()>;

    /// Bytes that can still be written.
    fn free_space(&self) -> Result<u64>;
}
