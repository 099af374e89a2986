//! The schema objects of an OData collection (pages 318 to 363 of the API reference).

use saibo_model::Kind;
use saibo_model::edm::{Multiplicity, SimpleType};

use super::fields::{PUBLISHED, UPDATED, key, part, text};
use super::{Association, End, EntitySet, FieldDefinition, Service, Source, Stores};
use crate::constraint::Constraint;

pub(super) const SERVICE: Service = Service {
    namespace: "ODataSvcSchema",
    sets: &[ENTITY_TYPE, ASSOCIATION_END, PROPERTY, COMPLEX_TYPE, COMPLEX_TYPE_PROPERTY],
    associations: &[
        of_type(Kind::EntityType, "_EntityType", Kind::AssociationEnd, "_AssociationEnd"),
        Association {
            ends: [
                End {
                    kind: Kind::AssociationEnd,
                    multiplicity: Multiplicity::ZeroOrOne,
                    property: "_AssociationEnd",
                },
                End {
                    kind: Kind::AssociationEnd,
                    multiplicity: Multiplicity::ZeroOrOne,
                    property: "_AssociationEnd",
                },
            ],
            via: Stores::Peer,
        },
        of_type(Kind::EntityType, "_EntityType", Kind::Property, "_Property"),
        of_type(Kind::ComplexType, "_ComplexType", Kind::ComplexTypeProperty, "_ComplexTypeProperty"),
    ],
    complex_types: &[],
};

/// A type has documents that belong to it.
const fn of_type(ty: Kind, to_type: &'static str, kind: Kind, property: &'static str) -> Association {
    Association {
        ends: [
            End { kind: ty, multiplicity: Multiplicity::One, property: to_type },
            End { kind, multiplicity: Multiplicity::Many, property },
        ],
        via: Stores::ParentIsFirst,
    }
}

const NAME: FieldDefinition = key("Name", Constraint::Name);
const TYPE: FieldDefinition = text("Type");
const NULLABLE: FieldDefinition = text("Nullable").of(SimpleType::Boolean).default("true");
const DEFAULT_VALUE: FieldDefinition = text("DefaultValue").nullable();
const COLLECTION_KIND: FieldDefinition = text("CollectionKind").nullable().default("None");

const ENTITY_TYPE: EntitySet =
    EntitySet { kind: Kind::EntityType, fields: &[NAME, PUBLISHED, UPDATED], key: &[part("Name")] };

const ASSOCIATION_END: EntitySet = EntitySet {
    kind: Kind::AssociationEnd,
    fields: &[
        NAME,
        text("Multiplicity").constraint(Constraint::Multiplicity),
        text("_EntityType.Name").constraint(Constraint::Name).from(Source::Parent),
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("Name"), part("_EntityType.Name")],
};

const PROPERTY: EntitySet = EntitySet {
    kind: Kind::Property,
    fields: &[
        NAME,
        text("_EntityType.Name").constraint(Constraint::Name).from(Source::Parent),
        TYPE,
        NULLABLE,
        DEFAULT_VALUE,
        COLLECTION_KIND,
        text("IsKey").of(SimpleType::Boolean).default("false"),
        text("UniqueKey").nullable().constraint(Constraint::Name),
        text("IsDeclared").of(SimpleType::Boolean).nullable().default("true"),
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("Name"), part("_EntityType.Name")],
};

const COMPLEX_TYPE: EntitySet =
    EntitySet { kind: Kind::ComplexType, fields: &[NAME, PUBLISHED, UPDATED], key: &[part("Name")] };

const COMPLEX_TYPE_PROPERTY: EntitySet = EntitySet {
    kind: Kind::ComplexTypeProperty,
    fields: &[
        NAME,
        text("_ComplexType.Name").constraint(Constraint::Name).from(Source::Parent),
        TYPE,
        NULLABLE,
        DEFAULT_VALUE,
        COLLECTION_KIND,
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("Name"), part("_ComplexType.Name")],
};
