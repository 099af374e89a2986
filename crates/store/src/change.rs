//! What was changed since a moment.
//!
//! A store is asked to remember a moment ([`crate::WriteTx::mark`]). From the first one on it can tell what was put and
//! what was removed since, at a cost that depends on how much that is and not on how much there is.

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
