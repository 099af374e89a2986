//! A store of documents and nodes: a Cell's, or the unit's register.

use std::sync::Arc;

use saibo_model::query::Field;
use saibo_model::{EntitySet, Result as DomainResult};

use crate::{ReadTx, Result, WriteTx};

/// Work inside a read transaction.
pub type ReadWork<'a> = &'a mut dyn FnMut(&dyn ReadTx) -> DomainResult<()>;
/// Work inside a write transaction. It may run on another thread: one that commits for several.
pub type WriteWork = Box<dyn FnOnce(&mut dyn WriteTx) -> DomainResult<()> + Send>;

/// A transactional store. Calls block: run them off the async threads.
pub trait Store: Send + Sync {
    /// Runs work on one stable view. Never waits for a writer.
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()>;

    /// Runs work alone and commits it; when this returns `Ok`, what it wrote is on disk. Works that wait at
    /// the same time may share one commit, each in its own savepoint: an error of one undoes that one alone.
    ///
    /// # Errors
    /// The work's own error, after which nothing of it is left; or the store's.
    fn write_with(&self, work: WriteWork) -> DomainResult<()>;

    /// A number for the state that the store is in: as long as it is the same, nothing was written. A write has changed
    /// it when its caller hears of it ([`Stamp`](crate::Stamp)). Costs nothing; a backend that others write to as well
    /// has another number each time. [`Store::index`] changes nothing that anybody reads, nor this number.
    fn stamp(&self) -> u64;

    /// A private copy of this moment, which writers do not hold up and are not held up by, in the draft of a name
    /// ([`crate::Draft::copy`]). `progress` is told pages done and in all, and can stop it by answering `false`.
    fn freeze(&self, draft: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>>;

    /// Makes queries that compare or order this field of this set quick, where the backend can. It takes as long as the
    /// set is large, but others write on meanwhile, and what they write is found. `go_on` is asked between two steps and
    /// can stop it by answering `false`. Whether it was stopped or the process ended: queries find what they found
    /// before, and the next call goes on, if the backend has not done so by itself.
    ///
    /// # Errors
    /// The store's; an index that is there already is none.
    fn index(&self, set: &EntitySet, field: &Field, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()>;

    /// Refuses every later write with [`crate::ErrorKind::Retired`], after the running one has ended.
    fn retire(&self);

    /// Takes writes again, where a replacement did not come to pass.
    fn reinstate(&self);

    /// Bytes on disk, roughly: what a copy of it will need.
    fn size(&self) -> Result<u64>;
}

/// The closures that callers write, with results.
pub trait StoreExt {
    /// [`Store::read_with`] with a result.
    fn read<R>(&self, work: impl FnOnce(&dyn ReadTx) -> DomainResult<R>) -> DomainResult<R>;

    /// [`Store::write_with`] with a result.
    fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn WriteTx) -> DomainResult<R> + Send + 'static,
    ) -> DomainResult<R>;
}

impl<S: Store + ?Sized> StoreExt for S {
    fn read<R>(&self, work: impl FnOnce(&dyn ReadTx) -> DomainResult<R>) -> DomainResult<R> {
        let mut work = Some(work);
        let mut result = None;
        self.read_with(&mut |tx| {
            if let Some(work) = work.take() {
                result = Some(work(tx)?);
            }
            Ok(())
        })?;
        result.ok_or_else(never_ran)
    }

    fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn WriteTx) -> DomainResult<R> + Send + 'static,
    ) -> DomainResult<R> {
        let (give, take) = std::sync::mpsc::sync_channel(1);
        self.write_with(Box::new(move |tx| {
            let result = work(tx)?;
            // The receiver lives until `write_with` returns, so this cannot fail.
            give.send(result).map_err(|_| never_ran())
        }))?;
        take.try_recv().map_err(|_| never_ran())
    }
}

fn never_ran() -> saibo_model::Error {
    crate::Error::new(crate::ErrorKind::Other, "running a transaction, which ended without a result").into()
}
