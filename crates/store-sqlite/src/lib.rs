//! The default backend: a SQLite database per Cell, blobs in files.
//!
//! ```text
//! {data}/unit.db                                     the register
//! {data}/tmp/                                        whatever is unfinished; emptied at start
//! {data}/cells/{2}/{cell id}/{generation}/cell.db    one generation of a Cell: documents, nodes, links
//! {data}/cells/{2}/{cell id}/{generation}/blobs/{2}/{hash}
//! {data}/cells/{2}/{cell id}/snapshots/{random}      snapshot files; their names are in the register
//! ```
//! `{2}` are two characters that spread the folders. No name that a client chose reaches the file system.

mod amend;
mod backend;
mod blobs;
mod builder;
mod built;
mod cell;
mod changes;
mod commit;
mod connection;
mod content;
mod defects;
mod draft;
mod encryption;
mod error;
mod export;
mod field;
mod folder;
mod fork;
mod frozen;
mod housekeeper;
mod index;
mod list;
mod making;
mod page;
mod pins;
#[cfg(test)]
mod plans;
mod read;
mod readers;
mod rows;
mod schema;
mod snapshots;
mod sorting;
mod sql;
mod store;
mod track;
mod write;

pub use backend::{Options, SqliteBackend};
pub use encryption::Encryption;
