//! Another generation of a Cell that begins as a copy of one that is there.

use saibo_model::Result as DomainResult;

use crate::builder::Built;
use crate::{Result, WriteTx};

/// Work on a [`Fork`].
pub type ForkWork<'a> = &'a mut dyn FnMut(&mut dyn WriteTx) -> DomainResult<()>;

/// A copy of a generation that is changed before anybody sees it. Dropped, it leaves nothing.
pub trait Fork: Send {
    /// Changes it. After an error it can only be dropped.
    ///
    /// # Errors
    /// The work's own; the store's.
    fn write(&mut self, work: ForkWork<'_>) -> DomainResult<()>;

    /// Puts everything on disk, with the contents that it refers to. Nobody may sweep those of the generations that it
    /// was made of before this returns ([`crate::Blobs::pin_all`]).
    fn finish(self: Box<Self>) -> Result<Built>;
}
