//! Building a whole Cell beside the live one.

use saibo_model::node::Content;
use saibo_model::query::Field;
use saibo_model::{Document, EntitySet, Id, Kind, Node, Removed};

use crate::blob::BlobWriter;
use crate::{ReadTx, Result};

/// Where a row came from, for an error that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Line of its entry, from 1.
    pub line: u64,
}

/// A link or parent that names a document which is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Two documents or nodes have one id, or two documents one place in their set.
    Duplicate {
        /// The id of the later one.
        id: Id,
    },
    /// A link names a document that is not there.
    DanglingLink {
        /// The id that is not there.
        missing: Id,
        /// The line that names it.
        line: u64,
        /// Whether it stands in an entity's `ll` rather than among the many-to-many links.
        to_one: bool,
    },
    /// A document's parent is not there.
    DanglingParent {
        /// The document.
        id: Id,
        /// The id that is not there.
        missing: Id,
    },
    /// A document lies in an OData collection that is not there.
    DanglingCollection {
        /// The document.
        id: Id,
        /// The id that is not there.
        missing: Id,
    },
    /// An entity's EntityType is not there.
    DanglingEntityType {
        /// The entity.
        id: Id,
        /// The id that is not there.
        missing: Id,
    },
    /// No way leads to a node from the Cell's own: what it is in was removed.
    Unreachable {
        /// The node.
        id: Id,
    },
}

/// A Cell being built. Nothing of it is seen until [`Builder::finish`]; dropped before, it leaves
/// nothing, but for [`Builder::leave`]. Memory does not grow with what is put in.
pub trait Builder: Send {
    /// Adds a document; its `seq` is ignored.
    ///
    /// Documents come before the links that name them only in the sense that [`Builder::check`] is called
    /// after all of both.
    fn document(&mut self, document: &Document, origin: Origin) -> Result<()>;

    /// Adds a to-one link that the document added last holds (`ll`).
    fn to_one_link(&mut self, second: &Id, origin: Origin) -> Result<()>;

    /// Adds a many-to-many link.
    fn link(&mut self, first: &Id, second: &Id, published: i64, updated: i64, origin: Origin) -> Result<()>;

    /// Adds a node below the node of that `seq` (0 for the Cell's own) and tells its `seq`.
    fn node(&mut self, node: &Node) -> Result<i64>;

    /// The `seq` of a node that was added, by the collection it is in and its name.
    fn child(&mut self, parent: i64, name: &str) -> Result<Option<i64>>;

    /// Begins to write a content. It need not be synced one by one: [`Builder::finish`] syncs everything.
    fn content_writer(&mut self) -> Result<Box<dyn BlobWriter>>;

    /// Registers a content.
    fn content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()>;

    /// Sets a named value.
    fn value(&mut self, scope: &str, name: &str, value: &str) -> Result<()>;

    /// Begins another state of the same Cell, to be put over what was added: from here on what is added takes the place
    /// of what has its id, links that of those between the same documents.
    fn amend(&mut self) -> Result<()>;

    /// Takes away what is not in that state any more, after [`Builder::amend`]. What is not there need not be.
    fn remove(&mut self, removed: &Removed) -> Result<()>;

    /// Resolves links, builds indexes and looks for what cannot be right; the first defects, at most
    /// `limit`. Called once, after everything was added.
    fn check(&mut self, limit: usize) -> Result<Vec<Defect>>;

    /// Makes an index ahead ([`crate::Store::index`]), after [`Builder::check`].
    fn index(&mut self, set: &EntitySet, field: &Field) -> Result<()>;

    /// The kind of a document and the line that it came from, of the later one if several have that id, after
    /// [`Builder::check`]. Of a Cell that was amended it is not known.
    fn line_of(&self, id: &Id) -> Result<Option<(Kind, u64)>>;

    /// Reads what was built, after [`Builder::check`].
    fn read_with(
        &self,
        work: &mut dyn FnMut(&dyn ReadTx) -> saibo_model::Result<()>,
    ) -> saibo_model::Result<()>;

    /// What it is built on by, in another process ([`crate::Backend::build_again`]).
    fn name(&self) -> &str;

    /// Keeps what was added so far, and what the caller has to know to go on from here. What is added afterwards is
    /// kept with the next one.
    fn checkpoint(&mut self, state: &str) -> Result<()>;

    /// Puts on disk what was kept, and has it stay when this is dropped.
    fn leave(self: Box<Self>) -> Result<()>;

    /// Puts everything on disk. Where it lies is what [`Builder::finish`] takes.
    fn finish(self: Box<Self>) -> Result<Built>;
}

/// A Cell that was built and is on disk, waiting to be adopted. Dropped, it leaves nothing.
pub trait BuiltCell: Send {
    /// The generation under which it lies.
    fn generation(&self) -> u64;
    /// Makes it stay: the register now names it.
    fn keep(self: Box<Self>);
}

/// See [`BuiltCell`].
pub type Built = Box<dyn BuiltCell>;
