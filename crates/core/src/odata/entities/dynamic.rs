//! Properties that nobody declared: the first entity that has one makes it (API page 364).

use saibo_model::edm::SimpleType;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use serde_json::json;

use super::schema::{Property, PropertyType, Schema, TypeIndex};
use super::session::Session;

/// A property before it is written.
#[derive(Clone, Debug)]
pub(super) struct NewProperty {
    pub(super) name: String,
    pub(super) ty: SimpleType,
    pub(super) alias: String,
}

/// Gives new properties the next aliases of their EntityType.
#[must_use]
pub(super) fn name_aliases(
    schema: &Schema,
    ty: TypeIndex,
    new: impl Iterator<Item = (String, SimpleType)>,
) -> Vec<NewProperty> {
    let properties = schema.entity_type(ty).properties.iter();
    let numbers = properties.filter_map(|property| property.alias.strip_prefix('P')?.parse::<u32>().ok());
    let last = numbers.max().unwrap_or(0);
    new.zip(last + 1..).map(|((name, ty), at)| NewProperty { name, ty, alias: format!("P{at:03}") }).collect()
}

impl Session<'_> {
    /// Makes the Property documents, and adds the properties to the schema of this transaction.
    pub(super) fn make_properties(&mut self, ty: TypeIndex, new: Vec<NewProperty>) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let set = EntitySet::schema(Kind::Property, self.home.collection.clone());
        let parent = self.schema.entity_type(ty).id.clone();
        let mut documents: Vec<Document> =
            new.iter().map(|property| document(&set, &parent, property, self.now)).collect();
        self.put_schema_objects(&mut documents)?;
        let schema = std::sync::Arc::make_mut(&mut self.schema);
        for property in new {
            schema.add_property(
                ty,
                Property {
                    name: property.name,
                    alias: property.alias,
                    ty: PropertyType::Simple(property.ty),
                    is_list: false,
                    nullable: true,
                    default: None,
                    declared: false,
                    unique_key: None,
                },
            );
        }
        Ok(())
    }
}

fn document(set: &EntitySet, parent: &Id, property: &NewProperty, now: i64) -> Document {
    let body = json!({
        "Name": property.name,
        "Type": property.ty.name(),
        "Nullable": true,
        "CollectionKind": "None",
        "IsKey": false,
        "IsDeclared": false,
    });
    Document {
        seq: 0,
        id: Id::in_order(),
        set: set.clone(),
        key: property.name.clone(),
        parent: Some(parent.clone()),
        peer: None,
        version: 1,
        published: now,
        updated: now,
        body: body.to_string(),
        hidden: Some(json!({ "Alias": property.alias }).to_string()),
        extra: None,
    }
}
