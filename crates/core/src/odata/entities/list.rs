//! Listing entities, of a set or behind a navigation property (API pages 365 and 374).

use std::sync::Arc;

use saibo_model::privilege::Privilege;
use saibo_model::query::{Comparison, Field, Filter, Literal, OrderBy, Query, Stored};
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::ListOptions;
use saibo_odata::{atom, json, resolve};
use saibo_store::{ReadTx, Store};

use super::collection::{Collection, Home, entity_id, entity_set, navigation};
use super::expand::{self, Expand};
use super::limits;
use super::schema::resolve::Names;
use super::schema::{Schema, TypeIndex};
use super::search::Search;
use super::session::find;
use super::view::{self, Expanded, Row};
use crate::odata::EntityPath;

/// What a list asks for, with every name looked up.
struct Plan<'s> {
    schema: &'s Schema,
    ty: TypeIndex,
    filter: Option<Filter>,
    order_by: Vec<OrderBy>,
    expand: Expand<'s>,
}

impl<'s> Plan<'s> {
    fn new(schema: &'s Schema, ty: TypeIndex, options: &ListOptions) -> Result<Self> {
        let names = Names { schema, ty };
        let filter = options.filter.as_ref().map(|filter| resolve::filter(filter, &names)).transpose()?;
        let filter = filter.map(lists_as_wholes);
        let order_by = resolve::order_by(&options.order_by, &names)?;
        let expand = Expand::new(schema, ty, &options.expand, limits::EXPANDED_IN_LIST)?;
        Ok(Self { schema, ty, filter, order_by, expand })
    }

    /// Reads the page, of the entities for which `condition` holds, too.
    fn read(self, tx: &dyn ReadTx, options: &ListOptions, condition: Option<Filter>) -> Result<Page> {
        let set = &self.schema.entity_type(self.ty).set;
        let filter = Filter::both(condition, self.filter);
        let count = options.count.then(|| tx.count(set, filter.as_ref())).transpose()?;
        let mut rows = Vec::new();
        if options.top() > 0 {
            let query =
                Query { filter, order_by: self.order_by, skip: options.skip, top: Some(options.top()) };
            tx.documents(set, &query, &mut |document| {
                rows.push(Row { ty: self.ty, document });
                Ok(())
            })?;
        }
        let expanded = expand::page(tx, self.schema, &self.expand, &rows)?;
        Ok(Page { rows, expanded, count })
    }

    /// Reads the page of what a search finds.
    fn search(self, tx: &dyn ReadTx, options: &ListOptions, search: &Search) -> Result<Page> {
        if search.is_empty() {
            return Ok(Page::empty(options));
        }
        let words = search.filter();
        if !search.is_exact() {
            return self.read(tx, options, words);
        }
        let set = &self.schema.entity_type(self.ty).set;
        let filter = Filter::both(words, self.filter);
        let query = Query { filter, order_by: self.order_by, ..Query::default() };
        let (mut rows, mut found, mut full) = (Vec::new(), 0, false);
        let read = tx.documents(set, &query, &mut |document| {
            if !search.finds(&document.body) {
                return Ok(());
            }
            found += 1;
            if found > options.skip && (rows.len() as u64) < options.top() {
                rows.push(Row { ty: self.ty, document });
            }
            full = !options.count && rows.len() as u64 == options.top();
            // An error is how a stream is ended.
            if full { Err(ErrorCode::SearchQueryInvalid.into()) } else { Ok(()) }
        });
        if !full {
            read?;
        }
        let expanded = expand::page(tx, self.schema, &self.expand, &rows)?;
        Ok(Page { rows, expanded, count: options.count.then_some(found) })
    }
}

