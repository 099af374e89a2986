//! Moments of a store, and what was changed since one.
//!
//! A store is asked to remember a moment ([`crate::WriteTx::mark`]). From the first one on it can tell what was put and
//! what was removed since, at a cost that depends on how much that is and not on how much there is.

use saibo_model::{Id, Kind};
use serde::{Deserialize, Serialize};

/// A moment in the life of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Which store: none but one that was written on since has the same. A copy that goes its own way has another.
    pub generation: String,
    /// Counts its moments.
    pub number: i64,
}

/// Something that is not there any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removed {
    /// A document, with every link of it.
    Document {
        /// What it was.
        kind: Kind,
        /// Its id.
        id: Id,
    },
    /// A many-to-many link.
    Link {
        /// The id of its first document.
        first: Id,
        /// The id of its second.
        second: Id,
    },
    /// A node. What was below it has gone, too, or is elsewhere.
    Node {
        /// Its id.
        id: Id,
    },
}

/// How much was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeTotals {
    /// Documents that were put.
    pub documents: u64,
    /// Many-to-many links that were put.
    pub links: u64,
    /// Nodes that were put.
    pub nodes: u64,
    /// Bytes of their contents.
    pub bytes: u64,
    /// What was removed.
    pub removed: u64,
}
