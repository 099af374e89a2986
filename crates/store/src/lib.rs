//! What a storage backend must do, as narrow traits, and the one contract suite that every backend passes.
//!
//! A [`Backend`] keeps the unit's register and any number of Cells. Register and Cell are both a [`Store`]:
//! documents, links, nodes and small values, read and written in transactions ([`ReadTx`], [`WriteTx`]).
//! Contents of files lie beside it in [`Blobs`]; whole snapshots in [`Snapshots`]; a Cell that is imported
//! is made beside the live one by a [`Builder`].
//!
//! The verbs are few and each says what it promises, so that a backend over PostgreSQL and an object store
//! can keep them with every key starting with the Cell's id.

pub mod backend;
pub mod blob;
pub mod builder;
pub mod change;
pub mod draft;
pub mod error;
pub mod fork;
pub mod snapshot;
pub mod stamp;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod tx;

pub use backend::{Backend, Place};
pub use blob::{BlobWriter, Blobs, ReadSeek, StoredContent};
pub use builder::{Builder, Origin};
pub use change::ChangeTotals;
pub use draft::Draft;
pub use error::{Error, ErrorKind, Result};
pub use fork::Fork;
pub use snapshot::{
    PartWriter, SnapshotBase, SnapshotIdentity, SnapshotInfo, SnapshotMark, SnapshotWriter, Snapshots,
    WriteSeek,
};
pub use stamp::Stamp;
pub use store::{Store, StoreExt};
pub use tx::{ReadTx, Scan, Value, WriteTx};
