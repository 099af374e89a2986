//! `Authorization: Basic …` (API page 293).

use saibo_model::{ErrorCode, Result};
use saibo_oauth::grant::basic_credentials;
use saibo_oauth::scope::Scopes;
use saibo_store::StoreExt as _;

use super::{Account, Status};
use crate::access::{Access, Subject};
use crate::{Cell, Unit};

/// The scope of Basic authentication: a password may do what its Account may.
const BASIC_SCOPE: &str = "root";

/// The Access of `Authorization: Basic …`. An Account that logs in so must be allowed to log in with a password
/// at all: the reference looks at neither its `Type` nor its `Status`.
///
/// # Errors
/// The store's; bad credentials make a [`Subject::Invalid`].
pub(crate) fn basic(
    unit: &Unit,
    cell: &Cell,
    header: &str,
    address: Option<std::net::IpAddr>,
    now: i64,
) -> Result<Access> {
    let refuse = |code| Ok(Access::invalid(code));
    let Some((name, password)) = basic_credentials(header) else { return refuse(ErrorCode::BasicAuthFormat) };
    let account = cell.store().read(|tx| Account::find(tx, &name))?;
    let Some(account) = account else {
        unit.check_password(None, password.expose())?;
        return refuse(ErrorCode::BasicAuthenticationFailed);
    };
    let id = &account.document.id;
    let rules = &unit.settings().authentication;
    if unit.lockout().is_locked(id, now) || unit.lockout().is_locked_by_count(id, rules, now) {
        return refuse(ErrorCode::BasicAuthenticationLocked);
    }
    let right = is_right(unit, &account, password.expose(), now)?;
    if !right || !account.has_type("basic") || account.status() != Status::Active || !account.admits(address)
    {
        unit.lockout().count(id, rules, now);
        return refuse(ErrorCode::BasicAuthenticationFailed);
    }
    let roles = unit.roles_of_account(cell, &name)?.unwrap_or_default();
    let scopes = [BASIC_SCOPE].into_iter().collect::<Scopes>();
    Ok(Access { roles, scopes, ..Access::of(Subject::Basic(name)) })
}

/// Whether a password is an Account's. One that was right a moment ago is, without the slow hash again.
fn is_right(unit: &Unit, account: &Account, password: &str, now: i64) -> Result<bool> {
    let (id, stored) = (&account.document.id, account.document.hidden.as_deref().unwrap_or_default());
    if unit.remembered().is_right(id, stored, password, now) {
        return Ok(true);
    }
    let right = unit.check_password(Some(account), password)?;
    if right {
        unit.remembered().was_right(id, stored, password, now);
    }
    Ok(right)
}
