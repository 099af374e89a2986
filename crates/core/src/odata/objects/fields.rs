//! From a request's body to the fields of an object, checked in the order in which the API does it.

use saibo_model::edm::{NEW_ID, NOW, SimpleType, Value};
use saibo_model::{Document, ErrorCode, Result};
use saibo_odata::body::{Json, Object};
use saibo_odata::entity_sets::{ComplexType, EntitySet as Definition, FieldDefinition, FieldType, Source};
use serde_json::Map;

use super::view::body_of;

/// Values of a list.
const LIST: usize = 1000;

/// What a request means to make of an object.
#[derive(Clone, Copy)]
pub(super) enum Mode<'d> {
    /// A new one.
    Create,
    /// The same one with other fields; what is left out is as in a new one.
    Replace,
    /// The same one with some other fields. Holds the values there are of the parts that documents name by a
    /// parent's key.
    Merge(&'d Document, &'d [(&'static str, Option<String>)]),
}

/// The fields of an object, in the order of its set.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    values: Vec<(&'static FieldDefinition, Value)>,
}

impl Fields {
    /// Reads a body.
    ///
    /// # Errors
    /// 400-OD-0007 for a field that may not be sent, 0006 for a value of the wrong form, 0009 for one that is missing,
    /// 0049 and 0050 for URLs.
    pub(super) fn read(
        definition: &'static Definition,
        body: &Object,
        mode: Mode<'_>,
        now: i64,
    ) -> Result<Self> {
        let mut sent: Vec<(&'static FieldDefinition, Value)> = Vec::new();
        for (name, json) in body.iter() {
            let field = definition.field(name).ok_or_else(|| ErrorCode::FieldInvalid.with([name]))?;
            sent.push((field, parse(definition, field, json, now)?));
        }
        let before = match mode {
            Mode::Merge(document, _) => Some(body_of(document)?),
            _ => None,
        };
        let mut values = Vec::with_capacity(definition.fields.len());
        for field in definition.fields {
            let given = sent.iter().find(|(one, _)| one.name == field.name).map(|(_, value)| value.clone());
            if field.is_managed() {
                if given.is_some() {
                    return Err(ErrorCode::FieldInvalid.with([field.name]));
                }
                continue;
            }
            let value = match (given, mode) {
                (None, Mode::Merge(document, named)) => kept(field, document, named, before.as_ref()),
                (given, _) => filled(field, given, now)?,
            };
            if let (Some(constraint), Some(text)) = (field.constraint, text_of(&value)) {
                constraint.check(field.name, &text)?;
            }
            values.push((field, value));
        }
        Ok(Self { values })
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.values.iter().find(|(field, _)| field.name == name).map_or(&Value::Null, |(_, value)| value)
    }

    /// The text of a field; `None` if it is null.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// The text of the field that a document keeps there.
    pub(super) fn at(&self, source: Source) -> Option<&str> {
        self.values.iter().find(|(field, _)| field.source == source).and_then(|(_, value)| value.as_str())
    }

    /// The names of the fields that name parents, and the texts they have.
    pub(super) fn named(&self) -> Vec<&'static str> {
        let of_parent = |source| matches!(source, Source::Parent | Source::Grandparent);
        self.values.iter().filter(|(field, _)| of_parent(field.source)).map(|(field, _)| field.name).collect()
    }

    /// Puts another value into the place of one.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if let Some((_, old)) = self.values.iter_mut().find(|(field, _)| field.name == name) {
            *old = value;
        }
    }

    /// The body of the document, as a snapshot has it in `s`: nulls are left out.
    pub(super) fn to_body(&self) -> String {
        self.body_of(|_| true)
    }

    /// The body of a document of another set, with the fields that it has, too.
    pub(super) fn to_body_of(&self, definition: &Definition) -> String {
        self.body_of(|field| definition.field(field.name).is_some())
    }

    fn body_of(&self, has: impl Fn(&FieldDefinition) -> bool) -> String {
        let mut body = Map::new();
        for (field, value) in &self.values {
            if matches!(field.source, Source::Key | Source::Body) && !value.is_null() && has(field) {
                body.insert(field.name.to_owned(), value.to_stored_control());
            }
        }
        serde_json::Value::Object(body).to_string()
    }
}

