//! From a request's body to the values of an entity (API pages 364 and 367).
//!
//! What can be wrong is looked for in the order in which the API reports it: first every value that was sent
//! against its type, then what must be there and what is filled in, then the names of undeclared properties,
//! then how many properties that would make.

use saibo_model::edm::{NEW_ID, SimpleType, Value};
use saibo_model::id::entity_id;
use saibo_model::{ErrorCode, Result, name};
use saibo_odata::body::{Json, Object};

use super::limits;
use super::schema::{Properties, Property, PropertyType, Schema, TypeIndex};

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It makes an entity, or replaces one: what it leaves out gets its default.
    Whole,
    /// It changes an entity: what it leaves out stays.
    Merge,
}

/// The values that a body gives an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// `__id`, if the body has it.
    pub id: Option<String>,
    /// The values of known properties, by the property's name. Null is a value that goes away or never was.
    pub values: Vec<(String, Value)>,
    /// The properties that nobody declared and no entity had before, with the type that their first value
    /// gives them.
    pub new: Vec<(String, SimpleType, Value)>,
}

impl Draft {
    /// Reads a body. `now` is the moment of the request, in ms.
    ///
    /// # Errors
    /// 400-OD-0006 for a value or a name that is not allowed, 0007 for what the unit itself manages, 0009 for
    /// a value that must be there, 0032 for too many properties.
    pub fn read(schema: &Schema, ty: TypeIndex, body: &Object, purpose: Purpose, now: i64) -> Result<Self> {
        let reader = Reader { schema, purpose, now };
        let properties = &schema.entity_type(ty).properties;
        let sent = reader.sent(properties, body)?;
        let id = id(body)?;
        for managed in ["__published", "__updated"] {
            if body.get(managed).is_some() {
                return Err(ErrorCode::FieldInvalid.with([managed]));
            }
        }
        let values = reader.complete(properties, sent)?;
        let new = reader.undeclared(properties, body)?;
        if !new.is_empty() && !has_room(schema, ty, new.len()) {
            return Err(ErrorCode::EntityTypeStructureLimit.into());
        }
        Ok(Self { id, values, new })
    }
}

fn bad(name: &str) -> saibo_model::Error {
    ErrorCode::FieldFormat.with([name])
}

fn id(body: &Object) -> Result<Option<String>> {
    let Some(json) = body.get("__id").filter(|json| **json != Json::Null) else { return Ok(None) };
    let id = json.text().filter(|id| name::is_entity_id(id)).ok_or_else(|| bad("__id"))?;
    Ok(Some(id.to_owned()))
}

/// Whether an EntityType can take so many more properties.
fn has_room(schema: &Schema, ty: TypeIndex, more: usize) -> bool {
    let counts = schema.property_counts(ty);
    counts.all + more <= limits::PROPERTIES && counts.simple + more <= limits::PROPERTIES - counts.complex
}

/// A value as it was sent: complex ones with the members that were there.
enum Sent {
    Value(Value),
    Complex(Vec<(String, Sent)>),
    List(Vec<Sent>),
}

struct Reader<'s> {
    schema: &'s Schema,
    purpose: Purpose,
    now: i64,
}

