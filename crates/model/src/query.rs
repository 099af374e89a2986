//! Queries over an entity set, resolved: names are gone, every operand says where its value is.
//!
//! A protocol crate parses text into names; the core resolves names against a schema into this; a store
//! turns this into its own language. No store ever sees a name that a client sent.

use crate::Id;

/// Where an operand's value is found in a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The document's key: `Name`, `Url`, `__id`.
    Key,
    /// `__published`, ms.
    Published,
    /// `__updated`, ms.
    Updated,
    /// A member of the body, by the path of its keys (aliases for entities).
    Body {
        /// Keys from the body's root; more than one for a member of a complex value.
        path: Vec<String>,
        /// How the stored value compares.
        stored: Stored,
    },
    /// Its place among all documents: the order in which they came.
    Position,
    /// A text among the hidden fields: the `Owner` of a Cell.
    Hidden(String),
    /// The key of the parent document: `_Box.Name`, `_EntityType.Name`.
    ParentKey,
    /// The key of the parent's parent: `_Relation._Box.Name`.
    GrandparentKey,
}

/// How a body stores a value, and so how it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// A JSON string: compares by code points.
    Text,
    /// A JSON number: integers and dates.
    Number,
    /// A floating-point number in a JSON string (or number).
    Float,
    /// `"true"` or `"false"` in a JSON string, or a JSON boolean.
    Boolean,
    /// A JSON array of any of the above; compares if any element does.
    List,
}

/// A constant to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// A string.
    Text(String),
    /// An integer, or a date as ms since 1970.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A boolean.
    Boolean(bool),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// A condition on a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Compares a field with a constant. `Null` compares with [`Comparison::Equal`] and `NotEqual` only.
    Compare(Field, Comparison, Literal),
    /// `startswith(field, text)`, case-sensitive.
    StartsWith(Field, String),
    /// `substringof(text, field)`, case-sensitive.
    Contains(Field, String),
    /// Full-text `q`: the words all occur somewhere in the document's strings, whatever their case.
    FullText(Vec<String>),
    /// Linked with the document of that `seq` (a many-to-many or to-one link, on either side).
    LinkedWith(i64),
    /// Child of the document of that id: its parent link.
    HasParent(Option<Id>),
    /// Has that document as its opposite end.
    HasPeer(Id),
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
}

impl Filter {
    /// Both of two conditions, either of which may be absent.
    #[must_use]
    pub fn both(left: Option<Filter>, right: Option<Filter>) -> Option<Filter> {
        match (left, right) {
            (Some(l), Some(r)) => Some(Filter::And(Box::new(l), Box::new(r))),
            (l, r) => l.or(r),
        }
    }
}

/// Documents that stand in a relation to each of several others.
#[derive(Clone, Debug, PartialEq)]
pub enum Related {
    /// Linked with the documents of these `seq`s (many-to-many or to-one, on either side).
    Links(Vec<i64>),
    /// Children of the documents of these ids.
    Children(Vec<Id>),
    /// The documents of these ids themselves: what a parent or peer link names. `None` is no document.
    Named(Vec<Option<Id>>),
}

/// One term of `$orderby`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// What to sort by.
    pub field: Field,
    /// From high to low.
    pub descending: bool,
}

/// What to read of an entity set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The condition; `None` is all.
    pub filter: Option<Filter>,
    /// The order; then, and by default, the newest update first, then by `seq`.
    pub order_by: Vec<OrderBy>,
    /// How many to pass over.
    pub skip: u64,
    /// How many to return at the most; `None` is all.
    pub top: Option<u64>,
}
