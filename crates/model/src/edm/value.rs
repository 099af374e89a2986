//! A value of an EDM type.

use super::float;

/// A value of an EDM type.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `Edm.String`
    String(String),
    /// `Edm.Boolean`
    Boolean(bool),
    /// `Edm.Int32`
    Int32(i32),
    /// `Edm.Single`
    Single(f32),
    /// `Edm.Double`
    Double(f64),
    /// `Edm.DateTime`, ms since 1970
    DateTime(i64),
    /// A value of a ComplexType: its members in order.
    Complex(Vec<(String, Value)>),
    /// A list.
    List(Vec<Value>),
}

impl Value {
    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a String.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value as an entity's body stores it: booleans and floating-point numbers as strings, dates as
    /// numbers. The members of a complex value keep the names that they have here, so give it aliases first.
    #[must_use]
    pub fn to_stored(&self) -> serde_json::Value {
        self.stored(|flag| serde_json::Value::String(flag.to_string()))
    }

    /// The value as the body of a control or schema object stores it, which differs in its booleans.
    #[must_use]
    pub fn to_stored_control(&self) -> serde_json::Value {
        self.stored(serde_json::Value::Bool)
    }

    fn stored(&self, boolean: fn(bool) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::String(text) => Json::String(text.clone()),
            Value::Boolean(flag) => boolean(*flag),
            Value::Int32(number) => (*number).into(),
            Value::Single(number) => Json::String(float::java_single(*number)),
            Value::Double(number) => Json::String(float::java_double(*number)),
            Value::DateTime(ms) => (*ms).into(),
            Value::Complex(members) => Json::Object(
                members.iter().map(|(name, value)| (name.clone(), value.stored(boolean))).collect(),
            ),
            Value::List(items) => Json::Array(items.iter().map(|item| item.stored(boolean)).collect()),
        }
    }

    /// Writes a simple value that is neither a string nor null as the API shows it: `true`, `0.1`,
    /// `/Date(0)/`. A date is what stands between the quotes.
    pub fn write_lexical(&self, out: &mut String) {
        use std::fmt::Write as _;
        match self {
            Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Int32(number) => {
                let _ = write!(out, "{number}");
            }
            Value::Single(number) if number.is_finite() => out.push_str(&float::java_single(*number)),
            Value::Single(_) => out.push_str("null"),
            Value::Double(number) => float::shown_double(out, *number),
            Value::DateTime(ms) => {
                let _ = write!(out, "/Date({ms})/");
            }
            Value::String(text) => out.push_str(text),
            Value::Null | Value::Complex(_) | Value::List(_) => {}
        }
    }

    /// Whether `Edm.Double` allows the number.
    #[must_use]
    pub fn is_double(number: f64) -> bool {
        float::is_double(number)
    }

    /// Whether `Edm.Single` allows the number in a query: as its text in Java's form would be in a body.
    #[must_use]
    pub fn is_single(number: f64) -> bool {
        float::is_decimal(&float::java_double(number))
    }
}
