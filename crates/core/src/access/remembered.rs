//! The roles of Accounts, remembered.
//!
//! They are looked up for nearly every request, and seldom change. What was read counts for as long as nothing was
//! written into the Cell, which its store tells without a look into it ([`Store::stamp`](saibo_store::Store::stamp)).

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;
use saibo_model::{Id, Result};
use saibo_store::StoreExt as _;

use super::roles_of_account;
use crate::{Cell, Unit};

/// How many Accounts are remembered. Those of a state that is over are the first to go.
const MANY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// An Account with more roles is looked up each time: what is remembered is to be small.
const ROLES: usize = 64;

/// The roles of Accounts, each by the state of its Cell's store and its name.
pub(crate) struct RememberedRoles(Mutex<LruCache<(u64, String), Vec<Id>>>);

impl Default for RememberedRoles {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MANY)))
    }
}

impl Unit {
    /// As [`roles_of_account`], remembered.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn roles_of_account(&self, cell: &Cell, account: &str) -> Result<Option<Vec<Id>>> {
        // Before the look into the store: what is written in between makes it useless, and not wrong.
        let key = (cell.store().stamp(), account.to_owned());
        let known = self.remembered_roles().0.lock().get(&key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let roles = cell.store().read(|tx| roles_of_account(tx, account))?;
        if let Some(roles) = roles.as_ref().filter(|roles| roles.len() <= ROLES) {
            self.remembered_roles().0.lock().put(key, roles.clone());
        }
        Ok(roles)
    }
}
