//! EDM types of the API and their values in the three forms that they take: what a client sends, what a
//! document's body stores, and what the API shows.
//!
//! A client's value arrives as text, quoted or not (`"1.5"` and `1.5` are the same Double). A body stores it
//! as a snapshot does: booleans and floating-point numbers as JSON strings, dates as milliseconds. The API
//! shows JSON numbers and booleans, and dates as `"/Date(ms)/"` (page 400 of the API reference).

mod float;
mod value;

use std::fmt;

use crate::query::Stored;

pub use value::Value;

/// The least date of `Edm.DateTime`, 1753-01-01T00:00:00.000Z, in ms.
pub const DATETIME_MIN: i64 = -6_847_804_800_000;
/// The greatest date of `Edm.DateTime`, 9999-12-31T23:59:59.999Z, in ms.
pub const DATETIME_MAX: i64 = 253_402_300_799_999;
/// The longest `Edm.String`, in bytes of UTF-8.
pub const STRING_MAX: usize = 50 * 1024;
/// A date that stands for the moment of the request, in a body and as a default value.
pub const NOW: &str = "SYSUTCDATETIME()";
/// A default value that stands for a new identifier.
pub const NEW_ID: &str = "UUID()";

/// A value that its type does not allow. The caller knows the property's name, and with it the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidValue;

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is not one of its type")
    }
}

impl std::error::Error for InvalidValue {}

/// A simple type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimpleType {
    /// `Edm.String`
    String,
    /// `Edm.Boolean`
    Boolean,
    /// `Edm.Int32`
    Int32,
    /// `Edm.Single`
    Single,
    /// `Edm.Double`
    Double,
    /// `Edm.DateTime`
    DateTime,
}

impl SimpleType {
    /// Every simple type.
    pub const ALL: [SimpleType; 6] =
        [Self::String, Self::Boolean, Self::Int32, Self::Single, Self::Double, Self::DateTime];

    /// The qualified name, `Edm.String`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "Edm.String",
            Self::Boolean => "Edm.Boolean",
            Self::Int32 => "Edm.Int32",
            Self::Single => "Edm.Single",
            Self::Double => "Edm.Double",
            Self::DateTime => "Edm.DateTime",
        }
    }

    /// The type of that qualified name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// How a body stores its values.
    #[must_use]
    pub fn stored(self) -> Stored {
        match self {
            Self::String => Stored::Text,
            Self::Boolean => Stored::Boolean,
            Self::Int32 | Self::DateTime => Stored::Number,
            Self::Single | Self::Double => Stored::Float,
        }
    }

    /// Reads a value as a client sends it: the text of a JSON string, number or boolean. `now` is the moment
    /// of the request, in ms.
    ///
    /// # Errors
    /// [`InvalidValue`] if the type does not allow it.
    pub fn parse(self, text: &str, now: i64) -> Result<Value, InvalidValue> {
        match self {
            Self::String if text.len() <= STRING_MAX => Ok(Value::String(text.to_owned())),
            Self::String => Err(InvalidValue),
            Self::Boolean => text.parse().map(Value::Boolean).map_err(|_| InvalidValue),
            Self::Int32 => text.parse().map(Value::Int32).map_err(|_| InvalidValue),
            Self::Single => float::parse_single(text).map(Value::Single).ok_or(InvalidValue),
            Self::Double => float::parse_double(text).map(Value::Double).ok_or(InvalidValue),
            Self::DateTime if text == NOW => Ok(Value::DateTime(now)),
            Self::DateTime => parse_date(text).map(Value::DateTime).ok_or(InvalidValue),
        }
    }

    /// The value of a property that a request leaves out or sets to null, from the `DefaultValue` of its
    /// declaration. A String's `null` is null; any other type falls back to null where the text is not one
    /// of its values.
    #[must_use]
    pub fn default_value(self, default: &str, now: i64) -> Value {
        match self {
            Self::String if default == "null" => Value::Null,
            Self::String => Value::String(default.to_owned()),
            Self::Boolean => Value::Boolean(default.eq_ignore_ascii_case("true")),
            _ => self.parse(default, now).unwrap_or(Value::Null),
        }
    }

    /// Reads a value as a body stores it. What does not fit the type (an imported document may hold
    /// anything) is null.
    #[must_use]
    pub fn from_stored(self, stored: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match (self, stored) {
            (Self::String, Json::String(text)) => Value::String(text.clone()),
            (Self::String, Json::Number(number)) => Value::String(number.to_string()),
            (Self::String, Json::Bool(flag)) => Value::String(flag.to_string()),
            (Self::Boolean, Json::Bool(flag)) => Value::Boolean(*flag),
            (Self::Boolean, Json::String(text)) => text.parse().map_or(Value::Null, Value::Boolean),
            (Self::Single, Json::Number(number)) => {
                number.as_f64().map_or(Value::Null, |v| Value::Single(v as f32))
            }
            (Self::Single, Json::String(text)) => text.parse().map_or(Value::Null, Value::Single),
            (Self::Double, Json::Number(number)) => number.as_f64().map_or(Value::Null, Value::Double),
            (Self::Double, Json::String(text)) => text.parse().map_or(Value::Null, Value::Double),
            (Self::Int32, Json::Number(number)) => {
                number.as_i64().and_then(|v| v.try_into().ok()).map_or(Value::Null, Value::Int32)
            }
            (Self::Int32, Json::String(text)) => text.parse().map_or(Value::Null, Value::Int32),
            (Self::DateTime, Json::Number(number)) => number.as_i64().map_or(Value::Null, Value::DateTime),
            (Self::DateTime, Json::String(text)) => {
                parse_date(text).or_else(|| text.parse().ok()).map_or(Value::Null, Value::DateTime)
            }
            _ => Value::Null,
        }
    }
}

