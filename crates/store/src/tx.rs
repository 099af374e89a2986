//! Transactions: the verbs on documents, links, nodes and values.

use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::query::{Field, Filter, OrderBy, Query, Related};
use saibo_model::{Document, EntitySet, Id, Kind, Moment, Node, Removed, Result};

use crate::ChangeTotals;

/// A receiver of streamed rows; an error of it ends the stream and is passed on.
pub type Scan<'a, T> = &'a mut dyn FnMut(T) -> Result<()>;

/// A small named value: `(name, value)`.
pub type Value = (String, String);

/// A document at an end of a link: its set and its id.
pub type Linked = (EntitySet, Id);

/// Reads on one stable view.
pub trait ReadTx {
    /// The document of that parent and key.
    fn document(&self, set: &EntitySet, parent: Option<&Id>, key: &str) -> Result<Option<Document>>;

    /// The document of that id, whatever its set.
    fn document_by_id(&self, id: &Id) -> Result<Option<Document>>;

    /// Streams the documents that match, in order.
    fn documents(&self, set: &EntitySet, query: &Query, each: Scan<'_, Document>) -> Result<()>;

    /// Streams the documents of a set that stand in a relation to each of several others: those of the first,
    /// then those of the second, and so on, each in this order and no more than `top` of them. Told is where in
    /// the relation's list the other stands. One query, however many the others are.
    fn related(
        &self,
        set: &EntitySet,
        to: &Related,
        order_by: &[OrderBy],
        top: u64,
        each: Scan<'_, (usize, Document)>,
    ) -> Result<()>;

    /// How many documents match.
    fn count(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<u64>;

    /// Whether any document matches; stops at the first.
    fn any(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<bool>;

    /// Whether [`crate::Store::index`] has nothing left to do for this field of this set.
    fn is_indexed(&self, set: &EntitySet, field: &Field) -> Result<bool>;

    /// The entity sets of that kind that have or had documents.
    fn entity_sets(&self, kind: Kind) -> Result<Vec<EntitySet>>;

    /// The link of two documents, whichever of them is first.
    fn link(&self, one: i64, other: i64) -> Result<Option<Link>>;

    /// Streams every document of a kind, by `seq`, with the ids of the documents that it holds to-one links
    /// to (`ll`), each as (EntityType id, document id).
    fn all_documents(&self, kind: Kind, each: Scan<'_, (Document, Vec<(Id, Id)>)>) -> Result<()>;

    /// Streams every many-to-many link as (link, first document's set and id, second document's set and id).
    fn all_links(&self, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()>;

    /// How many many-to-many links there are.
    fn link_count(&self) -> Result<u64>;

    /// Whether everything is known that was changed since a moment: it is one of this store, and what was removed
    /// since has not been forgotten ([`WriteTx::forget_removed`]).
    fn knows_changes_since(&self, moment: &Moment) -> Result<bool>;

    /// How much was changed since a moment.
    fn change_totals(&self, since: &Moment) -> Result<ChangeTotals>;

    /// As [`ReadTx::all_documents`], those that were put since a moment, or had to-one links put or taken.
    fn changed_documents(
        &self,
        kind: Kind,
        since: &Moment,
        each: Scan<'_, (Document, Vec<(Id, Id)>)>,
    ) -> Result<()>;

    /// As [`ReadTx::all_links`], those that were put since a moment.
    fn changed_links(&self, since: &Moment, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()>;

    /// As [`ReadTx::descendants`] of the Cell's own node, those that were put since a moment and the collections above
    /// them.
    fn changed_nodes(&self, since: &Moment, each: Scan<'_, (u32, Node)>) -> Result<()>;

    /// Streams what was removed since a moment, once each. It may be there again.
    fn removed(&self, since: &Moment, each: Scan<'_, Removed>) -> Result<()>;

    /// The node of that `seq`.
    fn node(&self, seq: i64) -> Result<Option<Node>>;

    /// The child of that name.
    fn child(&self, parent: i64, name: &str) -> Result<Option<Node>>;

    /// The node of that id.
    fn node_by_id(&self, id: &Id) -> Result<Option<Node>>;

    /// Streams the children, by name.
    fn children(&self, parent: i64, each: Scan<'_, Node>) -> Result<()>;

    /// How many children it has.
    fn child_count(&self, parent: i64) -> Result<u64>;

    /// Streams every node below (and not) the given one as (depth from 1, node), each before its children.
    fn descendants(&self, parent: i64, each: Scan<'_, (u32, Node)>) -> Result<()>;

    /// How many nodes there are, how many of them are files, and the bytes of their contents.
    fn node_totals(&self) -> Result<(u64, u64, u64)>;

    /// The bytes of a content that is kept inside the store; `None` if it is in the blobs.
    fn small_content(&self, content: &Content) -> Result<Option<Vec<u8>>>;

    /// Whether a content of that name is registered.
    fn has_content(&self, name: &[u8; 32]) -> Result<bool>;

    /// A named value of a scope.
    fn value(&self, scope: &str, name: &str) -> Result<Option<String>>;

    /// Every value of a scope, by name.
    fn values(&self, scope: &str) -> Result<Vec<Value>>;
}

/// Writes, seen by the reads of the same transaction at once.
pub trait WriteTx {
    /// The reading verbs of the same transaction.
    fn read(&self) -> &dyn ReadTx;

    /// Inserts a document whose `seq` is 0, and sets it; else replaces the one of that `seq`.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::EntityAlreadyExists`] if another has its place in the set, or its id.
    fn put_document(&mut self, document: &mut Document) -> Result<()>;

    /// Deletes a document and every link of it.
    fn delete_document(&mut self, seq: i64) -> Result<()>;

    /// Deletes every document of a set with their links, and the set's indexes.
    fn delete_entity_set(&mut self, set: &EntitySet) -> Result<()>;

    /// Makes or replaces a link.
    fn put_link(&mut self, link: &Link) -> Result<()>;

    /// Deletes the link of two documents, whichever is first; whether there was one.
    fn delete_link(&mut self, one: i64, other: i64) -> Result<bool>;

    /// Deletes the links of whose ends' `seq`s `which` says so, first and second; how many.
    fn delete_links(&mut self, which: &mut dyn FnMut(i64, i64) -> bool) -> Result<u64>;

    /// Inserts a node whose `seq` is 0, and sets it; else replaces the one of that `seq`. Counts the
    /// references to contents.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::EntityAlreadyExists`] if its collection has another of that name.
    fn put_node(&mut self, node: &mut Node) -> Result<()>;

    /// Deletes a node and everything below it. Contents that nothing refers to any more are swept later.
    fn delete_node(&mut self, seq: i64) -> Result<()>;

    /// Registers a content before the node that refers to it is put, with its bytes if it is small enough
    /// to be kept inside the store.
    fn put_content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()>;

    /// Forgets the contents in the blobs that no node refers to, but for the given ones, and tells which.
    fn forget_unused_contents(&mut self, keep: &[[u8; 32]]) -> Result<Vec<[u8; 32]>>;

    /// Sets or, with `None`, removes a named value.
    fn set_value(&mut self, scope: &str, name: &str, value: Option<&str>) -> Result<()>;

    /// Ends a moment and tells which: whatever is changed after this transaction is changed since then. From the first
    /// one on, what is removed is remembered.
    fn mark(&mut self) -> Result<Moment>;

    /// Forgets of what was removed, at most `limit`: what was up to the moment of that number, whose changes are
    /// still known, or with `None` all, and remembers no more until the next [`WriteTx::mark`]. Whether there is more
    /// to be forgotten.
    fn forget_removed(&mut self, until: Option<i64>, limit: u32) -> Result<bool>;
}
