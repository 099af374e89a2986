//! The schema of an OData collection's entities, from what its schema objects declare.

use saibo_model::edm::{CollectionKind, Multiplicity, NEW_ID, NOW, PropertyType, SimpleType};

use super::{Association, ComplexType, End, EntityType, NavigationProperty, Property, Schema};
use crate::constraint::Constraint;

/// The namespace of every collection's types.
pub(super) const NAMESPACE: &str = "UserData";

/// A Property or ComplexTypeProperty as it was declared.
#[derive(Clone, Debug, PartialEq)]
pub struct UserProperty {
    /// `Name`
    pub name: String,
    /// `Type`
    pub ty: PropertyType,
    /// `CollectionKind`
    pub collection: CollectionKind,
    /// `Nullable`
    pub nullable: bool,
    /// `DefaultValue`
    pub default: Option<String>,
    /// `IsDeclared`
    pub declared: bool,
}

/// An AssociationEnd that is linked with another.
#[derive(Clone, Debug, PartialEq)]
pub struct UserEnd<'a> {
    /// The name of its EntityType.
    pub entity_type: &'a str,
    /// `Name`
    pub name: &'a str,
    /// `Multiplicity`
    pub multiplicity: Multiplicity,
}

impl Schema {
    /// The schema of a collection without any types.
    #[must_use]
    pub fn user_data() -> Self {
        Self { namespace: NAMESPACE.to_owned(), ..Self::default() }
    }

    /// Adds a ComplexType.
    pub fn add_complex_type(&mut self, name: &str, properties: impl IntoIterator<Item = UserProperty>) {
        self.complex_types.push(ComplexType { name: name.to_owned(), properties: declared(properties) });
    }

    /// Adds an EntityType. Its entities have `__id` and the times, beside what is declared.
    pub fn add_entity_type(&mut self, name: &str, properties: impl IntoIterator<Item = UserProperty>) {
        let own = |name: &str, ty: SimpleType, default: &str| Property {
            name: name.to_owned(),
            ty: ty.name().to_owned(),
            collection: CollectionKind::None,
            nullable: false,
            default: Some(default.to_owned()),
            precision: (ty == SimpleType::DateTime).then_some(3),
            format: None,
            unique: None,
            declared: true,
        };
        let id = Property {
            format: Some(Constraint::EntityId.format()),
            ..own("__id", SimpleType::String, NEW_ID)
        };
        let mut all = vec![
            id,
            own("__published", SimpleType::DateTime, NOW),
            own("__updated", SimpleType::DateTime, NOW),
        ];
        all.extend(declared(properties));
        self.entity_types.push(EntityType {
            name: name.to_owned(),
            open: true,
            key: vec!["__id".to_owned()],
            properties: all,
            navigation: Vec::new(),
        });
    }

    /// Adds the association of two linked AssociationEnds, whose EntityTypes were added before, with the
    /// navigation properties that it gives them. One of an EntityType with itself gives it only one.
    pub fn associate(&mut self, first: &UserEnd<'_>, second: &UserEnd<'_>) {
        let association = format!("{}-{}-assoc", first.entity_type, second.entity_type);
        let role = |end: &UserEnd<'_>| format!("{}:{}", end.entity_type, end.name);
        let mut lead = |from: &UserEnd<'_>, to: &UserEnd<'_>| {
            if let Some(ty) = self.entity_types.iter_mut().find(|ty| ty.name == from.entity_type) {
                ty.navigation.push(NavigationProperty {
                    name: format!("_{}", to.entity_type),
                    association: association.clone(),
                    from: role(from),
                    to: role(to),
                });
            }
        };
        lead(first, second);
        if first.entity_type != second.entity_type {
            lead(second, first);
        }
        let end = |end: &UserEnd<'_>| End {
            role: role(end),
            entity_type: end.entity_type.to_owned(),
            multiplicity: end.multiplicity,
        };
        let ends = [end(first), end(second)];
        self.associations.push(Association { name: association, ends });
    }
}

fn declared(properties: impl IntoIterator<Item = UserProperty>) -> Vec<Property> {
    let mut properties: Vec<_> = properties
        .into_iter()
        .map(|property| Property {
            name: property.name,
            ty: match &property.ty {
                PropertyType::Simple(ty) => ty.name().to_owned(),
                PropertyType::Complex(name) => format!("{NAMESPACE}.{name}"),
            },
            collection: property.collection,
            nullable: property.nullable,
            default: property.default,
            precision: None,
            format: None,
            unique: None,
            declared: property.declared,
        })
        .collect();
    properties.sort_by(|a, b| a.name.cmp(&b.name));
    properties
}
