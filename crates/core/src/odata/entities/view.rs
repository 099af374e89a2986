//! Entities as an answer shows them.

use std::borrow::Cow;

use saibo_model::edm::{SimpleType, Value};
use saibo_model::{Document, Result};
use saibo_odata::entity::{Content, Entity, Link, Property, Type};
use saibo_odata::key::{ENTITY_KEY, Key};
use saibo_odata::options::Select;

use super::body;
use super::draft::Draft;
use super::schema::{self, PropertyType, Schema, TypeIndex};
use crate::document::object;

/// A document of an EntityType.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its EntityType.
    pub(super) ty: TypeIndex,
    /// The document.
    pub(super) document: Document,
}

/// What `$expand` shows behind one entity: for each navigation property that it names, the entities there.
pub(super) type Expanded = Vec<(String, Vec<Row>)>;

/// The key predicate of an entity, as URLs in answers have it.
#[must_use]
pub(super) fn predicate(id: &str) -> String {
    Key::new(vec![Some(id.to_owned())]).canonical(ENTITY_KEY)
}

/// The key predicate with the id as it is, as lists of links have it.
#[must_use]
pub(super) fn plain_predicate(id: &str) -> String {
    Key::new(vec![Some(id.to_owned())]).plain(ENTITY_KEY)
}

/// An entity with every property that its EntityType has, null where it has no value.
///
/// # Errors
/// [`saibo_model::ErrorCode::DataInconsistency`] if its body cannot be read.
pub(super) fn stored<'s>(
    schema: &'s Schema,
    row: &Row,
    select: &Select,
    expanded: &Expanded,
) -> Result<Entity<'s>> {
    let ty = schema.entity_type(row.ty);
    let values = object(&row.document.body)?;
    let mut entity = head(schema, row);
    entity.properties.reserve(ty.properties.len());
    for property in ty.properties.iter().filter(|property| select.includes(&property.name)) {
        entity.properties.push(shown(schema, property, body::value(schema, property, &values)));
    }
    entity.links = links(schema, row.ty, expanded)?;
    Ok(entity)
}

/// An entity that was just made, as its answer shows it: what was sent and what was filled in, no links.
#[must_use]
pub(super) fn created<'s>(schema: &'s Schema, row: &Row, draft: Draft) -> Entity<'s> {
    let mut entity = head(schema, row);
    let properties = &schema.entity_type(row.ty).properties;
    for (name, value) in draft.values {
        if let Some(property) = properties.get(&name) {
            entity.properties.push(shown(schema, property, whole(schema, property, value)));
        }
    }
    for (name, ty, value) in draft.new {
        entity.properties.push(Property { name: name.into(), ty: Type::Simple(ty), value });
    }
    entity
}

/// An entity that a batch has made: the answer has its links, and its properties without their values, as
/// recorded.
#[must_use]
pub(super) fn batched<'s>(schema: &'s Schema, row: &Row) -> Entity<'s> {
    let mut entity = head(schema, row);
    for property in schema.entity_type(row.ty).properties.iter() {
        entity.properties.push(shown(schema, property, Value::Null));
    }
    entity.links = deferred(schema, row.ty);
    entity
}

/// A complex value as it would be read back: with its members that are null.
fn whole(schema: &Schema, property: &schema::Property, value: Value) -> Value {
    match (value, property.ty) {
        (Value::Complex(mut members), PropertyType::Complex(inner)) => Value::Complex(
            schema
                .complex_type(inner)
                .properties
                .iter()
                .map(|member| {
                    let at = members.iter().position(|(name, _)| *name == member.name);
                    let value = at.map_or(Value::Null, |at| members.swap_remove(at).1);
                    (member.name.clone(), whole(schema, member, value))
                })
                .collect(),
        ),
        (Value::List(items), _) => {
            Value::List(items.into_iter().map(|item| whole(schema, property, item)).collect())
        }
        (value, _) => value,
    }
}

fn head<'s>(schema: &'s Schema, row: &Row) -> Entity<'s> {
    let ty = schema.entity_type(row.ty);
    let document = &row.document;
    let managed = |name: &'static str, ty, value| Property { name: name.into(), ty: Type::Simple(ty), value };
    Entity {
        set: Cow::Borrowed(&ty.name),
        predicate: predicate(&document.key),
        type_name: Cow::Borrowed(&ty.type_name),
        version: document.version,
        updated: document.updated,
        properties: vec![
            managed("__id", SimpleType::String, Value::String(document.key.clone())),
            managed("__published", SimpleType::DateTime, Value::DateTime(document.published)),
            managed("__updated", SimpleType::DateTime, Value::DateTime(document.updated)),
        ],
        links: Vec::new(),
    }
}

fn shown<'s>(schema: &'s Schema, property: &'s schema::Property, value: Value) -> Property<'s> {
    let ty = match property.ty {
        PropertyType::Simple(ty) => Type::Simple(ty),
        PropertyType::Complex(inner) => Type::Complex(Cow::Borrowed(&schema.complex_type(inner).type_name)),
    };
    Property { name: Cow::Borrowed(&property.name), ty, value }
}

fn deferred(schema: &Schema, ty: TypeIndex) -> Vec<Link<'_>> {
    schema
        .entity_type(ty)
        .navigation
        .iter()
        .map(|navigation| Link {
            name: Cow::Borrowed(&navigation.name),
            content: Content::Deferred { many: navigation.to.is_many() },
        })
        .collect()
}

fn links<'s>(schema: &'s Schema, ty: TypeIndex, expanded: &Expanded) -> Result<Vec<Link<'s>>> {
    let mut links = deferred(schema, ty);
    for link in &mut links {
        let Some((_, rows)) = expanded.iter().find(|(name, _)| *name == link.name) else { continue };
        let entities = rows.iter().map(|row| stored(schema, row, &Select::All, &Vec::new()));
        // A list also where there can be only one, as recorded.
        link.content = Content::Many(entities.collect::<Result<_>>()?);
    }
    Ok(links)
}
