//! Contents of files: small ones are in the Cell's store, the others in its blobs.

use std::io::Cursor;

use saibo_model::node::Content;
use saibo_model::{ErrorCode, Result};
use saibo_store::{Blobs, ReadSeek, ReadTx, StoredContent, WriteTx};

/// Opens a content.
///
/// # Errors
/// [`ErrorCode::FileInconsistency`] if it is gone; the store's.
pub fn open(tx: &dyn ReadTx, blobs: &dyn Blobs, content: &Content) -> Result<Box<dyn ReadSeek>> {
    if !is_in_blobs(content)
        && let Some(bytes) = tx.small_content(content)?
    {
        return Ok(Box::new(Cursor::new(bytes)));
    }
    blobs.open(content).map_err(|e| saibo_model::Error::from(ErrorCode::FileInconsistency).because(e))
}

/// Registers a content that was written, before the node that refers to it is put.
///
/// # Errors
/// The store's.
pub fn register(tx: &mut dyn WriteTx, stored: &StoredContent) -> Result<()> {
    tx.put_content(&stored.content, stored.small.as_deref())
}

/// Whether the bytes of a content are in the blobs, where they stay until they are swept.
#[must_use]
pub fn is_in_blobs(content: &Content) -> bool {
    content.length > saibo_store::blob::SMALL_CONTENT
}
