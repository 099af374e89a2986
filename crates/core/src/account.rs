//! Accounts: what they are, and checking and changing their passwords.

mod address;
mod basic;
mod remembered;

use saibo_model::{Document, EntitySet, Error, ErrorCode, Kind, Result};
use saibo_oauth::password::{StoredPassword, is_valid_password};
use saibo_store::{ReadTx, WriteTx};
use serde_json::{Map, Value};

pub(crate) use basic::basic;
pub(crate) use remembered::Remembered;

use crate::Unit;
use crate::document::object;

/// What an Account may do at all (`Status`, API page 212).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything.
    Active,
    /// Nothing.
    Deactivated,
    /// Nothing but to change its password.
    PasswordChangeRequired,
}

/// An Account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its document.
    pub document: Document,
    body: Map<String, Value>,
    hidden: Map<String, Value>,
}

impl Account {
    /// The Account of that name.
    ///
    /// # Errors
    /// The store's.
    pub fn find(tx: &dyn ReadTx, name: &str) -> Result<Option<Self>> {
        tx.document(&EntitySet::control(Kind::Account), None, name)?.map(Self::of).transpose()
    }

    /// Reads its document.
    ///
    /// # Errors
    /// [`ErrorCode::DataInconsistency`] where that is none of an Account.
    pub fn of(document: Document) -> Result<Self> {
        let body = object(&document.body)?;
        let hidden = document.hidden.as_deref().map(object).transpose()?.unwrap_or_default();
        Ok(Self { document, body, hidden })
    }

    /// Whether its `Type` lists a way to authenticate. Accounts of before there were types use passwords.
    #[must_use]
    pub fn has_type(&self, kind: &str) -> bool {
        self.text("Type").unwrap_or("basic").split(' ').any(|one| one == kind)
    }

    /// Its `Status`; an unknown one lets it do nothing.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.text("Status") {
            None | Some("active") => Status::Active,
            Some("passwordChangeRequired") => Status::PasswordChangeRequired,
            Some(_) => Status::Deactivated,
        }
    }

    /// Whether it may log in from an address (`IPAddressRange`).
    #[must_use]
    pub fn admits(&self, address: Option<std::net::IpAddr>) -> bool {
        address::admits(self.text("IPAddressRange"), address)
    }

    /// Its password.
    #[must_use]
    pub fn password(&self) -> Option<StoredPassword> {
        StoredPassword::from_hidden(&self.hidden)
    }

    /// Puts another password in the place of its own.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn put_password(&mut self, tx: &mut dyn WriteTx, password: &StoredPassword) -> Result<()> {
        password.to_hidden(&mut self.hidden);
        self.document.hidden = Some(Value::Object(self.hidden.clone()).to_string());
        tx.put_document(&mut self.document)
    }

    /// Makes it active where it was only to change its password. One that was deactivated stays so.
    pub(crate) fn password_was_changed(&mut self, now: i64) {
        if self.status() == Status::PasswordChangeRequired {
            self.body.insert("Status".to_owned(), "active".into());
            self.document.body = Value::Object(self.body.clone()).to_string();
        }
        self.document.version += 1;
        self.document.updated = now;
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

/// The hidden fields of an Account without what its password is checked with.
///
/// # Errors
/// [`ErrorCode::DataInconsistency`] where they are none.
pub(crate) fn without_credentials(hidden: &str) -> Result<String> {
    let mut hidden = object(hidden)?;
    StoredPassword::forget(&mut hidden);
    Ok(Value::Object(hidden).to_string())
}

impl Unit {
    /// Whether a password is an Account's. Takes as long where there is no Account, or none with a password.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyConcurrentRequests`].
    pub fn check_password(&self, account: Option<&Account>, password: &str) -> Result<bool> {
        let hasher = &self.settings().passwords;
        let stored = account.and_then(Account::password);
        self.hashing(|| {
            if let Some(stored) = &stored {
                hasher.verify(stored, password)
            } else {
                hasher.dummy_verify(password);
                false
            }
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`ErrorCode::PasswordFormat`] for one that is not allowed; [`ErrorCode::TooManyConcurrentRequests`].
    pub fn hash_password(&self, password: &str) -> Result<StoredPassword> {
        if !is_valid_password(password) {
            return Err(ErrorCode::PasswordFormat.into());
        }
        self.hash_known_password(password)
    }

    /// Hashes a password that an Account has already, whatever the rules are now.
    pub(crate) fn hash_known_password(&self, password: &str) -> Result<StoredPassword> {
        let hashed = self.hashing(|| self.settings().passwords.hash(password))?;
        hashed.map_err(|e| Error::from(ErrorCode::Unknown).because(e))
    }

    /// Does what is slow on purpose: with few others at a time, and not in the way of those who do something else.
    fn hashing<R: Send>(&self, work: impl Fn() -> R + Sync) -> Result<R> {
        let _turn = self.password_checks().acquire().ok_or(ErrorCode::TooManyConcurrentRequests)?;
        let mut done = None;
        (self.settings().run_aside)(&mut || done = Some(work()))
            .map_err(|error| Error::from(ErrorCode::Unknown).because(error))?;
        done.ok_or_else(|| ErrorCode::Unknown.into())
    }
}
