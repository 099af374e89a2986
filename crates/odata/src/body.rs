//! Request bodies: the JSON object of a create, update or merge, and the link that `$links` is sent.
//!
//! The API's JSON is a little wider than RFC 8259 (clients send numbers with a type's suffix, `1.5d`), and a
//! number's text decides whether it fits a property's type. So it is read here, with every number as text.

mod parse;

use saibo_model::{ErrorCode, Result};

/// A value of a request body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number, as it is written but for a type's suffix.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

impl Json {
    /// The text of a string, number or boolean: all that a property of a simple type looks at.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::String(text) | Json::Number(text) => Some(text),
            Json::Boolean(true) => Some("true"),
            Json::Boolean(false) => Some("false"),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

/// An object: its members in the order in which they were sent. Of two with one name the later counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// Reads a request body.
    ///
    /// # Errors
    /// 400-OD-0001 if it is no JSON object, or is nested too deep.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(body).map_err(|_| ErrorCode::JsonParse)?;
        parse::object(text).ok_or_else(|| ErrorCode::JsonParse.into())
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Puts a string, or null, in the place of a member, or adds it.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        let value = value.map_or(Json::Null, Json::String);
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the body of `POST …/$links/_Nav` links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// The entity set's name.
    pub set: String,
    /// The key predicate, as in [`crate::uri::Resource::Entity`].
    pub predicate: String,
}

impl LinkTarget {
    /// Reads `{"uri": "…"}`. The URI is absolute, below the service root (which ends in a slash), or relative
    /// to it.
    ///
    /// # Errors
    /// 400-OD-0001 if the body is no JSON object, 400-OD-0006 if its `uri` is missing or names no entity of
    /// the service.
    pub fn parse(body: &[u8], service_root: &str) -> Result<Self> {
        let object = Object::parse(body)?;
        let target = object.get("uri").and_then(Json::text).and_then(|uri| Self::from_uri(uri, service_root));
        target.ok_or_else(|| ErrorCode::FieldFormat.with(["uri"]))
    }

    fn from_uri(uri: &str, service_root: &str) -> Option<Self> {
        let below = match uri.get(..service_root.len()) {
            Some(root) if root.eq_ignore_ascii_case(service_root) => &uri[service_root.len()..],
            _ => uri,
        };
        match crate::uri::Resource::parse(below) {
            crate::uri::Resource::Entity { set, predicate } => Some(Self { set, predicate }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "http://localhost:9998/c/b/od/";

    #[test]
    fn link_targets() {
        for (body, set, predicate) in [
            (r#"{"uri": "http://localhost:9998/c/b/od/Product('a')"}"#, "Product", "'a'"),
            (r#"{"uri": "HTTP://LOCALHOST:9998/c/b/od/Product('a')"}"#, "Product", "'a'"),
            (r#"{"uri":"Role(Name='a',_Box.Name=null)"}"#, "Role", "Name='a',_Box.Name=null"),
            (
                r#"{"uri":"http:\/\/localhost:9998\/c\/b\/od\/ExtCell('http:\/\/x\/')"}"#,
                "ExtCell",
                "'http://x/'",
            ),
            (r#"{"uri":"ExtCell('http%3A%2F%2Fx%2F')"}"#, "ExtCell", "'http://x/'"),
        ] {
            let target = LinkTarget::parse(body.as_bytes(), ROOT).unwrap();
            assert_eq!((target.set.as_str(), target.predicate.as_str()), (set, predicate), "{body}");
        }
        for (body, code) in [
            (r#"{"uri": "http://localhost:9998/c/b/od/Product'a')"}"#, ErrorCode::FieldFormat),
            (r#"{"uri": "http://localhost:9998/c/b/od/Product('a'"}"#, ErrorCode::FieldFormat),
            (r#"{"uri": "http://elsewhere/c/b/od/Product('a')"}"#, ErrorCode::FieldFormat),
            (r#"{"uri":""}"#, ErrorCode::FieldFormat),
            (r#"{"url":"x"}"#, ErrorCode::FieldFormat),
            (r#""uri""#, ErrorCode::JsonParse),
            ("", ErrorCode::JsonParse),
        ] {
            assert_eq!(LinkTarget::parse(body.as_bytes(), ROOT).unwrap_err().code(), code, "{body}");
        }
    }
}
