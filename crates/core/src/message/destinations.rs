//! To whom a message goes: the Cells of `To`, and those that `ToRelation` is linked with.

use saibo_model::query::{Query, Related};
use saibo_model::{EntitySet, ErrorCode, Kind, Result};
use saibo_odata::constraint::Constraint;
use saibo_store::ReadTx;

/// Cells that a message goes to, at most (API page 271).
const MAX: usize = 1000;

/// Checks the list of Cells in a field.
///
/// # Errors
/// 400-OD-0006 if any of them is no Cell's URL.
pub(super) fn check_list(field: &str, text: Option<&str>) -> Result<()> {
    let is_right = text.is_none_or(|text| text.split(',').all(|url| Constraint::CellUrl.allows(url)));
    if is_right { Ok(()) } else { Err(ErrorCode::FieldFormat.with([field])) }
}

/// The URLs of the Cells, as they are written, each once.
///
/// # Errors
/// 400-SM-0001 for a Relation that does not exist, 400-SM-0002 for one without Cells, 400-SM-0003 for too many.
pub(super) fn find(tx: &dyn ReadTx, to: Option<&str>, relation: Option<&str>) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut add = |url: &str| {
        if seen.insert(url.to_owned()) {
            all.push(url.to_owned());
        }
        if all.len() > MAX { Err(saibo_model::Error::from(ErrorCode::TooManyDestinations)) } else { Ok(()) }
    };
    to.into_iter().flat_map(|to| to.split(',')).try_for_each(&mut add)?;
    let Some(name) = relation else { return Ok(all) };
    let found = tx.document(&EntitySet::control(Kind::Relation), None, name)?;
    let found = found.ok_or_else(|| ErrorCode::ToRelationNotFound.with([name]))?;
    let mut is_empty = true;
    let links = Related::Links(vec![found.seq]);
    // One more than there may be, to know that there are too many.
    let most = MAX as u64 + 1;
    let order = Query::default().order_by;
    tx.related(&EntitySet::control(Kind::ExtCell), &links, &order, most, &mut |(_, cell)| {
        is_empty = false;
        add(&cell.key)
    })?;
    if is_empty { Err(ErrorCode::ToRelationEmpty.with([name])) } else { Ok(all) }
}
