//! Which indexes there can be, and what they are good for.

use saibo_model::query::{Comparison, Field, Filter, Literal, Stored};

use crate::sql::Above;

/// What the names of the indexes of a set's fields begin with.
pub(crate) fn field_prefix(set: i64) -> String {
    format!("field/{set}/")
}

/// The index that orders a set by a field, if there can be one. Whether it was made is another question.
pub(crate) fn index_name(set: i64, field: &Field) -> Option<String> {
    let of_set = |field: &str| Some(format!("{}{field}", field_prefix(set)));
    match field {
        Field::Key => Some("document_key".to_owned()),
        Field::Updated => Some("document_updated".to_owned()),
        Field::Published => of_set("published"),
        Field::Position => of_set("seq"),
        Field::Body { path, stored } if *stored != Stored::List => {
            of_set(&format!("{}_{stored:?}", path.join("/")))
        }
        _ => None,
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

/// The conditions that an index of the set can find, by the index: all that a query says of one field.
pub(crate) fn found_by_index(set: i64, above: Above, filter: &Filter) -> Vec<(String, Vec<&Filter>)> {
    let mut found = Vec::new();
    collect(set, above, filter, &mut found);
    found
}

fn collect<'f>(set: i64, above: Above, filter: &'f Filter, found: &mut Vec<(String, Vec<&'f Filter>)>) {
    let index = match filter {
        Filter::And(left, right) => {
            collect(set, above, left, found);
            return collect(set, above, right, found);
        }
        Filter::HasParent(Some(_)) => Some("document_parent".to_owned()),
        Filter::Compare(_, Comparison::NotEqual, _) | Filter::Compare(_, _, Literal::Null) => None,
        Filter::Compare(field, ..) | Filter::StartsWith(field, _) => match (field, above) {
            (Field::ParentKey, Above { parent: Some(_), .. })
            | (Field::GrandparentKey, Above { parent: Some(_), grandparent: Some(_) }) => {
                Some("document_parent".to_owned())
            }
            // A place among all documents is no condition that anybody sets.
            (Field::Position, _) => None,
            _ => index_name(set, field),
        },
        _ => None,
    };
    let Some(index) = index else { return };
    match found.iter_mut().find(|(name, _)| *name == index) {
        Some((_, conditions)) => conditions.push(filter),
        None => found.push((index, vec![filter])),
    }
}
