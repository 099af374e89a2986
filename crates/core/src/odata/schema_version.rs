//! The version of an OData collection's schema: what tells a transaction that a schema it remembers still counts.
//!
//! Whoever writes or deletes a schema object (EntityType, Property, ComplexType, ComplexTypeProperty,
//! AssociationEnd, or a link of two AssociationEnds) calls [`bump`] in the same transaction. Whoever reads
//! entities reads [`current`] in theirs: one lookup in place of reading every schema object.
//!
//! A version is a random text and no number: a transaction may see its own version and then be undone, and
//! the next one must not come to the same version with another schema.

use saibo_model::{Id, Result};
use saibo_store::{ReadTx, WriteTx};

/// Scope of the Cell's values that hold the versions, by the collection's id.
const SCOPE: &str = "schema";

/// Says that the schema of a collection has changed.
///
/// # Errors
/// The store's.
pub fn bump(tx: &mut dyn WriteTx, collection: &Id) -> Result<()> {
    tx.set_value(SCOPE, collection.as_str(), Some(Id::random().as_str()))
}

/// The version of a collection's schema; empty if it has never changed since the Cell was made or imported.
///
/// # Errors
/// The store's.
pub fn current(tx: &dyn ReadTx, collection: &Id) -> Result<String> {
    Ok(tx.value(SCOPE, collection.as_str())?.unwrap_or_default())
}
