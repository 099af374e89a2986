//! How the logins of an Account went: kept among the Cell's values, by the Account's id. A snapshot leaves
//! them out, as the reference's does; an import keeps those of Accounts that there still are.

use saibo_model::{ErrorCode, Id, Result};
use saibo_oauth::grant::AuthHistory;
use saibo_store::{ReadTx, WriteTx};
use serde_json::json;

/// Scope of the Cell's values that hold histories.
pub const LOGIN: &str = "login";

/// The history until now; an empty one where nothing was recorded.
///
/// # Errors
/// The store's.
pub fn history(tx: &dyn ReadTx, account: &Id) -> Result<AuthHistory> {
    let Some(text) = tx.value(LOGIN, account.as_str())? else { return Ok(AuthHistory::default()) };
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|e| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e))?;
    Ok(AuthHistory {
        last_authenticated: value["last"].as_i64(),
        failed_count: value["failed"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default(),
    })
}

/// Records a login.
pub(super) fn succeeded(tx: &mut dyn WriteTx, account: &Id, now: i64) -> Result<()> {
    put(tx, account, AuthHistory { last_authenticated: Some(now), failed_count: 0 })
}

/// Records a failed login.
pub(super) fn failed(tx: &mut dyn WriteTx, account: &Id) -> Result<()> {
    let before = history(tx.read(), account)?;
    put(tx, account, AuthHistory { failed_count: before.failed_count.saturating_add(1), ..before })
}

fn put(tx: &mut dyn WriteTx, account: &Id, history: AuthHistory) -> Result<()> {
    let value = json!({ "last": history.last_authenticated, "failed": history.failed_count });
    tx.set_value(LOGIN, account.as_str(), Some(&value.to_string()))
}
