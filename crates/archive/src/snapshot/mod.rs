//! Snapshots: what lies where in the zip, and what the entries say.
//!
//! ```text
//! 00_manifest.json           when and where it was exported
//! 10_odata/00_cell.json      the Cell's own document
//! 10_odata/NN_type.pjson     documents, one a line; 80_link.pjson: links
//! 20_webdav/…                a folder a resource: .pmeta, and content for a file
//! index.html, readable/…     if asked for: a copy for people, which no program needs
//! 90_saibo/removed.jsonl     ours, of an incremental snapshot: what was removed since its base
//! 90_saibo/entries.jsonl     ours: name, length and SHA-256 of every entry above
//! 90_saibo/manifest.json     ours: where from, counts, the content root
//! 90_saibo/signature.json    ours: Ed25519 signature of that manifest
//! ```
//! The reference reads the first three and ignores what else there is. An incremental snapshot it must not take for a
//! whole one, so its `00_manifest.json` has a version of its own, which the reference refuses.

pub(crate) mod counts;
pub(crate) mod document;
pub(crate) mod glance;
pub(crate) mod layout;
pub(crate) mod lines;
pub(crate) mod link;
pub(crate) mod manifest;
pub(crate) mod meta;
pub(crate) mod reader;
pub(crate) mod removed;
pub(crate) mod summary;
pub(crate) mod verify;
pub(crate) mod walk;
pub(crate) mod writer;
