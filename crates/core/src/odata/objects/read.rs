//! Getting an object, and listing them.

use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::query::{Comparison, Field, Filter, Literal, OrderBy, Query};
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_odata::entity::Entity;
use saibo_odata::entity_sets::{EntitySet as Definition, Navigation, Via};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, ListOptions};
use saibo_odata::{atom, json, resolve};
use saibo_store::{ReadTx, StoreExt as _};

use super::place::{Ancestors, find};
use super::view::{Links, entity};
use super::{Objects, Sets, expand};
use crate::odata::EntityPath;

/// Control objects are listed in the order in which they were made, entities the other way round.
pub(super) const AS_THEY_CAME: OrderBy = OrderBy { field: Field::Position, descending: false };

/// An object as it is shown.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its version and when that was made, ms: its entity tag.
    pub version: (i64, i64),
    /// The answer's body.
    pub body: Vec<u8>,
}

impl Objects<'_> {
    /// Gets an object.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 400-OD-0025, 404-OD-0002.
    pub fn get(&self, path: EntityPath<'_>, options: &EntityOptions, format: Format) -> Result<Found> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize(definition.kind, PrivilegeAccess::Read)?;
        let expansion = expand::expansion(definition, &options.expand)?;
        let sets = self.sets();
        self.store().read(|tx| {
            let document = find(tx, &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            self.check_owner(&document)?;
            let mut ancestors = Ancestors::new(tx);
            let mut expanded =
                expand::expand(tx, &sets, std::slice::from_ref(&document), &expansion, &mut ancestors)?;
            let links = Links::Shown(expanded.pop().unwrap_or_default());
            let shown = entity(definition, &mut ancestors, &document, &options.select, links)?;
            let body = match format {
                Format::Json => json::entity(self.root, &shown),
                Format::Atom => atom::entity(self.root, &shown).into_bytes(),
            };
            Ok(Found { version: (document.version, document.updated), body })
        })
    }

    /// Lists the objects of a set.
    ///
    /// # Errors
    /// 404-OD-0001, why somebody may not, those of a query, 400-OD-0025.
    pub fn list(&self, set: &str, options: &ListOptions, format: Format) -> Result<Vec<u8>> {
        let definition = self.definition(set)?;
        self.authorize(definition.kind, PrivilegeAccess::Read)?;
        let condition = Filter::both(options.full_text(), self.own_condition());
        self.page(definition, set, options, condition, format)
    }

    /// A page of a set's objects for which a condition holds.
    pub(super) fn page(
        &self,
        definition: &'static Definition,
        path: &str,
        options: &ListOptions,
        condition: Option<Filter>,
        format: Format,
    ) -> Result<Vec<u8>> {
        let filter = options.filter.as_ref().map(|filter| resolve::filter(filter, definition)).transpose()?;
        let mut order_by = resolve::order_by(&options.order_by, definition)?;
        order_by.push(AS_THEY_CAME);
        let expansion = expand::expansion(definition, &options.expand)?;
        let sets = self.sets();
        let filter = Filter::both(condition, filter);
        let (store, set) = (self.store(), sets.of(definition.kind));
        let indexes = self.unit.entities().indexes();
        indexes.watch(self.place(), &store, &set, filter.as_ref(), &order_by);
        store.read(|tx| {
            let count = options.count.then(|| tx.count(&set, filter.as_ref())).transpose()?;
            let mut documents = Vec::new();
            if options.top() > 0 {
                let query = Query { filter, order_by, skip: options.skip, top: Some(options.top()) };
                tx.documents(&set, &query, &mut |document| {
                    documents.push(document);
                    Ok(())
                })?;
            }
            let mut ancestors = Ancestors::new(tx);
            ancestors.look_up_all(&sets, definition, &documents)?;
            let expanded = expand::expand(tx, &sets, &documents, &expansion, &mut ancestors)?;
            let mut shown = Vec::with_capacity(documents.len());
            for (document, expanded) in documents.iter().zip(expanded) {
                let links = Links::Shown(expanded);
                shown.push(entity(definition, &mut ancestors, document, &options.select, links)?);
            }
            Ok(self.render(path, &shown, count, format))
        })
    }

    fn render(&self, path: &str, shown: &[Entity<'_>], count: Option<u64>, format: Format) -> Vec<u8> {
        match format {
            Format::Json => {
                let mut list = json::List::new(self.root);
                shown.iter().for_each(|entity| list.push(entity));
                list.finish(count)
            }
            Format::Atom => {
                let mut feed = atom::Feed::new(self.root, path, self.now, count);
                shown.iter().for_each(|entity| feed.push(entity));
                feed.finish().into_bytes()
            }
        }
    }
}

/// The condition that the objects behind a navigation property keep; `None` if there can be none.
pub(super) fn condition(
    navigation: &Navigation,
    document: &Document,
    tx: &dyn ReadTx,
) -> Result<Option<Filter>> {
    Ok(match navigation.via {
        Via::Links => Some(Filter::LinkedWith(document.seq)),
        Via::Children => Some(Filter::HasParent(Some(document.id.clone()))),
        Via::Peer => document.peer.as_ref().map(|_| Filter::HasPeer(document.id.clone())),
        Via::Parent => match &document.parent {
            None => None,
            Some(parent) => tx.document_by_id(parent)?.map(|parent| {
                let same_key = Filter::Compare(Field::Key, Comparison::Equal, Literal::Text(parent.key));
                Filter::And(Box::new(same_key), Box::new(Filter::HasParent(parent.parent)))
            }),
        },
    })
}

/// Whether there is any object of a kind.
pub(super) fn any_of(tx: &dyn ReadTx, sets: &Sets, kind: Kind, filter: &Filter) -> Result<bool> {
    tx.any(&sets.of(kind), Some(filter))
}
