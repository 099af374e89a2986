//! The entity sets that every unit, Cell and OData collection has: control objects and schema objects.
//!
//! The tables drive what the API does with them: which fields a request may have and what is filled in, what
//! the key is, how answers look, and what `$metadata` says. They are in the order of the recorded answers.

mod association;
mod cell;
mod fields;
mod schema;
mod unit;

use saibo_model::Kind;
use saibo_model::edm::SimpleType;
use saibo_model::query::{Field, Stored};

use crate::constraint::Constraint;
use crate::key::KeyPart;
use crate::resolve::{Property, Resolve};

pub use association::{Association, End, Navigation, Stores, Via};

/// An entity set of control or schema objects. Its name, its type's name and its kind's name are one.
#[derive(Debug)]
pub struct EntitySet {
    /// The kind of its documents.
    pub kind: Kind,
    /// The fields, in order.
    pub fields: &'static [FieldDefinition],
    /// The parts of the key, in order.
    pub key: &'static [KeyPart],
}

/// A service: entity sets of one namespace and the associations between them.
#[derive(Debug)]
pub struct Service {
    /// The namespace of its types.
    pub namespace: &'static str,
    /// The entity sets, in order.
    pub sets: &'static [EntitySet],
    /// The associations, in order.
    pub associations: &'static [Association],
    /// The complex types, in order.
    pub complex_types: &'static [ComplexType],
}

/// `{UnitURL}__ctl/`
pub static UNIT: Service = unit::SERVICE;
/// `{CellURL}__ctl/`
pub static CELL: Service = cell::SERVICE;
/// `$metadata/` of an OData collection
pub static SCHEMA: Service = schema::SERVICE;

/// `{CellURL}__message/send`: no set, but the form of what is posted there.
pub static SENT_MESSAGE_PORT: EntitySet = cell::SENT_MESSAGE_PORT;
/// `{CellURL}__message/port`, likewise.
pub static RECEIVED_MESSAGE_PORT: EntitySet = cell::RECEIVED_MESSAGE_PORT;

impl Service {
    /// The entity set of that name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&'static EntitySet> {
        self.sets.iter().find(|set| set.name() == name)
    }

    /// The complex type of that name.
    #[must_use]
    pub fn complex_type(&self, name: &str) -> Option<&'static ComplexType> {
        self.complex_types.iter().find(|ty| ty.name == name)
    }
}

/// The entity set of a kind; none for entities.
#[must_use]
pub fn of_kind(kind: Kind) -> Option<&'static EntitySet> {
    [&UNIT, &CELL, &SCHEMA].into_iter().find_map(|service| service.set(kind.name()))
}

impl EntitySet {
    /// The name, as URLs have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The service that it belongs to.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        match self.kind {
            Kind::Cell => &UNIT,
            Kind::EntityType
            | Kind::ComplexType
            | Kind::Property
            | Kind::ComplexTypeProperty
            | Kind::AssociationEnd => &SCHEMA,
            _ => &CELL,
        }
    }

    /// The qualified name of the type, `CellCtl.Role`.
    #[must_use]
    pub fn type_name(&self) -> String {
        format!("{}.{}", self.service().namespace, self.name())
    }

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static FieldDefinition> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The kind of the document that the parent link leads to.
    #[must_use]
    pub fn parent(&self) -> Option<Kind> {
        self.navigation().find(|navigation| navigation.via == Via::Parent).map(|navigation| navigation.target)
    }

    /// The navigation properties, in order.
    pub fn navigation(&self) -> impl Iterator<Item = Navigation> {
        let kind = self.kind;
        let associations = self.service().associations;
        associations.iter().filter_map(move |association| association.from(kind))
    }

    /// The navigation property of that name, with its underscore.
    #[must_use]
    pub fn navigation_property(&self, name: &str) -> Option<Navigation> {
        self.navigation().find(|navigation| navigation.name == name)
    }
}

impl Resolve for EntitySet {
    fn resolve(&self, path: &[&str]) -> Option<Property> {
        let [name] = path else { return None };
        let field = self.field(name)?;
        let ty = match field.ty {
            FieldType::Simple(ty) => Some(ty),
            FieldType::Complex(_) => None,
        };
        Some(Property { field: field.stored(), ty, is_list: field.is_list })
    }
}

/// A field of an entity set.
#[derive(Clone, Copy, Debug)]
pub struct FieldDefinition {
    /// The name.
    pub name: &'static str,
    /// The type, or the items' type.
    pub ty: FieldType,
    /// Whether it is a list.
    pub is_list: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// What a request that leaves it out or sends null means. [`saibo_model::edm::NEW_ID`] and
    /// [`saibo_model::edm::NOW`] stand for values that are made then, `null` for null.
    pub default: Option<&'static str>,
    /// The rule for its values.
    pub constraint: Option<Constraint>,
    /// The longest String, in bytes.
    pub max_bytes: usize,
    /// Where a document keeps it.
    pub source: Source,
    /// The unique index that it is in, as EDMX names it.
    pub unique: Option<&'static str>,
}

impl FieldDefinition {
    /// Where a query finds its value.
    #[must_use]
    pub fn stored(&self) -> Field {
        match self.source {
            Source::Key => Field::Key,
            Source::Parent => Field::ParentKey,
            Source::Grandparent => Field::GrandparentKey,
            Source::Published => Field::Published,
            Source::Updated => Field::Updated,
            Source::Body => {
                let stored = match self.ty {
                    _ if self.is_list => Stored::List,
                    FieldType::Simple(ty) => ty.stored(),
                    FieldType::Complex(_) => Stored::Text,
                };
                Field::Body { path: vec![self.name.to_owned()], stored }
            }
        }
    }

    /// Whether a request may not send it: `__published` and `__updated` (400-OD-0007).
    #[must_use]
    pub fn is_managed(&self) -> bool {
        matches!(self.source, Source::Published | Source::Updated)
    }
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// A simple type.
    Simple(SimpleType),
    /// A complex type of the same service, by its name.
    Complex(&'static str),
}

/// Where a document keeps a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is the document's key, also in the body.
    Key,
    /// In the body, under its name; null is left out.
    Body,
    /// It is the key of the parent: `_Box.Name`.
    Parent,
    /// It is the key of the parent's parent: `_Relation._Box.Name`.
    Grandparent,
    /// The document's `published`.
    Published,
    /// The document's `updated`.
    Updated,
}

/// A complex type.
#[derive(Debug)]
pub struct ComplexType {
    /// The name.
    pub name: &'static str,
    /// The members, in order.
    pub fields: &'static [FieldDefinition],
}

#[cfg(test)]
mod tests;
