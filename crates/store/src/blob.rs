//! Contents of files: immutable, named by their hash, beside the Cell's store.

use std::io::{Read, Seek, Write};

use saibo_model::node::Content;

use crate::Result;

/// A content being read.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Contents up to this length are kept inside the Cell's store: one commit instead of three, and no file to
/// open on a read.
pub const SMALL_CONTENT: u64 = 16 * 1024;

/// A content that was written whole. While this lives, no sweep takes it away, so hold it until the
/// transaction that refers to it has been committed.
pub struct StoredContent {
    /// What it is.
    pub content: Content,
    /// Its bytes, if it is no longer than [`SMALL_CONTENT`]: give them to
    /// [`crate::WriteTx::put_content`]. Else it is in the blobs, on disk.
    pub small: Option<Vec<u8>>,
    /// Keeps it from being swept.
    pub pin: Box<dyn Send + Sync>,
}

/// A content being written. Dropped unfinished, it leaves nothing.
pub trait BlobWriter: Write + Send {
    /// Syncs it to disk and gives it its name.
    fn finish(self: Box<Self>) -> Result<StoredContent>;
}

/// The contents of one Cell.
pub trait Blobs: Send + Sync {
    /// Begins to write a content.
    fn writer(&self) -> Result<Box<dyn BlobWriter>>;

    /// Opens a content that is not kept inside the store.
    ///
    /// Whether it is kept encrypted is the backend's business. If it is, what comes out was authenticated first: a
    /// read fails where the stored bytes were changed, cut or put in another order.
    fn open(&self, content: &Content) -> Result<Box<dyn ReadSeek>>;

    /// Keeps every content from being swept while the guard lives: an export reads them later.
    fn pin_all(&self) -> Box<dyn Send + Sync>;

    /// Removes the contents that nothing refers to and nothing pins; how many.
    fn sweep(&self) -> Result<u64>;
}
