//! Key predicates: what stands in the parentheses of `Role(Name='n',_Box.Name=null)` (OData 2.0 URI
//! conventions, 2.2; page 201 and following of the API reference).
//!
//! A predicate names its parts in any order, leaves out the nullable ones, or gives a single value for all
//! that must be there. [`Key`] is what it comes to: a value for each part of the entity set's key, in order.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use saibo_model::{Error, ErrorCode};

/// What a form-encoded value leaves as it is, besides letters and digits. A space becomes `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_');

/// A part of an entity set's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// The property's name.
    pub name: &'static str,
    /// Whether it may be null, and so be left out.
    pub nullable: bool,
    /// Whether its value is percent-encoded in the entity's URI. The value of a key of one part always is.
    pub encoded: bool,
}

/// The key of entities: `__id`.
pub const ENTITY_KEY: &[KeyPart] = &[KeyPart { name: "__id", nullable: false, encoded: true }];

/// A predicate that is not one, or not one of this entity set's. As an error of the domain it is that of an
/// entity's own key; where it stands in `$links` the caller says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedKey;

impl From<MalformedKey> for Error {
    fn from(_: MalformedKey) -> Self {
        ErrorCode::EntityKeyParse.into()
    }
}

/// A key: the values of an entity set's key parts, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Vec<Option<String>>);

impl Key {
    /// The key with these values.
    #[must_use]
    pub fn new(values: Vec<Option<String>>) -> Self {
        Self(values)
    }

    /// Reads a predicate, without its parentheses and percent-decoded.
    ///
    /// # Errors
    /// [`MalformedKey`] if it is not a predicate, a value is neither a string nor null, or a part is missing
    /// or null that must be there.
    pub fn parse(predicate: &str, parts: &[KeyPart]) -> Result<Self, MalformedKey> {
        let values = match Predicate::parse(predicate).ok_or(MalformedKey)? {
            Predicate::Single(value) => {
                parts.iter().map(|part| if part.nullable { None } else { value.clone() }).collect()
            }
            Predicate::Named(mut named) => parts
                .iter()
                .map(|part| {
                    named.iter_mut().find(|(name, _)| name == part.name).and_then(|(_, value)| value.take())
                })
                .collect::<Vec<_>>(),
        };
        let complete = parts.iter().zip(&values).all(|(part, value)| part.nullable || value.is_some());
        if complete { Ok(Self(values)) } else { Err(MalformedKey) }
    }

    /// The value of a part.
    #[must_use]
    pub fn value(&self, part: usize) -> Option<&str> {
        self.0.get(part).and_then(Option::as_deref)
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> &[Option<String>] {
        &self.0
    }

    /// The predicate with its parentheses, as `__metadata.uri` and `Location` show it: values that may hold
    /// other than name characters are percent-encoded.
    #[must_use]
    pub fn canonical(&self, parts: &[KeyPart]) -> String {
        self.write(parts, true)
    }

    /// The predicate with its parentheses and values as they are: in lists of links, in the `Location` of
    /// an entity created through a navigation property, and in events.
    #[must_use]
    pub fn plain(&self, parts: &[KeyPart]) -> String {
        self.write(parts, false)
    }

    fn write(&self, parts: &[KeyPart], encode: bool) -> String {
        let mut out = String::with_capacity(32);
        out.push('(');
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            if parts.len() > 1 {
                let _ = write!(out, "{}=", part.name);
            }
            match self.value(i) {
                None => out.push_str("null"),
                Some(value) if encode && (part.encoded || parts.len() == 1) => {
                    out.push('\'');
                    for piece in utf8_percent_encode(value, ENCODED) {
                        out.push_str(if piece == "%20" { "+" } else { piece });
                    }
                    out.push('\'');
                }
                Some(value) => {
                    out.push('\'');
                    out.push_str(&value.replace('\'', "''"));
                    out.push('\'');
                }
            }
        }
        out.push(')');
        out
    }
}

/// A predicate as it is written. Numbers and booleans, which no key of the API is, do not parse.
enum Predicate {
    Single(Option<String>),
    Named(Vec<(String, Option<String>)>),
}

impl Predicate {
    fn parse(text: &str) -> Option<Self> {
        if let Some((value, "")) = value(text.trim()) {
            return Some(Self::Single(value));
        }
        let mut named = Vec::new();
        let mut rest = text;
        loop {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim();
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
            if name.is_empty() || !name.chars().all(is_name) {
                return None;
            }
            let (value, after) = value(after.trim_start())?;
            named.push((name.to_owned(), value));
            match after.trim_start() {
                "" => return Some(Self::Named(named)),
                after => rest = after.strip_prefix(',')?,
            }
        }
    }
}

/// Reads a quoted string or `null`; the rest of the text follows.
fn value(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(rest) = text.strip_prefix("null") {
        return Some((None, rest));
    }
    let body = text.strip_prefix('\'')?;
    let (value, rest) = quoted(body)?;
    Some((Some(value), rest))
}

/// Reads a string up to the quote that closes it; a doubled quote is one of the string's.
pub(crate) fn quoted(body: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = body;
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests;
