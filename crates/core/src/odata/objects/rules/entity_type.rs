//! EntityTypes: how many, and what goes with one.

use saibo_model::query::{Filter, Query};
use saibo_model::{Document, EntitySet, ErrorCode, Kind, Result};
use saibo_store::{ReadTx, WriteTx};

use super::super::view::body_of;
use super::Sets;

/// EntityTypes in a collection (API page 346).
const MOST: u64 = 100;

/// Checks that there is room for another.
pub(super) fn check_count(tx: &dyn ReadTx, sets: &Sets) -> Result<()> {
    match tx.count(&sets.of(Kind::EntityType), None)? {
        count if count >= MOST => Err(ErrorCode::TooManyEntityTypes.into()),
        _ => Ok(()),
    }
}

/// Deletes the Properties that came with entities; whoever deletes the EntityType then finds those that were declared.
///
/// # Errors
/// 409-OD-0001 if there are entities.
pub(super) fn delete_undeclared(tx: &mut dyn WriteTx, sets: &Sets, document: &Document) -> Result<()> {
    check_empty(tx.read(), sets, document)?;
    let of_type = Filter::HasParent(Some(document.id.clone()));
    let query = Query { filter: Some(of_type), ..Query::default() };
    let mut undeclared = Vec::new();
    tx.read().documents(&sets.of(Kind::Property), &query, &mut |property| {
        use serde_json::Value;
        match body_of(&property)?.get("IsDeclared") {
            Some(Value::Bool(false)) => undeclared.push(property.seq),
            Some(Value::String(text)) if text == "false" => undeclared.push(property.seq),
            _ => {}
        }
        Ok(())
    })?;
    undeclared.into_iter().try_for_each(|seq| tx.delete_document(seq))
}

/// Checks that an EntityType has no entities.
///
/// # Errors
/// 409-OD-0001 if it has.
pub(super) fn check_empty(tx: &dyn ReadTx, sets: &Sets, entity_type: &Document) -> Result<()> {
    let collection = sets.collection.clone().ok_or(ErrorCode::DataInconsistency)?;
    match tx.any(&EntitySet::entities(collection, entity_type.id.clone()), None)? {
        true => Err(ErrorCode::HasRelatedData.into()),
        false => Ok(()),
    }
}
