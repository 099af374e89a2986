//! Snapshot files of the Cells, by name.

use std::io::{Read, Seek, Write};

use saibo_model::{Id, Moment};
use serde::{Deserialize, Serialize};

use crate::{ReadSeek, Result};

/// What is known of a snapshot file without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// Its name, as in its URL.
    pub name: String,
    /// Where its bytes are; the backend's own business.
    pub place: String,
    /// Counts the times it was put, from 1.
    pub version: i64,
    /// When first put, ms since 1970.
    pub published: i64,
    /// When last put, ms since 1970.
    pub updated: i64,
    /// Media type.
    pub content_type: String,
    /// Length in bytes.
    pub length: u64,
    /// Of one that was exported here and may be the base of an incremental one: what that has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<SnapshotMark>,
    /// Which snapshot it is. Files that were put there before that was noted have none until somebody needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<SnapshotIdentity>,
}

/// Which snapshot a file is, as far as it can be told without a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotIdentity {
    /// SHA-256 of its manifest, in hexadecimal; none if it has none, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Whether it is encrypted: then it does not say more than is known from elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sealed: bool,
    /// The one that it is to be put over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<SnapshotBase>,
}

/// The base of an incremental snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotBase {
    /// Its name, without what says its form.
    pub name: String,
    /// SHA-256 of its manifest, in hexadecimal.
    pub manifest: String,
}

/// What an incremental snapshot has to know of its base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotMark {
    /// The moment of the Cell's store that it is of.
    pub moment: Moment,
    /// SHA-256 of its manifest, in hexadecimal.
    pub manifest: String,
    /// How many snapshots are to be put over each other to have its content: 1 for a whole one.
    pub in_chain: u32,
}

/// A file that can be written, read back and moved about in.
pub trait WriteSeek: Read + Write + Seek + Send {}
impl<T: Read + Write + Seek + Send> WriteSeek for T {}

/// A snapshot file being written, under no name yet. Dropped unpublished, it leaves nothing.
pub trait SnapshotWriter: Send {
    /// The file.
    fn file(&mut self) -> &mut dyn WriteSeek;
    /// Opens it a second time, to read what was written so far while more is written.
    fn reader(&self) -> Result<Box<dyn ReadSeek>>;
    /// Forgets what is behind that byte, and goes on there.
    fn cut(&mut self, at: u64) -> Result<()>;
    /// Syncs it, puts it where snapshot files of that Cell are, and tells the place; still under no name.
    fn keep(self: Box<Self>, cell: &Id) -> Result<String>;
}

/// A snapshot file that comes in parts, open at its end.
pub trait PartWriter: Send {
    /// Adds bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Puts on disk what has been added.
    fn sync(&mut self) -> Result<()>;
}

/// The bytes of snapshot files. Their names are values of the register (see `saibo-core`), so that a name is
/// given, replaced and taken away in a transaction.
pub trait Snapshots: Send + Sync {
    /// Begins a file. It is on the file system that the Cells are on.
    fn writer(&self) -> Result<Box<dyn SnapshotWriter>>;

    /// Makes an empty file that can be written in parts, also after a restart; the place, which is on disk.
    fn create(&self, cell: &Id) -> Result<String>;

    /// Opens such a file to go on at a byte. What was behind that byte is cut off.
    fn append(&self, cell: &Id, place: &str, from: u64) -> Result<Box<dyn PartWriter>>;

    /// Opens the file at that place.
    fn open(&self, cell: &Id, place: &str) -> Result<Box<dyn ReadSeek>>;

    /// Removes the file at that place.
    fn remove(&self, cell: &Id, place: &str) -> Result<()>;

    /// The places of that Cell's files.
    fn places(&self, cell: &Id) -> Result<Vec<String>>;
}
