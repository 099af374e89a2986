//! What a collection's schema objects say, made ready for reading and writing entities.
//!
//! Names and aliases are looked up here and nowhere else: an entity's body has aliases only (`P001`), the API
//! shows names only.

mod cache;
mod limits;
mod load;
pub mod resolve;

use std::collections::HashMap;

use saibo_model::edm::{Multiplicity, SimpleType};
use saibo_model::query::Field;
use saibo_model::{EntitySet, Id};

pub use cache::Schemas;
pub(super) use load::multiplicity;

/// The namespace of the types of every collection.
const NAMESPACE: &str = "UserData";

/// The schema of an OData collection.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: Vec<EntityType>,
    type_index: HashMap<String, usize>,
    complex_types: Vec<ComplexType>,
    unique: Vec<(EntitySet, Field)>,
}

/// An EntityType, by its place in its [`Schema`].
pub type TypeIndex = usize;

/// A ComplexType, by its place in its [`Schema`].
pub type ComplexIndex = usize;

/// An EntityType.
#[derive(Clone, Debug)]
pub struct EntityType {
    /// Its name, which is also that of its entity set.
    pub name: String,
    /// The qualified name, `UserData.Item`.
    pub type_name: String,
    /// Where its entities are stored.
    pub set: EntitySet,
    /// Its id.
    pub id: Id,
    /// Its properties.
    pub properties: Properties,
    /// Its navigation properties, by name.
    pub navigation: Vec<Navigation>,
}

/// A ComplexType.
#[derive(Clone, Debug)]
pub struct ComplexType {
    /// The qualified name, `UserData.Address`.
    pub type_name: String,
    /// Its members.
    pub properties: Properties,
}

/// Properties, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    list: Vec<Property>,
    index: HashMap<String, usize>,
}

/// A Property or ComplexTypeProperty.
#[derive(Clone, Debug)]
pub struct Property {
    /// `Name`
    pub name: String,
    /// Under which a body keeps its values.
    pub alias: String,
    /// `Type`
    pub ty: PropertyType,
    /// Whether it holds a list (`CollectionKind`).
    pub is_list: bool,
    /// `Nullable`
    pub nullable: bool,
    /// `DefaultValue`
    pub default: Option<String>,
    /// Whether it was declared, or came with an entity that had it (`IsDeclared`).
    pub declared: bool,
    /// `UniqueKey`
    pub unique_key: Option<String>,
}

/// The type of a property, or of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyType {
    /// A simple type.
    Simple(SimpleType),
    /// A ComplexType.
    Complex(ComplexIndex),
}

/// A navigation property: one end of an association.
#[derive(Clone, Debug)]
pub struct Navigation {
    /// Its name, with the underscore.
    pub name: String,
    /// Where it leads.
    pub target: TypeIndex,
    /// How many entities it comes from.
    pub from: Multiplicity,
    /// How many entities it leads to.
    pub to: Multiplicity,
}

/// Which side of an association holds its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Neither: they are many-to-many links.
    Neither,
    /// The side that the navigation property leads from, towards the other's one.
    Source,
    /// The side that it leads to.
    Target,
    /// Both, each towards the other.
    Both,
}

impl Navigation {
    /// Which side holds the links (`ll` of a snapshot).
    #[must_use]
    pub fn holder(&self) -> Holder {
        match (self.from.is_many(), self.to.is_many()) {
            (true, true) => Holder::Neither,
            (true, false) => Holder::Source,
            (false, true) => Holder::Target,
            (false, false) => Holder::Both,
        }
    }
}

impl Schema {
    /// Finds an EntityType.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TypeIndex> {
        self.type_index.get(name).copied()
    }

    /// An EntityType.
    #[must_use]
    pub fn entity_type(&self, index: TypeIndex) -> &EntityType {
        &self.types[index]
    }

    /// The EntityTypes, in no particular order.
    #[must_use]
    pub fn entity_types(&self) -> &[EntityType] {
        &self.types
    }

    /// The ComplexTypes, in no particular order.
    #[must_use]
    pub fn complex_types(&self) -> &[ComplexType] {
        &self.complex_types
    }

    /// A ComplexType.
    #[must_use]
    pub fn complex_type(&self, index: ComplexIndex) -> &ComplexType {
        &self.complex_types[index]
    }

    /// By what unique keys are compared, of every EntityType.
    #[must_use]
    pub fn unique_fields(&self) -> &[(EntitySet, Field)] {
        &self.unique
    }

    /// Adds a property to an EntityType.
    pub(super) fn add_property(&mut self, index: TypeIndex, property: Property) {
        self.types[index].properties.add(property);
    }

    /// How many properties an EntityType has at its top, simple and complex, and in all, with those of its
    /// complex ones at every depth.
    #[must_use]
    pub fn property_counts(&self, index: TypeIndex) -> PropertyCounts {
        let properties = &self.types[index].properties;
        let complex = properties.iter().filter(|p| matches!(p.ty, PropertyType::Complex(_))).count();
        PropertyCounts { simple: properties.len() - complex, complex, all: self.count(properties, 0) }
    }

    fn count(&self, properties: &Properties, depth: usize) -> usize {
        let nested = |property: &Property| match property.ty {
            // Types that contain each other would count for ever; deeper than this no value can be.
            PropertyType::Complex(inner) if depth < super::limits::COMPLEX_DEPTH => {
                1 + self.count(&self.complex_types[inner].properties, depth + 1)
            }
            _ => 1,
        };
        properties.iter().map(nested).sum()
    }
}

/// See [`Schema::property_counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyCounts {
    /// Of a simple type, at the top.
    pub simple: usize,
    /// Of a complex type, at the top.
    pub complex: usize,
    /// In all.
    pub all: usize,
}

impl Property {
    /// Where the values of a property with a `UniqueKey` are, if they are compared.
    pub(super) fn unique_field(&self) -> Option<Field> {
        match (&self.unique_key, self.ty, self.is_list) {
            (Some(_), PropertyType::Simple(ty), false) => {
                Some(Field::Body { path: vec![self.alias.clone()], stored: ty.stored() })
            }
            _ => None,
        }
    }
}

impl EntityType {
    /// The navigation property of that name.
    #[must_use]
    pub fn navigation(&self, name: &str) -> Option<&Navigation> {
        self.navigation.iter().find(|navigation| navigation.name == name)
    }
}

impl ComplexType {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.type_name.rsplit('.').next().unwrap_or_default()
    }
}

impl Properties {
    /// The property of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.index.get(name).map(|&at| &self.list[at])
    }

    /// The properties by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn new(mut list: Vec<Property>) -> Self {
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let index = list.iter().enumerate().map(|(at, property)| (property.name.clone(), at)).collect();
        Self { list, index }
    }

    fn add(&mut self, property: Property) {
        let at = self.list.partition_point(|known| known.name < property.name);
        for place in self.index.values_mut().filter(|place| **place >= at) {
            *place += 1;
        }
        self.index.insert(property.name.clone(), at);
        self.list.insert(at, property);
    }
}
