//! Logging in as an Account: what `__token` and `__authz` have in common (API pages 292 and 293).
//!
//! All failures look alike, so that nobody learns which Accounts exist. The time does not tell either: the password is
//! always checked, and the failure always written, even where there is nothing to check and nobody to write it of.

use std::net::IpAddr;

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::AuthHistory;
use saibo_store::StoreExt as _;

use super::history::{self, NOBODY};
use super::property::records_history;
use crate::account::{Account, Status};
use crate::{Cell, Unit};

/// An Account's name, how whoever logs in shows that it is theirs, and where they come from.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) name: &'a str,
    pub(super) proof: Proof<'a>,
    pub(super) address: Option<IpAddr>,
}

/// How somebody shows that they are an Account.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// The password, still to be checked.
    Password(&'a str),
    /// An identity provider has said so. The Account's `Type` must have this.
    Provider(&'a str),
}

/// An Account that has shown that it is one.
pub(super) struct LoggedIn {
    pub(super) account: Account,
    /// How its logins went before this one.
    pub(super) history: AuthHistory,
    records: bool,
}

impl Login<'_> {
    /// Checks the proof and whether the Account may log in now. An Account that must change its password has logged
    /// in too: what it gets is the caller's to decide.
    ///
    /// # Errors
    /// [`ErrorCode::LoginFailed`]; the store's.
    pub(super) fn check(self, unit: &Unit, cell: &Cell, now: i64) -> Result<LoggedIn> {
        let (account, history, records) = cell.store().read(|tx| {
            let account = Account::find(tx, self.name)?;
            let id = account.as_ref().map_or(NOBODY, |account| account.document.id.as_str());
            let history = history::history(tx, id)?;
            Ok((account, history, records_history(tx, self.name)?))
        })?;
        let proved = match self.proof {
            Proof::Password(password) => unit.check_password(account.as_ref(), password)?,
            Proof::Provider(_) => true,
        };
        let of_type = |account: &Account| account.has_type(self.proof.account_type());
        let Some(account) = account.filter(of_type) else {
            return Err(refused(cell, NOBODY, "there is no such Account of this Type"));
        };
        let Err(reason) = self.admits(unit, &account, proved, now) else {
            return Ok(LoggedIn { account, history, records });
        };
        let id = &account.document.id;
        unit.lockout().failed(id, &unit.settings().authentication, now);
        Err(refused(cell, if records { id.as_str() } else { NOBODY }, reason))
    }

    /// Whether an Account may log in, or why not.
    fn admits(&self, unit: &Unit, account: &Account, proved: bool, now: i64) -> Result<(), &'static str> {
        let (id, rules) = (&account.document.id, &unit.settings().authentication);
        if unit.lockout().is_locked(id, now) {
            Err("it failed a moment ago")
        } else if unit.lockout().is_locked_by_count(id, rules, now) {
            Err("it failed too often")
        } else if !account.admits(self.address) {
            Err("its IPAddressRange does not include the address")
        } else if !proved {
            Err("the password is wrong")
        } else if account.status() == Status::Deactivated {
            Err("it is deactivated")
        } else {
            Ok(())
        }
    }
}

impl Proof<'_> {
    /// What the `Type` of an Account must have for it.
    fn account_type(&self) -> &str {
        match self {
            Self::Password(_) => "basic",
            Self::Provider(account_type) => account_type,
        }
    }
}

impl LoggedIn {
    /// Records that it got what it wanted, and brings its hash up to date.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn succeeded(&self, unit: &Unit, cell: &Cell, proof: Proof<'_>, now: i64) -> Result<()> {
        let outdated = |account: &Account| {
            account.password().is_some_and(|stored| unit.settings().passwords.is_outdated(&stored))
        };
        let upgraded = match proof {
            Proof::Password(password)
                if unit.settings().authentication.upgrade_hashes && outdated(&self.account) =>
            {
                Some(unit.hash_known_password(password)?)
            }
            _ => None,
        };
        unit.lockout().succeeded(&self.account.document.id);
        if !self.records && upgraded.is_none() {
            return Ok(());
        }
        let (document, records) = (self.account.document.clone(), self.records);
        cell.store().write(move |tx| {
            if records {
                history::succeeded(tx, document.id.as_str(), now)?;
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

/// Records a failure, and makes of it the one answer for all reasons; the reason goes to the log.
fn refused(cell: &Cell, account: &str, reason: &'static str) -> Error {
    let account = account.to_owned();
    match cell.store().write(move |tx| history::failed(tx, &account)) {
        Ok(()) => Error::from(ErrorCode::LoginFailed).because(reason),
        Err(error) => error,
    }
}
