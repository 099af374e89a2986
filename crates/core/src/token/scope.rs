//! Which of the scopes that are asked for are given (API page 293).

use saibo_model::Result;
use saibo_model::privilege::Privilege;
use saibo_oauth::scope::Scopes;
use saibo_store::StoreExt as _;

use crate::{Cell, Unit, role};

/// What of the scopes the unit permits for a grant whose limit is `most`; a role must be one of this Cell.
///
/// # Errors
/// The store's.
pub(super) fn permitted(unit: &Unit, cell: &Cell, most: Option<Privilege>, asked: &Scopes) -> Result<Scopes> {
    let mut failure = None;
    let scopes = asked.permitted(most, |scope| {
        let found = cell.store().read(|tx| {
            // The scope stays as it was written: the reference tells what was asked for.
            let found = role::resolve_url(tx, &unit.settings().unit_url, cell.url(), scope)?;
            Ok(found.map(|_| scope.to_owned()))
        });
        found.unwrap_or_else(|error| {
            failure = Some(error);
            None
        })
    });
    failure.map_or(Ok(scopes), Err)
}