fn parse(
    definition: &'static Definition,
    field: &'static FieldDefinition,
    json: &Json,
    now: i64,
) -> Result<Value> {
    let malformed = || ErrorCode::FieldFormat.with([field.name]);
    match (field.ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (FieldType::Complex(name), Json::Array(items)) if field.is_list => {
            let ty = definition.service().complex_type(name).ok_or_else(malformed)?;
            if items.len() > LIST {
                return Err(malformed());
            }
            let items = items.iter().map(|item| match item {
                Json::Object(item) => member_values(ty, field.name, item, now),
                _ => Err(malformed()),
            });
            Ok(Value::List(items.collect::<Result<_>>()?))
        }
        (FieldType::Simple(SimpleType::String), simple) if !field.is_list => {
            let text = simple.text().filter(|text| text.len() <= field.max_bytes);
            text.map(|text| Value::String(text.to_owned())).ok_or_else(malformed)
        }
        (FieldType::Simple(ty), simple) if !field.is_list => {
            simple.text().and_then(|text| ty.parse(text, now).ok()).ok_or_else(malformed)
        }
        _ => Err(malformed()),
    }
}

/// A value of a complex type, whose members are simple.
fn member_values(ty: &'static ComplexType, path: &str, sent: &Object, now: i64) -> Result<Value> {
    let of = |member: &str| format!("{path}.{member}");
    if let Some((name, _)) = sent.iter().find(|(name, _)| ty.fields.iter().all(|member| member.name != *name))
    {
        return Err(ErrorCode::FieldInvalid.with([of(name)]));
    }
    let values = ty.fields.iter().map(|member| {
        let value = match (member.ty, sent.get(member.name)) {
            (_, None | Some(Json::Null)) => Value::Null,
            (FieldType::Simple(ty), Some(simple)) => simple
                .text()
                .and_then(|text| ty.parse(text, now).ok())
                .ok_or_else(|| ErrorCode::FieldFormat.with([of(member.name)]))?,
            (FieldType::Complex(_), Some(_)) => return Err(ErrorCode::FieldFormat.with([of(member.name)])),
        };
        if value.is_null() && !member.nullable {
            return Err(ErrorCode::RequiredFieldMissing.with([of(member.name)]));
        }
        if let (Some(constraint), Some(text)) = (member.constraint, text_of(&value)) {
            constraint.check(&of(member.name), &text)?;
        }
        Ok((member.name.to_owned(), value))
    });
    Ok(Value::Complex(values.collect::<Result<_>>()?))
}

/// A field that was left out, or sent as null, of a whole object.
fn filled(field: &'static FieldDefinition, given: Option<Value>, now: i64) -> Result<Value> {
    match given {
        Some(value) if !value.is_null() => Ok(value),
        _ => match field.default {
            Some("null") => Ok(Value::Null),
            Some(NEW_ID) => Ok(Value::String(saibo_model::id::entity_id())),
            Some(default) => match field.ty {
                FieldType::Simple(ty) if default == NOW || ty != SimpleType::String => {
                    Ok(ty.default_value(default, now))
                }
                _ => Ok(Value::String(default.to_owned())),
            },
            None if field.nullable => Ok(Value::Null),
            None => Err(ErrorCode::RequiredFieldMissing.with([field.name])),
        },
    }
}

/// A field that a merge leaves as it is.
fn kept(
    field: &'static FieldDefinition,
    document: &Document,
    named: &[(&'static str, Option<String>)],
    before: Option<&Map<String, serde_json::Value>>,
) -> Value {
    match field.source {
        Source::Key => Value::String(document.key.clone()),
        Source::Body => match (before.and_then(|before| before.get(field.name)), field.ty) {
            (Some(stored), FieldType::Simple(ty)) => ty.from_stored(stored),
            _ => Value::Null,
        },
        _ => {
            let found = named.iter().find(|(name, _)| *name == field.name);
            found.and_then(|(_, text)| text.clone()).map_or(Value::Null, Value::String)
        }
    }
}

/// A value as its rule looks at it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Complex(_) | Value::List(_) => None,
        Value::String(text) => Some(text.clone()),
        other => {
            let mut text = String::new();
            other.write_lexical(&mut text);
            Some(text)
        }
    }
}
