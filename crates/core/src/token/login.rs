//! Logging in with name and password: what `__token` and `__authz` have in common (API pages 292 and 293).
//!
//! All failures look alike, so that nobody learns which Accounts exist. The password is always checked, even
//! where the answer is known before, so that the time does not tell either.

use std::net::IpAddr;

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::AuthHistory;
use saibo_store::StoreExt as _;

use super::history;
use super::property::records_history;
use crate::account::{Account, Status};
use crate::{Cell, Unit};

/// Name and password, and where they come from.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) name: &'a str,
    pub(super) password: &'a str,
    pub(super) address: Option<IpAddr>,
}

/// An Account that has shown its password.
pub(super) struct LoggedIn {
    pub(super) account: Account,
    /// How its logins went before this one.
    pub(super) history: AuthHistory,
    records: bool,
}

impl Login<'_> {
    /// Checks the password and whether the Account may log in now. An Account that must change its password has
    /// logged in too: what it gets is the caller's to decide.
    ///
    /// # Errors
    /// [`ErrorCode::LoginFailed`]; the store's.
    pub(super) fn check(self, unit: &Unit, cell: &Cell, now: i64) -> Result<LoggedIn> {
        let found = cell.store().read(|tx| {
            let Some(account) = Account::find(tx, self.name)? else { return Ok(None) };
            let history = history::history(tx, &account.document.id)?;
            let records = records_history(tx, self.name)?;
            Ok(Some(LoggedIn { account, history, records }))
        })?;
        let right = unit.check_password(found.as_ref().map(|found| &found.account), self.password);
        let found = found.ok_or_else(|| refusal("no such Account"))?;
        if !found.account.has_type("basic") {
            return Err(refusal("its Type does not include basic"));
        }
        let (id, rules) = (&found.account.document.id, &unit.settings().authentication);
        let reason = if unit.lockout().is_locked(id, now) {
            "it failed a moment ago"
        } else if unit.lockout().is_locked_by_count(id, rules, now) {
            "it failed too often"
        } else if !found.account.admits(self.address) {
            "its IPAddressRange does not include the address"
        } else if !right {
            "the password is wrong"
        } else if found.account.status() == Status::Deactivated {
            "it is deactivated"
        } else {
            return Ok(found);
        };
        unit.lockout().failed(id, rules, now);
        if found.records {
            let id = id.clone();
            cell.store().write(move |tx| history::failed(tx, &id))?;
        }
        Err(refusal(reason))
    }
}

impl LoggedIn {
    /// Records that it got what it wanted, and brings its hash up to date.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn succeeded(&self, unit: &Unit, cell: &Cell, password: &str, now: i64) -> Result<()> {
        let outdated = |account: &Account| {
            account.password().is_some_and(|stored| unit.settings().passwords.is_outdated(&stored))
        };
        let upgraded = if unit.settings().authentication.upgrade_hashes && outdated(&self.account) {
            Some(unit.hash_known_password(password)?)
        } else {
            None
        };
        unit.lockout().succeeded(&self.account.document.id);
        if !self.records && upgraded.is_none() {
            return Ok(());
        }
        let (document, records) = (self.account.document.clone(), self.records);
        cell.store().write(move |tx| {
            if records {
                history::succeeded(tx, &document.id, now)?;
            }
            let Some(upgraded) = upgraded else { return Ok(()) };
            // Not one whose password was changed meanwhile. The ETag stays: nothing that the API shows changes.
            let now_stored = tx.read().document_by_id(&document.id)?;
            if now_stored.as_ref() == Some(&document) {
                Account::of(document)?.put_password(tx, &upgraded)?;
            }
            Ok(())
        })
    }
}

/// One answer for all reasons; the reason goes to the log.
fn refusal(reason: &'static str) -> Error {
    Error::from(ErrorCode::LoginFailed).because(reason)
}
