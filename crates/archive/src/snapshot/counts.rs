//! How much of what a snapshot holds: for people to see, and to tell that nothing is missing.

use std::collections::BTreeMap;

use saibo_model::node::MAIN_BOX;
use saibo_model::{Kind, NodeKind};
use serde::{Deserialize, Serialize};

use super::document::DocumentLine;

/// Counts of a whole snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Documents by the name of their type; those that the Cell has none of are not listed.
    pub documents: BTreeMap<String, u64>,
    /// Many-to-many links.
    pub links: u64,
    /// WebDAV collections, boxes included.
    pub collections: u64,
    /// Files.
    pub files: u64,
    /// Sum of the files' lengths.
    pub bytes: u64,
    /// Of an incremental snapshot: what was removed since its base.
    #[serde(default, skip_serializing_if = "is_none")]
    pub removed: u64,
    /// The same by Box: by the id of its document, for the main box `__`.
    pub boxes: BTreeMap<String, BoxCounts>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Counts of one Box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxCounts {
    /// Schema documents and entities of its OData collections.
    pub documents: u64,
    /// Collections, its own included.
    pub collections: u64,
    /// Files.
    pub files: u64,
    /// Sum of the files' lengths.
    pub bytes: u64,
}

impl Counts {
    /// Documents of all types.
    #[must_use]
    pub fn total_documents(&self) -> u64 {
        self.documents.values().sum()
    }

    pub(crate) fn document(&mut self, line: &DocumentLine<'_>) {
        if line.kind == Kind::Cell {
            return;
        }
        match self.documents.get_mut(line.kind.name()) {
            Some(count) => *count += 1,
            None => {
                self.documents.insert(line.kind.name().to_owned(), 1);
            }
        }
        // Only Box documents make new boxes: an entity that names one that is not there must not fill memory.
        if line.kind == Kind::Box {
            self.boxes.entry(line.id.clone().into_owned()).or_default();
        }
        if let Some(box_id) = &line.box_id {
            let main = line.cell.as_ref() == Some(box_id);
            if let Some(counts) = self.of_box(if main { MAIN_BOX } else { box_id }) {
                counts.documents += 1;
            }
        }
    }

    pub(crate) fn node(&mut self, path: &str, kind: NodeKind) {
        let is_file = kind == NodeKind::File;
        if path.is_empty() {
            return;
        }
        *(if is_file { &mut self.files } else { &mut self.collections }) += 1;
        if let Some(counts) = self.of_box(first_segment(path)) {
            *(if is_file { &mut counts.files } else { &mut counts.collections }) += 1;
        }
    }

    pub(crate) fn content(&mut self, path: &str, length: u64) {
        self.bytes += length;
        if let Some(counts) = self.of_box(first_segment(path)) {
            counts.bytes += length;
        }
    }

    fn of_box(&mut self, name: &str) -> Option<&mut BoxCounts> {
        if name == MAIN_BOX && !self.boxes.contains_key(MAIN_BOX) {
            self.boxes.insert(MAIN_BOX.to_owned(), BoxCounts::default());
        }
        self.boxes.get_mut(name)
    }
}

fn first_segment(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}
