//! Control objects and schema objects: `__ctl/` of the unit and of a Cell, `$metadata/` of an OData collection.
//!
//! One engine serves them all. What an entity set has and how it is linked stands in the tables of
//! [`saibo_odata::entity_sets`]; here is what is done with it. [`Objects`] is opened for a request and its methods are
//! the use cases, each in its file. Rules that one kind alone has are in `rules`.

mod cells;
mod check;
mod create;
mod delete;
mod draft;
mod expand;
mod fields;
mod link;
mod navigation;
mod place;
mod read;
mod rules;
mod service;
mod update;
mod view;

use std::sync::Arc;

use saibo_model::acl::Acl;
use saibo_model::privilege::{Access as PrivilegeAccess, Privilege};
use saibo_model::{EntitySet, ErrorCode, Id, Kind, Result};
use saibo_odata::entity_sets::{self, EntitySet as Definition, Service};
use saibo_odata::key::Key;
use saibo_store::{Place, Store, StoreExt as _};

use crate::access::{Access, Target, authorize, authorize_unit};
use crate::dav::Resource;
use crate::dav::resource::cell_acl;
use crate::{Cell, Unit};

pub(crate) use draft::Draft;
pub(crate) use fields::Fields;
pub(crate) use link::put_many_to_many;
pub(crate) use rules::Rule;

pub use cells::delete_cell;
pub use create::Created;
pub use read::Found;
pub use update::Change;

/// Where the objects of a service are.
#[derive(Clone, Copy)]
pub enum Scope<'r> {
    /// `{unit}__ctl/`.
    Unit,
    /// `{cell}__ctl/`.
    Cell(&'r Cell),
    /// `{collection}/$metadata/`; the resource ends at the collection.
    Collection(&'r Cell, &'r Resource),
}

/// The objects of a service, who asks something of them, and when.
pub struct Objects<'r> {
    unit: &'r Arc<Unit>,
    scope: Scope<'r>,
    access: &'r Access,
    /// The Cell's, for its control objects: a request asks of it more than once.
    acls: Vec<Acl>,
    /// URL of the service, with a slash at the end.
    root: &'r str,
    now: i64,
}

impl<'r> Objects<'r> {
    /// Opens a service. `root` is its URL with a slash at the end, `now` the moment of the request in ms.
    ///
    /// # Errors
    /// The store's.
    pub fn new(
        unit: &'r Arc<Unit>,
        scope: Scope<'r>,
        access: &'r Access,
        root: &'r str,
        now: i64,
    ) -> Result<Self> {
        let acls = match scope {
            Scope::Cell(cell) => cell.store().read(cell_acl)?,
            Scope::Unit | Scope::Collection(..) => Vec::new(),
        };
        Ok(Self { unit, scope, access, acls, root, now })
    }

    /// The tables of the service.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        match self.scope {
            Scope::Unit => &entity_sets::UNIT,
            Scope::Cell(_) => &entity_sets::CELL,
            Scope::Collection(..) => &entity_sets::SCHEMA,
        }
    }

    fn definition(&self, name: &str) -> Result<&'static Definition> {
        self.service().set(name).ok_or_else(|| ErrorCode::NoSuchEntitySet.into())
    }

    fn definition_of(&self, kind: Kind) -> Result<&'static Definition> {
        self.definition(kind.name())
    }

    fn key(definition: &Definition, predicate: &str) -> Result<Key> {
        Ok(Key::parse(predicate, definition.key)?)
    }

    fn store(&self) -> Arc<dyn Store> {
        match self.scope {
            Scope::Unit => self.unit.backend().register(),
            Scope::Cell(cell) | Scope::Collection(cell, _) => cell.store().clone(),
        }
    }

    /// The generation that the objects are in; none for the register.
    fn place(&self) -> Option<&'r Place> {
        match self.scope {
            Scope::Unit => None,
            Scope::Cell(cell) | Scope::Collection(cell, _) => Some(cell.place()),
        }
    }

    fn sets(&self) -> Sets {
        Sets {
            collection: match self.scope {
                Scope::Collection(_, resource) => Some(resource.last().id.clone()),
                _ => None,
            },
        }
    }

    /// Checks that somebody may read, or change, the objects of a kind.
    fn authorize(&self, kind: Kind, access: PrivilegeAccess) -> Result<()> {
        let of_schema = match access {
            PrivilegeAccess::Read => Privilege::Read,
            _ => Privilege::AlterSchema,
        };
        self.authorize_for(privilege(kind, access), of_schema)
    }

    /// Checks that somebody has a privilege in the Cell or, for schema objects, in the collection.
    fn authorize_for(&self, in_cell: Privilege, in_collection: Privilege) -> Result<()> {
        match self.scope {
            Scope::Unit => authorize_unit(self.access),
            Scope::Cell(cell) => {
                authorize(self.access, Target { cell, acls: &self.acls, in_box: None }, in_cell)
            }
            Scope::Collection(cell, resource) => resource.authorize(self.access, cell, in_collection),
        }
    }

    /// Whether a method that the API has for other sets is there for this one: messages are only read and deleted.
    fn allow_writes(kind: Kind) -> Result<()> {
        match kind {
            Kind::ReceivedMessage | Kind::SentMessage => Err(ErrorCode::MethodNotAllowed.into()),
            _ => Ok(()),
        }
    }
}

/// The entity sets of a service in the store.
#[derive(Clone, Debug)]
struct Sets {
    collection: Option<Id>,
}

impl Sets {
    fn of(&self, kind: Kind) -> EntitySet {
        EntitySet { kind, collection: self.collection.clone(), entity_type: None }
    }
}

/// The Cell-level privilege that control objects of a kind need (API page 006).
fn privilege(kind: Kind, access: PrivilegeAccess) -> Privilege {
    let reading = access == PrivilegeAccess::Read;
    match (kind, reading) {
        (Kind::Account | Kind::Role | Kind::ExtRole, true) => Privilege::AuthRead,
        (Kind::Account | Kind::Role | Kind::ExtRole, false) => Privilege::Auth,
        (Kind::ExtCell | Kind::Relation, true) => Privilege::SocialRead,
        (Kind::ExtCell | Kind::Relation, false) => Privilege::Social,
        (Kind::Box, true) => Privilege::BoxRead,
        (Kind::Box, false) => Privilege::Box,
        (Kind::Rule, true) => Privilege::RuleRead,
        (Kind::Rule, false) => Privilege::Rule,
        (Kind::ReceivedMessage | Kind::SentMessage, true) => Privilege::MessageRead,
        (Kind::ReceivedMessage | Kind::SentMessage, false) => Privilege::Message,
        _ => Privilege::Root,
    }
}