/// A list is not equal to something if none of its items is: the opposite of being equal, and not that any
/// other item is there, too.
fn lists_as_wholes(filter: Filter) -> Filter {
    let both = |left: Box<Filter>, right: Box<Filter>| {
        (Box::new(lists_as_wholes(*left)), Box::new(lists_as_wholes(*right)))
    };
    match filter {
        Filter::Compare(field @ Field::Body { stored: Stored::List, .. }, Comparison::NotEqual, literal)
            if literal != Literal::Null =>
        {
            Filter::Not(Box::new(Filter::Compare(field, Comparison::Equal, literal)))
        }
        Filter::And(left, right) => {
            let (left, right) = both(left, right);
            Filter::And(left, right)
        }
        Filter::Or(left, right) => {
            let (left, right) = both(left, right);
            Filter::Or(left, right)
        }
        Filter::Not(inner) => Filter::Not(Box::new(lists_as_wholes(*inner))),
        other => other,
    }
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page {
    rows: Vec<Row>,
    expanded: Vec<Expanded>,
    count: Option<u64>,
}

/// Reads a page of an entity set.
pub(super) fn page(
    tx: &dyn ReadTx,
    home: &Home,
    store: &Arc<dyn Store>,
    schema: &Schema,
    ty: TypeIndex,
    options: &ListOptions,
) -> Result<Page> {
    let plan = Plan::new(schema, ty, options)?;
    let set = &schema.entity_type(ty).set;
    home.state.indexes().watch(Some(&home.place), store, set, plan.filter.as_ref(), &plan.order_by);
    match options.search.as_slice() {
        [] => plan.read(tx, options, None),
        words => plan.search(tx, options, &Search::new(words)),
    }
}

impl Collection<'_> {
    /// Checks that there is a set.
    ///
    /// # Errors
    /// 404-OD-0001.
    pub fn check_entity_set(&self, set: &str) -> Result<()> {
        self.read(|_, schema| entity_set(&schema, set).map(|_| ()))
    }

    /// Lists the entities of a set.
    ///
    /// # Errors
    /// 404-OD-0001, those of a query's names and values ([`resolve::filter`], [`resolve::order_by`]),
    /// 400-OD-0025.
    pub fn list(&self, set: &str, options: &ListOptions, format: Format) -> Result<Vec<u8>> {
        self.authorize(Privilege::Read)?;
        let (schema, page) = self.read(|tx, schema| {
            let ty = entity_set(&schema, set)?;
            let page = page(tx, &self.home, self.store(), &schema, ty, options)?;
            Ok((schema, page))
        })?;
        page.render(&schema, self.root, set, self.now, options, format)
    }

    /// Lists the entities behind a navigation property, always in JSON.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 404-OD-0003, 404-OD-0002, and those of a query.
    pub fn list_navigation(
        &self,
        path: EntityPath<'_>,
        property: &str,
        options: &ListOptions,
    ) -> Result<Vec<u8>> {
        self.authorize(Privilege::Read)?;
        let (schema, page) = self.read(|tx, schema| {
            let ty = entity_set(&schema, path.set)?;
            let id = entity_id(path.predicate)?;
            let target = navigation(&schema, ty, property, ErrorCode::NoSuchNavigationProperty)?.target;
            let source = find(tx, &schema, ty, &id)?.ok_or(ErrorCode::NoSuchEntity)?;
            // The words of `q` are not looked for here, as recorded.
            let linked = Filter::LinkedWith(source.document.seq);
            let page = Plan::new(&schema, target, options)?.read(tx, options, Some(linked))?;
            Ok((schema, page))
        })?;
        page.render(&schema, self.root, path.set, self.now, options, Format::Json)
    }
}

impl Page {
    fn empty(options: &ListOptions) -> Self {
        Self { rows: Vec::new(), expanded: Vec::new(), count: options.count.then_some(0) }
    }

    /// The page as an answer shows it.
    pub(super) fn render(
        &self,
        schema: &Schema,
        root: &str,
        path: &str,
        now: i64,
        options: &ListOptions,
        format: Format,
    ) -> Result<Vec<u8>> {
        let entities = self
            .rows
            .iter()
            .zip(&self.expanded)
            .map(|(row, expanded)| view::stored(schema, row, &options.select, expanded));
        match format {
            Format::Json => {
                let mut list = json::List::new(root);
                for entity in entities {
                    list.push(&entity?);
                }
                Ok(list.finish(self.count))
            }
            Format::Atom => {
                let mut feed = atom::Feed::new(root, path, now, self.count);
                for entity in entities {
                    feed.push(&entity?);
                }
                Ok(feed.finish().into_bytes())
            }
        }
    }
}
