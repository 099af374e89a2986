//! A Cell's store that counts the queries of each read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use saibo_model::document::Link;
use saibo_model::query::{Filter, OrderBy, Query, Related};
use saibo_model::{Document, EntitySet, Id, Kind, Node, Result};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::tx::Linked;
use saibo_store::{ReadTx, Scan, Store, Value};

/// A store, and how many queries there were.
pub(crate) struct Counted {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) queries: Arc<AtomicUsize>,
}

impl Store for Counted {
    fn read_with(&self, work: ReadWork<'_>) -> Result<()> {
        self.inner.read_with(&mut |tx| work(&CountedTx { tx, queries: &self.queries }))
    }

    fn write_with(&self, work: WriteWork) -> Result<()> {
        self.inner.write_with(work)
    }

    fn freeze(&self, progress: &mut dyn FnMut(u64, u64) -> bool) -> saibo_store::Result<Arc<dyn Store>> {
        self.inner.freeze(progress)
    }

    fn retire(&self) {
        self.inner.retire();
    }

    fn reinstate(&self) {
        self.inner.reinstate();
    }

    fn size(&self) -> saibo_store::Result<u64> {
        self.inner.size()
    }
}

struct CountedTx<'c> {
    tx: &'c dyn ReadTx,
    queries: &'c AtomicUsize,
}

/// Each verb is counted, and done by the transaction inside.
macro_rules! counted {
    ($(fn $name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        impl ReadTx for CountedTx<'_> {
            $(fn $name(&self, $($argument: $of),*) -> $answer {
                self.queries.fetch_add(1, Ordering::Relaxed);
                self.tx.$name($($argument),*)
            })+
        }
    };
}

counted! {
    fn document(set: &EntitySet, parent: Option<&Id>, key: &str) -> Result<Option<Document>>;
    fn document_by_id(id: &Id) -> Result<Option<Document>>;
    fn documents(set: &EntitySet, query: &Query, each: Scan<'_, Document>) -> Result<()>;
    fn related(
        set: &EntitySet, to: &Related, order_by: &[OrderBy], top: u64, each: Scan<'_, (usize, Document)>
    ) -> Result<()>;
    fn count(set: &EntitySet, filter: Option<&Filter>) -> Result<u64>;
    fn any(set: &EntitySet, filter: Option<&Filter>) -> Result<bool>;
    fn entity_sets(kind: Kind) -> Result<Vec<EntitySet>>;
    fn link(one: i64, other: i64) -> Result<Option<Link>>;
    fn all_documents(kind: Kind, each: Scan<'_, (Document, Vec<(Id, Id)>)>) -> Result<()>;
    fn all_links(each: Scan<'_, (Link, Linked, Linked)>) -> Result<()>;
    fn link_count() -> Result<u64>;
    fn node(seq: i64) -> Result<Option<Node>>;
    fn child(parent: i64, name: &str) -> Result<Option<Node>>;
    fn node_by_id(id: &Id) -> Result<Option<Node>>;
    fn children(parent: i64, each: Scan<'_, Node>) -> Result<()>;
    fn child_count(parent: i64) -> Result<u64>;
    fn descendants(parent: i64, each: Scan<'_, (u32, Node)>) -> Result<()>;
    fn node_totals() -> Result<(u64, u64, u64)>;
    fn small_content(hash: &[u8; 32]) -> Result<Option<Vec<u8>>>;
    fn has_content(hash: &[u8; 32]) -> Result<bool>;
    fn value(scope: &str, name: &str) -> Result<Option<String>>;
    fn values(scope: &str) -> Result<Vec<Value>>;
}
