//! Objects as an answer shows them.

use saibo_model::edm::Value;
use saibo_model::{Document, Result};
use saibo_odata::entity::{Content, Entity, Link, Property, Type};
use saibo_odata::entity_sets::{EntitySet as Definition, FieldDefinition, FieldType, Service, Source};
use saibo_odata::options::Select;
use serde_json::{Map, Value as Json};

use super::place::Ancestors;
use crate::document::object;

/// What is shown of an object's navigation properties.
pub(super) enum Links<'e> {
    /// Nothing: the answer to a create.
    None,
    /// Where to get them, but for those that are expanded.
    Shown(Vec<(&'static str, Content<'e>)>),
}

/// An object with every field of its set.
pub(super) fn entity<'e>(
    definition: &'static Definition,
    ancestors: &mut Ancestors<'_>,
    document: &Document,
    select: &Select,
    links: Links<'e>,
) -> Result<Entity<'e>> {
    let body = body_of(document)?;
    let (parent, grandparent) = ancestors.of(document)?;
    let mut properties = Vec::with_capacity(definition.fields.len());
    for field in definition.fields {
        if !select.includes(field.name) {
            continue;
        }
        let value = match field.source {
            Source::Key => Value::String(document.key.clone()),
            Source::Parent => parent.clone().map_or(Value::Null, Value::String),
            Source::Grandparent => grandparent.clone().map_or(Value::Null, Value::String),
            Source::Published => Value::DateTime(document.published),
            Source::Updated => Value::DateTime(document.updated),
            Source::Body => value_of(definition.service(), field, body.get(field.name)),
        };
        properties.push(Property {
            name: field.name.into(),
            ty: type_of(definition.service(), field),
            value,
        });
    }
    let links = match links {
        Links::None => Vec::new(),
        Links::Shown(mut expanded) => definition
            .navigation()
            .map(|navigation| {
                let at = expanded.iter().position(|(name, _)| *name == navigation.name);
                let content = at.map_or(Content::Deferred { many: navigation.to.is_many() }, |at| {
                    expanded.swap_remove(at).1
                });
                Link { name: navigation.name.into(), content }
            })
            .collect(),
    };
    Ok(Entity {
        set: definition.name().into(),
        predicate: ancestors.key(definition, document)?.canonical(definition.key),
        type_name: definition.type_name().into(),
        version: document.version,
        updated: document.updated,
        properties,
        links,
    })
}

/// The fields of a document's body.
pub(super) fn body_of(document: &Document) -> Result<Map<String, Json>> {
    object(&document.body)
}

fn type_of(service: &'static Service, field: &FieldDefinition) -> Type<'static> {
    match field.ty {
        FieldType::Simple(ty) => Type::Simple(ty),
        FieldType::Complex(name) => Type::Complex(format!("{}.{name}", service.namespace).into()),
    }
}

fn value_of(service: &'static Service, field: &FieldDefinition, stored: Option<&Json>) -> Value {
    let one = |stored: &Json| match field.ty {
        FieldType::Simple(ty) => ty.from_stored(stored),
        FieldType::Complex(name) => match (service.complex_type(name), stored) {
            (Some(ty), Json::Object(members)) => Value::Complex(
                ty.fields
                    .iter()
                    .map(|member| {
                        (member.name.to_owned(), value_of(service, member, members.get(member.name)))
                    })
                    .collect(),
            ),
            _ => Value::Null,
        },
    };
    match stored {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Array(items)) if field.is_list => Value::List(items.iter().map(one).collect()),
        Some(stored) => one(stored),
    }
}
