//! Boxes: one for each app, and the tree below them.

use saibo_model::node::CELL_NODE;
use saibo_model::query::{Comparison, Field, Filter, Literal, Query, Stored};
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_store::{ReadTx, WriteTx};

use super::Sets;

/// Checks that no other Box has the same schema (API page 256), written the same way.
pub(super) fn check_schema(
    tx: &dyn ReadTx,
    sets: &Sets,
    schema: Option<&str>,
    own: Option<&Document>,
) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    let field = Field::Body { path: vec!["Schema".to_owned()], stored: Stored::Text };
    let same = Filter::Compare(field, Comparison::Equal, Literal::Text(schema.to_owned()));
    let query = Query { filter: Some(same), ..Query::default() };
    let mut taken = false;
    tx.documents(&sets.of(Kind::Box), &query, &mut |other| {
        taken |= own.is_none_or(|own| own.id != other.id);
        Ok(())
    })?;
    if taken { Err(ErrorCode::EntityAlreadyExists.into()) } else { Ok(()) }
}

/// Deletes the node of a Box with nothing in it.
///
/// # Errors
/// 409-OD-0001 if there is something in it.
pub(super) fn delete_node(tx: &mut dyn WriteTx, document: &Document) -> Result<()> {
    let Some(node) = tx.read().child(CELL_NODE, document.id.as_str())? else { return Ok(()) };
    if tx.read().child_count(node.seq)? > 0 {
        return Err(ErrorCode::HasRelatedData.into());
    }
    tx.delete_node(node.seq)
}