impl Reader<'_> {
    /// The members of an entity's body that are known properties.
    fn sent(&self, properties: &Properties, body: &Object) -> Result<Vec<(String, Sent)>> {
        let mut sent = Vec::with_capacity(body.len());
        for (name, json) in body.iter() {
            match properties.get(name) {
                Some(property) => sent.push((name.to_owned(), self.value(property, json)?)),
                None if matches!(json, Json::Array(_) | Json::Object(_)) => return Err(bad(name)),
                None => {}
            }
        }
        Ok(sent)
    }

    fn value(&self, property: &Property, json: &Json) -> Result<Sent> {
        match json {
            Json::Null => Ok(Sent::Value(Value::Null)),
            Json::Array(items) if property.is_list => {
                items.iter().map(|item| self.item(property, item)).collect::<Result<_>>().map(Sent::List)
            }
            _ if property.is_list => Err(bad(&property.name)),
            _ => self.item(property, json),
        }
    }

    fn item(&self, property: &Property, json: &Json) -> Result<Sent> {
        let malformed = || bad(&property.name);
        match (property.ty, json) {
            (_, Json::Null) => Ok(Sent::Value(Value::Null)),
            (PropertyType::Simple(ty), _) => {
                let text = json.text().ok_or_else(malformed)?;
                ty.parse(text, self.now).map(Sent::Value).map_err(|_| malformed())
            }
            (PropertyType::Complex(inner), Json::Object(members)) => {
                let properties = &self.schema.complex_type(inner).properties;
                let member = |(name, json): (&str, &Json)| {
                    let property = properties.get(name).ok_or_else(|| bad(name))?;
                    Ok((name.to_owned(), self.value(property, json)?))
                };
                members.iter().map(member).collect::<Result<_>>().map(Sent::Complex)
            }
            (PropertyType::Complex(_), _) => Err(malformed()),
        }
    }

    /// Fills in what was not sent, for every property.
    fn complete(&self, properties: &Properties, sent: Vec<(String, Sent)>) -> Result<Vec<(String, Value)>> {
        let mut sent = sent;
        let mut values = Vec::with_capacity(properties.len());
        for property in properties.iter() {
            let found = sent.iter().position(|(name, _)| *name == property.name);
            let value = match found.map(|at| sent.swap_remove(at).1) {
                None if self.purpose == Purpose::Merge => continue,
                // One that was never declared has no default, and is not shown where nobody gave it a value.
                None if !property.declared => continue,
                Some(Sent::Value(Value::Null)) if !property.declared => Value::Null,
                None | Some(Sent::Value(Value::Null)) => self.default(property)?,
                Some(value) => self.completed(property, value)?,
            };
            values.push((property.name.clone(), value));
        }
        Ok(values)
    }

    fn completed(&self, property: &Property, sent: Sent) -> Result<Value> {
        match (property.ty, sent) {
            (_, Sent::Value(value)) => Ok(value),
            (_, Sent::List(items)) => {
                // The items of a list are whole, also where the entity is merged.
                let whole = Reader { purpose: Purpose::Whole, ..*self };
                items
                    .into_iter()
                    .map(|item| whole.completed(property, item))
                    .collect::<Result<_>>()
                    .map(Value::List)
            }
            (PropertyType::Complex(inner), Sent::Complex(members)) => {
                let properties = &self.schema.complex_type(inner).properties;
                self.complete(properties, members).map(Value::Complex)
            }
            (PropertyType::Simple(_), Sent::Complex(_)) => Err(bad(&property.name)),
        }
    }

    fn default(&self, property: &Property) -> Result<Value> {
        match (property.ty, &property.default) {
            (PropertyType::Simple(SimpleType::String), Some(text)) if !property.is_list && text == NEW_ID => {
                Ok(Value::String(entity_id()))
            }
            (PropertyType::Simple(ty), Some(text)) if !property.is_list => {
                Ok(ty.default_value(text, self.now))
            }
            _ if property.nullable => Ok(Value::Null),
            _ => Err(ErrorCode::RequiredFieldMissing.with([&property.name])),
        }
    }

    /// The members that are no known properties, in order.
    fn undeclared(&self, properties: &Properties, body: &Object) -> Result<Vec<(String, SimpleType, Value)>> {
        let mut new = Vec::new();
        for (name, json) in body.iter() {
            if matches!(name, "__id" | "__published" | "__updated") || properties.get(name).is_some() {
                continue;
            }
            if name == "__metadata" {
                return Err(ErrorCode::FieldInvalid.with([name]));
            }
            if !name::is_property_name(name) {
                return Err(bad(name));
            }
            let ty = match json {
                Json::Boolean(_) => SimpleType::Boolean,
                Json::Number(_) => SimpleType::Double,
                _ => SimpleType::String,
            };
            let value = match json.text() {
                Some(text) => ty.parse(text, self.now).map_err(|_| bad(name))?,
                None => Value::Null,
            };
            new.push((name.to_owned(), ty, value));
        }
        Ok(new)
    }
}
