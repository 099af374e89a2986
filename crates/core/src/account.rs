//! Accounts: checking passwords.

use saibo_model::{Document, EntitySet, ErrorCode, Kind, Result};
use saibo_oauth::grant::basic_credentials;
use saibo_oauth::password::StoredPassword;
use saibo_oauth::scope::Scopes;
use saibo_store::StoreExt as _;

use crate::access::{Access, Subject, roles_of_account};
use crate::{Cell, Unit};

/// The scope of Basic authentication: a password may do what its Account may.
const BASIC_SCOPE: &str = "root";

/// The Access of `Authorization: Basic …`.
///
/// # Errors
/// The store's; bad credentials make a [`Subject::Invalid`].
pub(crate) fn basic(unit: &Unit, cell: &Cell, header: &str, now: i64) -> Result<Access> {
    let refuse = |code| Ok(Access::invalid(code));
    let Some((name, password)) = basic_credentials(header) else { return refuse(ErrorCode::BasicAuthFormat) };
    let account = cell.store().read(|tx| tx.document(&EntitySet::control(Kind::Account), None, &name))?;
    let Some(account) = account else {
        let _ = unit.check_password(None, password.expose());
        return refuse(ErrorCode::BasicAuthenticationFailed);
    };
    if unit.lockout().is_locked(&account.id, now) {
        unit.lockout().lock(&account.id, now);
        return refuse(ErrorCode::BasicAuthenticationLocked);
    }
    if !unit.check_password(Some(&account), password.expose()) {
        unit.lockout().lock(&account.id, now);
        return refuse(ErrorCode::BasicAuthenticationFailed);
    }
    let roles = cell.store().read(|tx| roles_of_account(tx, &name))?.unwrap_or_default();
    let scopes = [BASIC_SCOPE].into_iter().collect::<Scopes>();
    Ok(Access { subject: Subject::Basic(name), roles, schema: None, scopes })
}

impl Unit {
    /// Whether a password is an Account's. Takes as long where there is no Account, or none with a password.
    #[must_use]
    pub fn check_password(&self, account: Option<&Document>, password: &str) -> bool {
        let hasher = &self.settings().passwords;
        let _turn = self.password_checks().acquire();
        let stored = account
            .and_then(|account| account.hidden.as_deref())
            .and_then(|hidden| serde_json::from_str(hidden).ok())
            .and_then(|hidden| StoredPassword::from_hidden(&hidden));
        if let Some(stored) = stored {
            hasher.verify(&stored, password)
        } else {
            hasher.dummy_verify(password);
            false
        }
    }
}