/// A date as JSON writes it: `/Date(ms)/`, within the range of `Edm.DateTime`.
fn parse_date(text: &str) -> Option<i64> {
    let ms = text.strip_prefix("/Date(")?.strip_suffix(")/")?.parse().ok()?;
    (DATETIME_MIN..=DATETIME_MAX).contains(&ms).then_some(ms)
}

/// The type of a property.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// A simple type.
    Simple(SimpleType),
    /// A ComplexType, by its name.
    Complex(String),
}

impl PropertyType {
    /// The type that a Property's `Type` names: a simple type, or else a ComplexType.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        SimpleType::from_name(name).map_or_else(|| Self::Complex(name.to_owned()), Self::Simple)
    }

    /// The simple type, if it is one.
    #[must_use]
    pub fn simple(&self) -> Option<SimpleType> {
        match self {
            Self::Simple(ty) => Some(*ty),
            Self::Complex(_) => None,
        }
    }

    /// The name as a Property's `Type` spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Simple(ty) => ty.name(),
            Self::Complex(name) => name,
        }
    }
}

/// Whether a property holds one value or a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CollectionKind {
    /// One value.
    #[default]
    None,
    /// A list of values.
    List,
}

impl CollectionKind {
    /// The name as a Property's `CollectionKind` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::List => "List",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::List].into_iter().find(|kind| kind.name() == name)
    }
}

/// How many entities stand at an end of an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Multiplicity {
    /// `0..1`
    ZeroOrOne,
    /// `1`; entities do not enforce it, so that it acts as `0..1`.
    One,
    /// `*`
    Many,
}

impl Multiplicity {
    /// The symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::ZeroOrOne => "0..1",
            Self::One => "1",
            Self::Many => "*",
        }
    }

    /// The multiplicity of that symbol.
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        [Self::ZeroOrOne, Self::One, Self::Many].into_iter().find(|m| m.symbol() == symbol)
    }

    /// Whether there may be several.
    #[must_use]
    pub fn is_many(self) -> bool {
        self == Self::Many
    }
}

#[cfg(test)]
mod tests;
