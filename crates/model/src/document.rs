//! OData documents: control objects, schema objects, entities and messages share one shape.
//!
//! A document keeps its fields exactly as a snapshot writes them (`s`, `d`, `h`), so that export copies and
//! import keeps them, byte for byte. What the API shows is derived when a document is read.

use crate::Id;

/// The type of a document, as a snapshot's `_type` spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A Cell's own document; lives in the unit's register, not in the Cell.
    Cell,
    /// `__ctl/Box`.
    Box,
    /// `__ctl/Account`.
    Account,
    /// `__ctl/ExtCell`.
    ExtCell,
    /// `__ctl/Role`.
    Role,
    /// `__ctl/Rule`.
    Rule,
    /// `__ctl/Relation`.
    Relation,
    /// `__ctl/SentMessage`.
    SentMessage,
    /// `__ctl/ReceivedMessage`.
    ReceivedMessage,
    /// `__ctl/ExtRole`.
    ExtRole,
    /// `$metadata/EntityType` of an OData collection.
    EntityType,
    /// `$metadata/ComplexType`.
    ComplexType,
    /// `$metadata/Property`.
    Property,
    /// `$metadata/ComplexTypeProperty`.
    ComplexTypeProperty,
    /// `$metadata/AssociationEnd`.
    AssociationEnd,
    /// An entity of an OData collection.
    UserData,
}

impl Kind {
    /// Every kind that lives in a Cell, in the order of a snapshot's files.
    pub const IN_CELL: [Kind; 15] = [
        Kind::Box,
        Kind::Account,
        Kind::ExtCell,
        Kind::Role,
        Kind::Rule,
        Kind::Relation,
        Kind::SentMessage,
        Kind::ReceivedMessage,
        Kind::ExtRole,
        Kind::EntityType,
        Kind::ComplexType,
        Kind::Property,
        Kind::ComplexTypeProperty,
        Kind::AssociationEnd,
        Kind::UserData,
    ];

    /// Whether such documents are in an OData collection.
    #[must_use]
    pub fn is_in_collection(self) -> bool {
        matches!(
            self,
            Kind::EntityType
                | Kind::ComplexType
                | Kind::Property
                | Kind::ComplexTypeProperty
                | Kind::AssociationEnd
                | Kind::UserData
        )
    }

    /// The name as the API and a snapshot spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Cell => "Cell",
            Kind::Box => "Box",
            Kind::Account => "Account",
            Kind::ExtCell => "ExtCell",
            Kind::Role => "Role",
            Kind::Rule => "Rule",
            Kind::Relation => "Relation",
            Kind::SentMessage => "SentMessage",
            Kind::ReceivedMessage => "ReceivedMessage",
            Kind::ExtRole => "ExtRole",
            Kind::EntityType => "EntityType",
            Kind::ComplexType => "ComplexType",
            Kind::Property => "Property",
            Kind::ComplexTypeProperty => "ComplexTypeProperty",
            Kind::AssociationEnd => "AssociationEnd",
            Kind::UserData => "UserData",
        }
    }

    /// The kind of the document that [`Document::parent`] names, for those that can have one.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        match self {
            Kind::Role | Kind::Relation | Kind::Rule | Kind::SentMessage | Kind::ReceivedMessage => {
                Some(Kind::Box)
            }
            Kind::ExtRole => Some(Kind::Relation),
            Kind::Property | Kind::AssociationEnd => Some(Kind::EntityType),
            Kind::ComplexTypeProperty => Some(Kind::ComplexType),
            _ => None,
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::IN_CELL.into_iter().chain([Kind::Cell]).find(|kind| kind.name() == name)
    }
}

/// Where a document lives: its kind and, below an OData collection, the collection and the EntityType.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntitySet {
    /// The documents' kind.
    pub kind: Kind,
    /// Id of the OData collection (`n`; the `i` of its node); `None` for control objects.
    pub collection: Option<Id>,
    /// Id of the EntityType (`t`), for [`Kind::UserData`] only.
    pub entity_type: Option<Id>,
}

impl EntitySet {
    /// The entity set of a control object's kind.
    #[must_use]
    pub fn control(kind: Kind) -> Self {
        Self { kind, collection: None, entity_type: None }
    }

    /// The entity set of a schema object's kind in an OData collection.
    #[must_use]
    pub fn schema(kind: Kind, collection: Id) -> Self {
        Self { kind, collection: Some(collection), entity_type: None }
    }

    /// The set that parents of this set's documents are in.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let kind = self.kind.parent()?;
        Some(Self { kind, collection: self.collection.clone(), entity_type: None })
    }

    /// The entities of one EntityType.
    #[must_use]
    pub fn entities(collection: Id, entity_type: Id) -> Self {
        Self { kind: Kind::UserData, collection: Some(collection), entity_type: Some(entity_type) }
    }
}

/// One stored document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Row number, given by the store when the document is first put; 0 before that. Grows with creation.
    pub seq: i64,
    /// `_id`.
    pub id: Id,
    /// Where it lives.
    pub set: EntitySet,
    /// What tells it from the others of its set that have the same `parent`: `Name`, `Url`, `ExtRole` or
    /// `__id`.
    pub key: String,
    /// The to-one link that is part of its key: the Box of a Role, Relation, Rule or message, the Relation
    /// of an ExtRole, the EntityType of a Property or AssociationEnd, the ComplexType of its properties.
    pub parent: Option<Id>,
    /// The other to-one link there is: an AssociationEnd's opposite end.
    pub peer: Option<Id>,
    /// Counts the changes, from 1; with `updated` it makes the ETag.
    pub version: i64,
    /// When created, ms since 1970.
    pub published: i64,
    /// When last changed, ms since 1970.
    pub updated: i64,
    /// Declared fields, a JSON object in the form of a snapshot's `s`: entities' properties are under their
    /// aliases, with booleans and floating-point numbers as strings.
    pub body: String,
    /// `h`: fields that the API never shows (password hashes, aliases), a JSON object.
    pub hidden: Option<String>,
    /// Whatever else a snapshot's `_source` held (`d`, `a`, unknown links), a JSON object, kept for the next
    /// export.
    pub extra: Option<String>,
}

/// A link of two documents. Of a to-one link the first document is the holder (`ll` of a snapshot).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `seq` of the first document.
    pub first: i64,
    /// `seq` of the second document.
    pub second: i64,
    /// Whether the first holds it as a to-one link (`ll`), or it is a many-to-many link (`80_link`).
    pub to_one: bool,
    /// When made, ms since 1970.
    pub published: i64,
    /// When last changed, ms since 1970.
    pub updated: i64,
}
