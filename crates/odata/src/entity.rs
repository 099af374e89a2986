//! An entity as an answer shows it, before it is JSON or Atom.

use std::borrow::Cow;

use saibo_model::edm::{SimpleType, Value};

/// An entity of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity<'a> {
    /// The entity set's name.
    pub set: Cow<'a, str>,
    /// The key predicate with its parentheses; see [`crate::key::Key::canonical`].
    pub predicate: String,
    /// The qualified name of the type, `UserData.Item`.
    pub type_name: Cow<'a, str>,
    /// How many changes there were.
    pub version: i64,
    /// When the last one was, in ms.
    pub updated: i64,
    /// The properties, in order.
    pub properties: Vec<Property<'a>>,
    /// The navigation properties, in order. The answer to a create has none.
    pub links: Vec<Link<'a>>,
}

/// A property of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Property<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The type, which Atom shows even of null.
    pub ty: Type<'a>,
    /// The value.
    pub value: Value,
}

/// The type of a property, or of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type<'a> {
    /// A simple type.
    Simple(SimpleType),
    /// A complex type, by its qualified name.
    Complex(Cow<'a, str>),
}

/// A navigation property of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Link<'a> {
    /// The name, with its underscore.
    pub name: Cow<'a, str>,
    /// What is shown.
    pub content: Content<'a>,
}

/// What an answer shows of a navigation property.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// Only where to get it.
    Deferred {
        /// Whether it leads to many.
        many: bool,
    },
    /// The entity that it leads to, or none.
    One(Option<Box<Entity<'a>>>),
    /// The entities that it leads to.
    Many(Vec<Entity<'a>>),
}

impl Link<'_> {
    /// Whether it leads to many.
    #[must_use]
    pub fn is_many(&self) -> bool {
        match &self.content {
            Content::Deferred { many } => *many,
            Content::One(_) => false,
            Content::Many(_) => true,
        }
    }
}
