//! A snapshot file in the making, with what another process needs to go on with it.

use std::sync::Arc;

use crate::{Result, SnapshotWriter, Store, WriteSeek};

/// What an export has done so far. Dropped, it leaves nothing, unless [`Draft::leave`] was called or the process ended:
/// then it can be opened again ([`crate::Backend::draft_again`]), until the backend is told to remove it.
pub trait Draft: Send + Sync {
    /// What it is opened again by.
    fn name(&self) -> &str;

    /// Copies a store into it ([`Store::freeze`]), or opens the copy that is there. It goes with the draft.
    ///
    /// # Errors
    /// The store's; that it was stopped.
    fn copy(&self, store: &dyn Store, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>>;

    /// The snapshot file, at its beginning, with what was written so far.
    ///
    /// # Errors
    /// That it cannot be opened.
    fn writer(&self) -> Result<Box<dyn SnapshotWriter>>;

    /// The list of its entries, at its beginning, with what was written so far.
    ///
    /// # Errors
    /// That it cannot be opened.
    fn list(&self) -> Result<Box<dyn WriteSeek>>;

    /// Puts all of it on disk, and has it stay.
    ///
    /// # Errors
    /// That this failed: then it goes when it is dropped.
    fn leave(&self) -> Result<()>;
}
