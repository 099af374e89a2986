//! The body of an entity's document: its values under their properties' aliases, in the form of a snapshot's
//! `s`. A value that is null is not there.

use saibo_model::Result;
use saibo_model::edm::{SimpleType, Value};
use serde_json::{Map, Value as Json};

use super::draft::Draft;
use super::schema::{Properties, Property, PropertyType, Schema, TypeIndex};
use crate::document;

/// The field that repeats the document's key.
const ID: &str = "__id";

/// A body with the values of a draft, which is for an entity of these properties; `new` are the aliases of its
/// new ones.
#[must_use]
pub(super) fn write(
    schema: &Schema,
    properties: &Properties,
    id: &str,
    draft: &Draft,
    new: &[String],
) -> String {
    let mut body = Map::with_capacity(draft.values.len() + draft.new.len() + 1);
    body.insert(ID.to_owned(), Json::String(id.to_owned()));
    merge(schema, properties, &mut body, draft, new);
    Json::Object(body).to_string()
}

/// Puts the values of a draft into a body that may have others.
pub(super) fn merge(
    schema: &Schema,
    properties: &Properties,
    body: &mut Map<String, Json>,
    draft: &Draft,
    new: &[String],
) {
    put(schema, properties, body, &draft.values);
    for ((_, _, value), alias) in draft.new.iter().zip(new) {
        if !value.is_null() {
            body.insert(alias.clone(), value.to_stored());
        }
    }
}

fn put(schema: &Schema, properties: &Properties, body: &mut Map<String, Json>, values: &[(String, Value)]) {
    for (name, value) in values {
        let Some(property) = properties.get(name) else { continue };
        match (value, property.ty) {
            (Value::Null, _) => {
                body.remove(&property.alias);
            }
            // The members that a complex value leaves out stay as they are.
            (Value::Complex(members), PropertyType::Complex(inner)) => {
                let known = body.entry(property.alias.clone()).or_insert_with(|| Json::Object(Map::new()));
                if !known.is_object() {
                    *known = Json::Object(Map::new());
                }
                if let Json::Object(known) = known {
                    put(schema, &schema.complex_type(inner).properties, known, members);
                }
            }
            _ => {
                body.insert(property.alias.clone(), stored(schema, property, value));
            }
        }
    }
}

fn stored(schema: &Schema, property: &Property, value: &Value) -> Json {
    match (value, property.ty) {
        (Value::List(items), _) => Json::Array(items.iter().map(|i| stored(schema, property, i)).collect()),
        (Value::Complex(members), PropertyType::Complex(inner)) => {
            let mut object = Map::new();
            put(schema, &schema.complex_type(inner).properties, &mut object, members);
            Json::Object(object)
        }
        _ => value.to_stored(),
    }
}

/// The value of a property in a body, or in the complex value that it is a member of.
#[must_use]
pub(super) fn value(schema: &Schema, property: &Property, body: &Map<String, Json>) -> Value {
    body.get(&property.alias).map_or(Value::Null, |stored| shown(schema, property, stored))
}

/// The values of all properties of an EntityType in a body, in their order.
///
/// # Errors
/// [`saibo_model::ErrorCode::DataInconsistency`] if the body is no object.
pub(crate) fn values(schema: &Schema, ty: TypeIndex, body: &str) -> Result<Vec<Value>> {
    let body = document::object(body)?;
    Ok(schema.entity_type(ty).properties.iter().map(|property| value(schema, property, &body)).collect())
}

fn shown(schema: &Schema, property: &Property, stored: &Json) -> Value {
    match (stored, property.is_list) {
        (Json::Null, _) => Value::Null,
        (Json::Array(items), true) => {
            Value::List(items.iter().map(|item| one(schema, property.ty, item)).collect())
        }
        _ => one(schema, property.ty, stored),
    }
}

fn one(schema: &Schema, ty: PropertyType, stored: &Json) -> Value {
    match (ty, stored) {
        (PropertyType::Simple(ty), _) => simple(ty, stored),
        (PropertyType::Complex(inner), Json::Object(members)) => {
            let properties = schema.complex_type(inner).properties.iter();
            Value::Complex(properties.map(|p| (p.name.clone(), value(schema, p, members))).collect())
        }
        (PropertyType::Complex(_), _) => Value::Null,
    }
}

/// A value of a property that once was an Int32 and now is a Double is a JSON number still (API page 357).
fn simple(ty: SimpleType, stored: &Json) -> Value {
    ty.from_stored(stored)
}
