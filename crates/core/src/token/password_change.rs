//! Changing one's own password (API page 294).

use saibo_model::{ErrorCode, Result};
use saibo_store::StoreExt as _;

use crate::access::{Subject, authorize_own_password};
use crate::account::{Account, Status};
use crate::{Access, Cell, Unit};

/// Whether somebody may, before anything else about the request is looked at.
///
/// # Errors
/// Why not.
pub fn may_change(access: &Access) -> Result<()> {
    authorize_own_password(access).map(|_| ())
}

/// `PUT {cell}__mypassword`. An Account that had to change its password is active from then on.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::CredentialRequired`], [`ErrorCode::PasswordFormat`]; the store's.
pub fn change(unit: &Unit, cell: &Cell, access: &Access, password: Option<&str>, now: i64) -> Result<()> {
    let name = authorize_own_password(access)?;
    let password = password.ok_or(ErrorCode::CredentialRequired)?;
    match access.subject {
        Subject::PasswordChange(_) => change_required(unit, cell, name, password, now),
        _ => set(unit, cell, name, password, now, |_| Ok(())),
    }
}

/// Gives an Account the password that it has to change. Its token for that is good no longer than it has to: the
/// authorization endpoint has it in URLs, which browsers remember.
///
/// # Errors
/// [`ErrorCode::NecessaryPrivilegeLacking`] where there is nothing to change; [`ErrorCode::PasswordFormat`],
/// [`ErrorCode::NoSuchEntity`]; the store's.
pub(super) fn change_required(unit: &Unit, cell: &Cell, name: &str, password: &str, now: i64) -> Result<()> {
    set(unit, cell, name, password, now, |account| match account.status() {
        Status::PasswordChangeRequired => Ok(()),
        Status::Active | Status::Deactivated => Err(ErrorCode::NecessaryPrivilegeLacking.into()),
    })
}

fn set(
    unit: &Unit,
    cell: &Cell,
    name: &str,
    password: &str,
    now: i64,
    check: impl FnOnce(&Account) -> Result<()> + Send + 'static,
) -> Result<()> {
    let hashed = unit.hash_password(password)?;
    let name = name.to_owned();
    cell.store().write(move |tx| {
        let mut account = Account::find(tx.read(), &name)?.ok_or(ErrorCode::NoSuchEntity)?;
        check(&account)?;
        account.password_was_changed(now);
        account.put_password(tx, &hashed)
    })
}
