//! `$expand`: entities with those that they are linked with (API page 405).

use saibo_model::query::Related;
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
    let mut page = page(tx, schema, expand, std::slice::from_ref(row))?;
    Ok(page.pop().unwrap_or_default())
}

/// What the entities of a page are linked with, in their order: a query for each navigation property, whatever the
/// page's length.
pub(super) fn page(
    tx: &dyn ReadTx,
    schema: &Schema,
    expand: &Expand<'_>,
    rows: &[Row],
) -> Result<Vec<Expanded>> {
    let mut expanded = vec![Expanded::with_capacity(expand.navigation.len()); rows.len()];
    let links = Related::Links(rows.iter().map(|row| row.document.seq).collect());
    for navigation in &expand.navigation {
        for shown in &mut expanded {
            shown.push((navigation.name.clone(), Vec::new()));
        }
        let target = navigation.target;
        tx.related(&schema.entity_type(target).set, &links, &[], expand.limit, &mut |(at, document)| {
            if let Some((_, shown)) = expanded.get_mut(at).and_then(|expanded| expanded.last_mut()) {
                shown.push(Row { ty: target, document });
            }
            Ok(())
        })?;
    }
    Ok(expanded)
}
