//! A Cell has come here from elsewhere.

use saibo_model::url::is_http_url;
use saibo_model::{ErrorCode, Result};
use saibo_store::StoreExt as _;

use super::moved;
use crate::access::Access;
use crate::{Cell, Unit, export, snapshot};

/// Notes that a Cell had another URL before, after the Cell of that URL was asked whether it is so. What others made out
/// for that URL counts here too, from then on.
///
/// # Errors
/// If somebody may not; [`ErrorCode::BodyKeyFormat`] if nobody at that URL says that it has moved here;
/// [`ErrorCode::Network`] if no answer comes.
pub fn arrive(unit: &Unit, cell: &Cell, access: &Access, from: &str) -> Result<()> {
    snapshot::authorize(cell, access)?;
    let refused = |why: &str| ErrorCode::BodyKeyFormat.with(["From", why]);
    if !is_http_url(from) || !from.ends_with('/') {
        return Err(refused("the URL of a Cell, with a slash at its end"));
    }
    let carrier = unit.carrier().ok_or_else(|| ErrorCode::Network.with(["this unit has no way out"]))?;
    if carrier.moved_to(from)?.as_deref() != Some(cell.url()) {
        return Err(refused("the URL of a Cell that says that it has moved here"));
    }
    let (url, before, id) = (cell.url().to_owned(), from.to_owned(), cell.id().clone());
    unit.backend().register().write(move |tx| {
        moved::add_former(tx, &url, &before)?;
        // No more follows.
        export::may_forget(tx, &id)
    })
}
