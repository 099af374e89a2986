//! A Cell's store that counts the queries of each read.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use parking_lot::Mutex;

use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::query::{Field, Filter, OrderBy, Query, Related};
use saibo_model::{Document, EntitySet, Id, Kind, Moment, Node, Removed, Result};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::tx::Linked;
use saibo_store::{ChangeTotals, ReadTx, Scan, Store, Value};

/// How many queries each thread has made: what is done in the background is no part of a request.
#[derive(Default)]
pub(crate) struct Queries(Mutex<HashMap<ThreadId, usize>>);

impl Queries {
    /// Those of this thread.
    pub(crate) fn own(&self) -> usize {
        self.0.lock().get(&thread::current().id()).copied().unwrap_or_default()
    }

    fn count(&self) {
        *self.0.lock().entry(thread::current().id()).or_default() += 1;
    }
}

/// A store, and how many queries there were.
pub(crate) struct Counted {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) queries: Arc<Queries>,
}

impl Store for Counted {
    fn read_with(&self, work: ReadWork<'_>) -> Result<()> {
        self.inner.read_with(&mut |tx| work(&CountedTx { tx, queries: &self.queries }))
    }

    fn write_with(&self, work: WriteWork) -> Result<()> {
        self.inner.write_with(work)
    }

    fn freeze(
        &self,
        draft: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> saibo_store::Result<Arc<dyn Store>> {
        self.inner.freeze(draft, progress)
    }

    fn index(&self, set: &EntitySet, field: &Field, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        self.inner.index(set, field, go_on)
    }

    fn retire(&self) {
        self.inner.retire();
    }

    fn reinstate(&self) {
        self.inner.reinstate();
    }

    fn stamp(&self) -> u64 {
        self.inner.stamp()
    }

    fn size(&self) -> saibo_store::Result<u64> {
        self.inner.size()
    }
}

struct CountedTx<'c> {
    tx: &'c dyn ReadTx,
    queries: &'c Queries,
}

/// Each verb is counted, and done by the transaction inside.
macro_rules! counted {
    ($(fn $name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        impl ReadTx for CountedTx<'_> {
            $(fn $name(&self, $($argument: $of),*) -> $answer {
                self.queries.count();
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
    fn is_indexed(set: &EntitySet, field: &Field) -> Result<bool>;
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
    fn small_content(content: &Content) -> Result<Option<Vec<u8>>>;
    fn has_content(hash: &[u8; 32]) -> Result<bool>;
    fn value(scope: &str, name: &str) -> Result<Option<String>>;
    fn values(scope: &str) -> Result<Vec<Value>>;
    fn knows_changes_since(moment: &Moment) -> Result<bool>;
    fn change_totals(since: &Moment) -> Result<ChangeTotals>;
    fn changed_documents(kind: Kind, since: &Moment, each: Scan<'_, (Document, Vec<(Id, Id)>)>) -> Result<()>;
    fn changed_links(since: &Moment, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()>;
    fn changed_nodes(since: &Moment, each: Scan<'_, (u32, Node)>) -> Result<()>;
    fn removed(since: &Moment, each: Scan<'_, Removed>) -> Result<()>;
}
