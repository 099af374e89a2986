//! What an import into a Cell that keeps its content has done, counted by type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Objects by type: documents by the name of theirs, `collection`, `file`, `link`.
pub type ByType = BTreeMap<String, u64>;

/// What became of the objects of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// Objects that the Cell had not.
    pub created: ByType,
    /// Objects in whose place the snapshot's are now.
    pub replaced: ByType,
    /// Objects that have something of both.
    pub merged: ByType,
    /// Objects that stayed as they were though the snapshot's are others.
    pub skipped: ByType,
    /// Objects that were as the snapshot has them, or came to be so without a change.
    pub unchanged: ByType,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Created,
    Replaced,
    Merged,
    Skipped,
    Unchanged,
}

impl Effects {
    pub(super) fn add(&mut self, effect: Effect, kind: &str) {
        let counts = match effect {
            Effect::Created => &mut self.created,
            Effect::Replaced => &mut self.replaced,
            Effect::Merged => &mut self.merged,
            Effect::Skipped => &mut self.skipped,
            Effect::Unchanged => &mut self.unchanged,
        };
        match counts.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(counts.insert(kind.to_owned(), 1)),
        }
    }
}
