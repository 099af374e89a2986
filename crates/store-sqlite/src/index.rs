//! Which indexes there can be, and what they are good for.

use rusqlite::Connection;
use saibo_model::query::{Comparison, Field, Filter, Literal, Stored};
use saibo_store::Result;

use crate::error::while_doing;
use crate::sql::{self, Above};

/// Alternatives of a condition that are looked up one by one: SQLite takes no more than 500.
const ALTERNATIVES: usize = 100;

/// An index that finds documents or has them in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// One of SQLite's.
    Own(&'static str),
    /// The one of a field, which is rows of `field_value`.
    Field(i64),
}

/// What an index finds.
#[derive(Debug)]
pub(crate) struct Part<'q> {
    pub(crate) index: Index,
    /// By what field: the index of one has its values.
    pub(crate) field: Option<&'q Field>,
    /// All that a query says of it.
    pub(crate) conditions: Vec<&'q Filter>,
}

impl Part<'_> {
    /// Whether all that it finds has the same value.
    pub(crate) fn is_equal(&self) -> bool {
        let equal = |condition: &&Filter| matches!(condition, Filter::Compare(_, Comparison::Equal, _));
        self.conditions.iter().any(equal)
    }
}

/// The indexes of a set's fields that are whole, by the expression of the field.
#[derive(Debug, Default)]
pub(crate) struct Ready(Vec<(String, i64)>);

impl Ready {
    /// Those of the set of that number.
    pub(crate) fn of(connection: &Connection, set: i64) -> Result<Self> {
        connection
            .prepare_cached("SELECT expression,id FROM field WHERE entity_set=? AND whole=1")
            .and_then(|mut statement| {
                statement.query_map([set], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .map(Self)
            .map_err(while_doing("looking for the indexes of an entity set"))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The index that has a set in the order of a field.
    pub(crate) fn in_order_of(&self, field: &Field) -> Option<Index> {
        match field {
            Field::Key => Some(Index::Own("document_key")),
            Field::Updated => Some(Index::Own("document_updated")),
            field if self.is_empty() || !is_indexable(field) => None,
            field => {
                // A path that cannot be asked for has no index; the query says so.
                let wanted = sql::expression("", field).ok()?;
                self.0.iter().find(|(known, _)| *known == wanted).map(|(_, id)| Index::Field(*id))
            }
        }
    }
}

/// Whether a field of a set can have an index. By the others each set is found already, and a list is looked through
/// element by element, which none helps.
pub(crate) fn is_indexable(field: &Field) -> bool {
    match field {
        Field::Body { stored, .. } => *stored != Stored::List,
        Field::Published | Field::Position => true,
        _ => false,
    }
}

/// Whether a condition leaves so few documents that sorting them is nothing: then the order is no reason to
/// choose an index by, and the planner knows which finds them.
pub(crate) fn is_selective(filter: &Filter) -> bool {
    match filter {
        Filter::LinkedWith(_) | Filter::HasPeer(_) => true,
        Filter::Compare(Field::Key, Comparison::Equal, _) => true,
        Filter::And(left, right) => is_selective(left) || is_selective(right),
        _ => false,
    }
}

/// The conditions that must all hold.
pub(crate) fn conjuncts(filter: &Filter) -> Vec<&Filter> {
    match filter {
        Filter::And(left, right) => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}

/// What indexes find of those for which all of some conditions hold, each by itself.
pub(crate) fn found<'q>(ready: &Ready, above: Above, conditions: &[&'q Filter]) -> Vec<Part<'q>> {
    let mut found: Vec<Part<'q>> = Vec::new();
    for condition in conditions {
        let Some((index, field)) = index_of(ready, above, condition) else { continue };
        match found.iter_mut().find(|part| part.index == index) {
            Some(part) => part.conditions.push(condition),
            None => found.push(Part { index, field, conditions: vec![condition] }),
        }
    }
    found
}

fn index_of<'q>(ready: &Ready, above: Above, condition: &'q Filter) -> Option<(Index, Option<&'q Field>)> {
    let field = match condition {
        Filter::HasParent(Some(_)) => return Some((Index::Own("document_parent"), None)),
        Filter::Compare(_, Comparison::NotEqual, _) | Filter::Compare(_, _, Literal::Null) => return None,
        Filter::Compare(field, ..) | Filter::StartsWith(field, _) => field,
        _ => return None,
    };
    let index = match (field, above) {
        (Field::ParentKey, Above { parent: Some(_), .. })
        | (Field::GrandparentKey, Above { parent: Some(_), grandparent: Some(_) }) => {
            Index::Own("document_parent")
        }
        // A place among all documents is no condition that anybody sets.
        (Field::Position, _) => return None,
        _ => ready.in_order_of(field)?,
    };
    let is_told = matches!(index, Index::Own(_)) || is_in_order(field, condition);
    is_told.then_some((index, Some(field)))
}

/// Whether the values of a field compare with a constant as they are ordered in its index: there SQLite makes no number
/// of a text.
fn is_in_order(field: &Field, condition: &Filter) -> bool {
    let literal = match condition {
        Filter::Compare(_, _, literal) => literal,
        Filter::StartsWith(..) => return matches!(field, Field::Body { stored: Stored::Text, .. }),
        _ => return false,
    };
    match field {
        Field::Body { stored: Stored::Text, .. } => matches!(literal, Literal::Text(_)),
        Field::Body { stored: Stored::Boolean, .. } => matches!(literal, Literal::Boolean(_)),
        Field::Body { stored: Stored::Number | Stored::Float, .. } | Field::Published => {
            matches!(literal, Literal::Integer(_) | Literal::Float(_))
        }
        _ => false,
    }
}

/// For the alternatives of a condition, what indexes find of each, if each has one that does. Together they find
/// all that the condition holds for.
pub(crate) fn alternatives<'q>(
    ready: &Ready,
    above: Above,
    condition: &'q Filter,
) -> Option<Vec<Vec<Part<'q>>>> {
    let mut each = Vec::new();
    collect(ready, above, condition, &mut each)?;
    (each.len() > 1).then_some(each)
}

fn collect<'q>(
    ready: &Ready,
    above: Above,
    condition: &'q Filter,
    each: &mut Vec<Vec<Part<'q>>>,
) -> Option<()> {
    if let Filter::Or(left, right) = condition {
        collect(ready, above, left, each)?;
        return collect(ready, above, right, each);
    }
    let found = found(ready, above, &conjuncts(condition));
    if found.is_empty() || each.len() >= ALTERNATIVES {
        return None;
    }
    each.push(found);
    Some(())
}
