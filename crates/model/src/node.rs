//! The tree of WebDAV resources: the Cell itself, its boxes, their collections and files.

use crate::Id;

/// What a node is, as a snapshot's `.pmeta` spells it in `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// The Cell's own properties and ACL: the root of the tree.
    Cell,
    /// A Box.
    Box,
    /// A plain WebDAV collection.
    WebDav,
    /// An OData service collection.
    OData,
    /// An engine service collection.
    Service,
    /// A stream collection.
    Stream,
    /// A file.
    File,
}

impl NodeKind {
    /// The spelling of a `.pmeta`'s `t`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Cell => "Cell",
            NodeKind::Box => "col.box",
            NodeKind::WebDav => "col.webdav",
            NodeKind::OData => "col.odata",
            NodeKind::Service => "col.svc",
            NodeKind::Stream => "col.stream",
            NodeKind::File => "dav.file",
        }
    }

    /// The kind of that spelling.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Cell, Self::Box, Self::WebDav, Self::OData, Self::Service, Self::Stream, Self::File]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// Whether it can have children.
    #[must_use]
    pub fn is_collection(self) -> bool {
        self != Self::File
    }
}

/// The content of a file: where it is and how it was when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What the store knows it by, which says nothing to whoever has no key: its SHA-256, or a keyed hash if it is
    /// kept encrypted.
    pub name: [u8; 32],
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// CRC-32 of the content: an export compares what it copies with it, which costs next to nothing.
    pub crc32: u32,
    /// Length in bytes.
    pub length: u64,
}

/// One resource of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Row number, given by the store when the node is first put; 0 before that.
    pub seq: i64,
    /// `seq` of the collection it is in; 0 for the Cell's node.
    pub parent: i64,
    /// Last segment of its path, as sent. For a Box's node the Box document's id, for the main box `__`.
    pub name: String,
    /// `i`.
    pub id: Id,
    /// What it is.
    pub kind: NodeKind,
    /// Counts the changes, from 1; with `updated` it makes the ETag.
    pub version: i64,
    /// When created, ms since 1970.
    pub published: i64,
    /// When last changed, ms since 1970.
    pub updated: i64,
    /// A file's media type, as sent.
    pub content_type: Option<String>,
    /// A file's content.
    pub content: Option<Content>,
    /// `a`: the ACL as a JSON object in the form of a `.pmeta`; see [`crate::acl::Acl`]. `None` is empty.
    pub acl: Option<String>,
    /// `d`: dead properties as a JSON object from `name@namespace` to the element's XML. `None` is empty.
    pub properties: Option<String>,
    /// Whatever else a `.pmeta` held (`cs`), a JSON object, kept for the next export.
    pub extra: Option<String>,
}

impl Node {
    /// A new collection (or the Cell's node), not yet put.
    #[must_use]
    pub fn collection(kind: NodeKind, parent: i64, name: &str, now: i64) -> Self {
        Self {
            seq: 0,
            parent,
            name: name.to_owned(),
            id: Id::in_order(),
            kind,
            version: 1,
            published: now,
            updated: now,
            content_type: None,
            content: None,
            acl: None,
            properties: None,
            extra: None,
        }
    }

    /// Counts a change.
    pub fn touch(&mut self, now: i64) {
        self.version += 1;
        self.updated = now;
    }
}

/// `seq` of the Cell's own node, the root of the tree.
pub const CELL_NODE: i64 = 1;
/// Name of the main box, and of its node.
pub const MAIN_BOX: &str = "__";
