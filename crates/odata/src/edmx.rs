//! `$metadata`: the schema of a service as EDMX (MC-EDMX, CSDL 1.0; pages 316 and 371 of the API reference).

mod user_data;
mod write;

use saibo_model::edm::{CollectionKind, Multiplicity};

use crate::entity_sets::{FieldDefinition, FieldType, Service};

pub use user_data::{UserEnd, UserProperty};
pub use write::write;

/// The schema of a service. Each entity type has one entity set of its name, and each association one
/// association set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The namespace of the types.
    pub namespace: String,
    /// The complex types, in order.
    pub complex_types: Vec<ComplexType>,
    /// The entity types, in order.
    pub entity_types: Vec<EntityType>,
    /// The associations, in order.
    pub associations: Vec<Association>,
}

/// A complex type.
#[derive(Clone, Debug, PartialEq)]
pub struct ComplexType {
    /// The name.
    pub name: String,
    /// The properties, in order.
    pub properties: Vec<Property>,
}

/// An entity type.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityType {
    /// The name.
    pub name: String,
    /// Whether entities may have other properties, too.
    pub open: bool,
    /// The names of the key's properties.
    pub key: Vec<String>,
    /// The properties, in order.
    pub properties: Vec<Property>,
    /// The navigation properties, in order.
    pub navigation: Vec<NavigationProperty>,
}

/// A property.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The name.
    pub name: String,
    /// The qualified name of the type.
    pub ty: String,
    /// Whether it is a list.
    pub collection: CollectionKind,
    /// Whether it may be null.
    pub nullable: bool,
    /// The default value.
    pub default: Option<String>,
    /// How many digits a date's seconds have behind the point.
    pub precision: Option<u8>,
    /// `p:Format`
    pub format: Option<&'static str>,
    /// `p:Unique`
    pub unique: Option<&'static str>,
    /// Whether it was declared, rather than made by the first entity that had it.
    pub declared: bool,
}

/// A navigation property.
#[derive(Clone, Debug, PartialEq)]
pub struct NavigationProperty {
    /// The name, with its underscore.
    pub name: String,
    /// The name of the association.
    pub association: String,
    /// The role of the end where it begins.
    pub from: String,
    /// The role of the end to which it leads.
    pub to: String,
}

/// An association.
#[derive(Clone, Debug, PartialEq)]
pub struct Association {
    /// The name.
    pub name: String,
    /// The two ends.
    pub ends: [End; 2],
}

/// An end of an association.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The role.
    pub role: String,
    /// The name of the entity type.
    pub entity_type: String,
    /// How many entities.
    pub multiplicity: Multiplicity,
}

impl Schema {
    /// The schema of control or schema objects.
    #[must_use]
    pub fn of_service(service: &'static Service) -> Self {
        let namespace = service.namespace;
        let properties = |fields: &[FieldDefinition]| {
            fields.iter().map(|field| Property::of_field(namespace, field)).collect()
        };
        Self {
            namespace: namespace.to_owned(),
            complex_types: service
                .complex_types
                .iter()
                .map(|ty| ComplexType { name: ty.name.to_owned(), properties: properties(ty.fields) })
                .collect(),
            entity_types: service
                .sets
                .iter()
                .map(|set| EntityType {
                    name: set.name().to_owned(),
                    open: false,
                    key: set.key.iter().map(|part| part.name.to_owned()).collect(),
                    properties: properties(set.fields),
                    navigation: set
                        .navigation()
                        .map(|navigation| NavigationProperty {
                            name: navigation.name.to_owned(),
                            association: navigation.association.name(),
                            from: navigation.association.role(navigation.end),
                            to: navigation.association.role(1 - navigation.end),
                        })
                        .collect(),
                })
                .collect(),
            associations: service
                .associations
                .iter()
                .map(|association| {
                    let end = |at: usize| End {
                        role: association.role(at),
                        entity_type: association.ends[at].kind.name().to_owned(),
                        multiplicity: association.ends[at].multiplicity,
                    };
                    Association { name: association.name(), ends: [end(0), end(1)] }
                })
                .collect(),
        }
    }
}

impl Property {
    fn of_field(namespace: &str, field: &FieldDefinition) -> Self {
        let ty = match field.ty {
            FieldType::Simple(ty) => ty.name().to_owned(),
            FieldType::Complex(name) => format!("{namespace}.{name}"),
        };
        Self {
            name: field.name.to_owned(),
            ty,
            collection: if field.is_list { CollectionKind::List } else { CollectionKind::None },
            nullable: field.nullable,
            default: field.default.map(str::to_owned),
            precision: field.is_managed().then_some(3),
            format: field.constraint.map(crate::constraint::Constraint::format),
            unique: field.unique,
            declared: true,
        }
    }
}

#[cfg(test)]
mod tests;
