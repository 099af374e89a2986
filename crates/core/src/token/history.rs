//! How the logins of an Account went: kept among the Cell's values, by the Account's id. A snapshot leaves
//! them out, as the reference's does; an import keeps those of Accounts that there still are.

use saibo_model::Result;
use saibo_oauth::grant::AuthHistory;
use saibo_store::{ReadTx, WriteTx};
use serde_json::json;

use crate::document;

/// Scope of the Cell's values that hold histories.
pub const LOGIN: &str = "login";

/// In the place of an Account's id: the failures that are no Account's, and of those whose logins are not recorded.
/// They are counted so that each failure is written, and takes as long as any other.
pub const NOBODY: &str = "nobody";

/// The history until now; an empty one where nothing was recorded.
///
/// # Errors
/// The store's.
pub fn history(tx: &dyn ReadTx, account: &str) -> Result<AuthHistory> {
    let Some(text) = tx.value(LOGIN, account)? else { return Ok(AuthHistory::default()) };
    let value: serde_json::Value = document::stored(&text)?;
    Ok(AuthHistory {
        last_authenticated: value["last"].as_i64(),
        failed_count: value["failed"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default(),
    })
}

/// Records a login.
pub(super) fn succeeded(tx: &mut dyn WriteTx, account: &str, now: i64) -> Result<()> {
    put(tx, account, AuthHistory { last_authenticated: Some(now), failed_count: 0 })
}

/// Records a failed login.
pub(super) fn failed(tx: &mut dyn WriteTx, account: &str) -> Result<()> {
    let before = history(tx.read(), account)?;
    put(tx, account, AuthHistory { failed_count: before.failed_count.saturating_add(1), ..before })
}

fn put(tx: &mut dyn WriteTx, account: &str, history: AuthHistory) -> Result<()> {
    let value = json!({ "last": history.last_authenticated, "failed": history.failed_count });
    tx.set_value(LOGIN, account, Some(&value.to_string()))
}
