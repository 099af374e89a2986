//! Values as JSON: lines of a table, and what becomes of values of the API.

use std::io::Write;

use saibo_model::Result;
use saibo_model::edm::{SimpleType, Value as Edm};
use serde_json::{Map, Value, json};

use super::table::Column;
use super::written;
use crate::export::iso8601;

/// Writes a row as a line.
pub(super) fn line(out: &mut dyn Write, columns: &[Column], row: &[Value]) -> Result<()> {
    let names = columns.iter().map(|column| column.name.clone());
    let object: Map<String, Value> = names.zip(row.iter().cloned()).collect();
    writeln!(out, "{}", Value::Object(object)).map_err(written)
}

/// A point in time.
pub(super) fn time(ms: i64) -> Value {
    Value::String(iso8601(ms))
}

/// A value of the API. Times are ISO 8601.
pub(super) fn of(value: Edm) -> Value {
    match value {
        Edm::Null => Value::Null,
        Edm::String(text) => Value::String(text),
        Edm::Boolean(flag) => Value::Bool(flag),
        Edm::Int32(number) => number.into(),
        // By their text: as many digits as the number has, and no more.
        number @ (Edm::Single(_) | Edm::Double(_)) => {
            let mut text = String::new();
            number.write_lexical(&mut text);
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
        Edm::DateTime(ms) => time(ms),
        Edm::Complex(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, of(value))).collect())
        }
        Edm::List(items) => Value::Array(items.into_iter().map(of).collect()),
    }
}

/// JSON Schema of a simple type's values.
pub(super) fn schema(ty: SimpleType) -> Value {
    match ty {
        SimpleType::String => json!({ "type": "string" }),
        SimpleType::Boolean => json!({ "type": "boolean" }),
        SimpleType::Int32 => json!({ "type": "integer" }),
        SimpleType::Single | SimpleType::Double => json!({ "type": "number" }),
        SimpleType::DateTime => json!({ "type": "string", "format": "date-time" }),
    }
}

/// That of a list of such, and of nothing: any value can be missing, whatever the schema of the Cell says now.
pub(super) fn some(schema: Value, is_list: bool) -> Value {
    if is_list {
        return json!({ "type": ["array", "null"], "items": nullable(schema) });
    }
    nullable(schema)
}

fn nullable(mut schema: Value) -> Value {
    if let Some(ty) = schema.get_mut("type") {
        *ty = json!([ty.take(), "null"]);
    }
    schema
}
