//! What a unit, a Cell and a Box are made of: ids, names, URLs, ACLs, EDM types, queries, errors.
//!
//! Everything here is plain data. Nothing does I/O, reads a clock or knows HTTP, so every other crate may
//! use it and it may use none of them.

pub mod acl;
pub mod change;
pub mod document;
pub mod edm;
pub mod error;
pub mod id;
pub mod name;
pub mod node;
pub mod privilege;
pub mod query;
pub mod url;

pub use change::{Moment, Removed};
pub use document::{Document, EntitySet, Kind};
pub use error::{Error, ErrorCode, Result};
pub use id::Id;
pub use node::{Node, NodeKind};
