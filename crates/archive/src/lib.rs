//! Snapshot files: a zip that is written as a stream, and a reader that trusts nothing in it.
//!
//! A snapshot (version 2, as personium-core writes it) holds everything in a Cell. [`SnapshotWriter`] turns
//! documents, links and WebDAV resources into one, [`SnapshotReader`] gives them back, and [`verify`] says
//! whether a file is exactly what its unit signed. All are pure codecs over [`std::io`] traits: no file system,
//! no clock, no store.
//!
//! Memory does not grow with the Cell. That is why the zip container is our own (`zip` module): a writer that keeps
//! its central directory in a spool instead of in memory, and a reader that sees duplicate names, overlapping
//! entries and headers that disagree, which a general library resolves in silence.

mod error;
mod json;
mod limits;
mod sealed;
mod snapshot;
mod zip;

pub use error::{Error, Result};
pub use json::{member, members, object};
pub use limits::Limits;
pub use sealed::{Key, Lock, Sealed, Unsealed, is_sealed};
pub use snapshot::counts::{BoxCounts, Counts};
pub use snapshot::document::DocumentLine;
pub use snapshot::glance::{Glance, Glances};
pub use snapshot::layout::documents as documents_entry;
pub use snapshot::lines::{Block, Documents, Links};
pub use snapshot::link::LinkLine;
pub use snapshot::manifest::{
    Base, EXPORT_VERSION, EntryList, ExportManifest, INCREMENTAL_EXPORT_VERSION, MANIFEST_VERSIONS, Manifest,
    Selection, key_id,
};
pub use snapshot::meta::NodeMeta;
pub use snapshot::reader::{SnapshotReader, Totals};
pub use snapshot::removed::Removals;
pub use snapshot::summary::{Signer, Summary};
pub use snapshot::verify::{Finding, Problem, Progress, Report, verify, verify_rest};
pub use snapshot::walk::{Resource, Resources};
pub use snapshot::writer::{Origin, ReadableEntry, SnapshotWriter, Written, standing};
pub use zip::entry::EntryReader;
pub use zip::standing::Standing;
