//! `$expand`: entities with those that they are linked with (API page 405).

use saibo_model::query::{Filter, Query};
use saibo_model::{ErrorCode, Result};
use saibo_store::ReadTx;

use super::schema::{Navigation, Schema, TypeIndex};
use super::view::{Expanded, Row};

/// What to expand.
#[derive(Clone, Debug)]
pub(super) struct Expand<'s> {
    navigation: Vec<&'s Navigation>,
    limit: u64,
}

impl<'s> Expand<'s> {
    /// Looks up the navigation properties that a query names. `limit` is how many entities are shown behind
    /// one.
    ///
    /// # Errors
    /// 400-OD-0025 for one that does not exist.
    pub(super) fn new(schema: &'s Schema, ty: TypeIndex, names: &[String], limit: u64) -> Result<Self> {
        let find = |name: &String| {
            schema.entity_type(ty).navigation(name).ok_or_else(|| ErrorCode::ExpandNotFound.with([name]))
        };
        Ok(Self { navigation: names.iter().map(find).collect::<Result<_>>()?, limit })
    }
}

/// What one entity is linked with.
pub(super) fn one(tx: &dyn ReadTx, schema: &Schema, expand: &Expand<'_>, row: &Row) -> Result<Expanded> {
    expand
        .navigation
        .iter()
        .map(|navigation| {
            let rows = linked(tx, schema, row, navigation.target, expand.limit)?;
            Ok((navigation.name.clone(), rows))
        })
        .collect()
}

/// What the entities of a page are linked with, in their order.
pub(super) fn page(
    tx: &dyn ReadTx,
    schema: &Schema,
    expand: &Expand<'_>,
    rows: &[Row],
) -> Result<Vec<Expanded>> {
    rows.iter().map(|row| one(tx, schema, expand, row)).collect()
}

/// The entities of a type that an entity is linked with.
pub(super) fn linked(
    tx: &dyn ReadTx,
    schema: &Schema,
    row: &Row,
    target: TypeIndex,
    limit: u64,
) -> Result<Vec<Row>> {
    let query =
        Query { filter: Some(Filter::LinkedWith(row.document.seq)), top: Some(limit), ..Query::default() };
    let mut found = Vec::new();
    tx.documents(&schema.entity_type(target).set, &query, &mut |document| {
        found.push(Row { ty: target, document });
        Ok(())
    })?;
    Ok(found)
}
