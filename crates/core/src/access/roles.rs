//! The roles somebody has in a Cell.

use saibo_model::query::{Filter, Query};
use saibo_model::{EntitySet, Id, Kind, Result};
use saibo_store::ReadTx;

/// The ids of the Roles linked with an Account; `None` if there is no such Account.
///
/// # Errors
/// The store's.
pub fn roles_of_account(tx: &dyn ReadTx, account: &str) -> Result<Option<Vec<Id>>> {
    let Some(account) = tx.document(&EntitySet::control(Kind::Account), None, account)? else {
        return Ok(None);
    };
    let query = Query { filter: Some(Filter::LinkedWith(account.seq)), ..Query::default() };
    let mut roles = Vec::new();
    tx.documents(&EntitySet::control(Kind::Role), &query, &mut |role| {
        roles.push(role.id);
        Ok(())
    })?;
    Ok(Some(roles))
}
