//! Moments of a store, and what is not there any more since one.

use serde::{Deserialize, Serialize};

use crate::{Id, Kind};

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
