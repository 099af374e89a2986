//! What of this module's values belongs to the Cell and not to its content, so that it outlives an import.
//!
//! A snapshot has none of it: who has the key speaks for the Cell, and a snapshot goes through many hands. What is to
//! be exact is carried over at the swap itself, when the old store takes no writes any more: the key, for what was
//! signed with it is still to be checked with what `__certs` shows; and the codes that were redeemed, for a code must
//! not be good twice. How the logins of an Account went comes along while the new content is built, where that has
//! an Account of the same id. The pauses after failed logins ([`Lockout`](crate::access::Lockout)) are in memory, by
//! the Account's id, and stay in any case.

use saibo_model::{Id, Result};
use saibo_store::{Builder, Store, StoreExt as _, Value};

use super::code::REDEEMED;
use super::history::LOGIN;
use super::key::KEY;

/// Gives the next content of a Cell the values that must be there exactly as the last one had them.
///
/// # Errors
/// The stores'.
pub(crate) fn carry_over(from: &dyn Store, to: &dyn Store) -> Result<()> {
    let both = |store: &dyn Store| store.read(|tx| Ok((tx.values(KEY)?, tx.values(REDEEMED)?)));
    let ((keys, codes), (their_keys, their_codes)) = (both(from)?, both(to)?);
    // A Cell that never needed a key takes what is there.
    let key_differs = !keys.is_empty() && keys != their_keys;
    let missing: Vec<Value> = codes.into_iter().filter(|code| !their_codes.contains(code)).collect();
    if !key_differs && missing.is_empty() {
        return Ok(());
    }
    to.write(move |tx| {
        if key_differs {
            their_keys.iter().try_for_each(|(id, _)| tx.set_value(KEY, id, None))?;
            keys.iter().try_for_each(|(id, key)| tx.set_value(KEY, id, Some(key)))?;
        }
        missing.iter().try_for_each(|(code, ends)| tx.set_value(REDEEMED, code, Some(ends)))
    })
}

/// Gives content that is built the history of an Account that it has.
///
/// # Errors
/// The stores'.
pub(crate) fn carry_history(from: &dyn Store, to: &mut dyn Builder, account: &Id) -> Result<()> {
    match from.read(|tx| tx.value(LOGIN, account.as_str()))? {
        Some(history) => Ok(to.value(LOGIN, account.as_str(), &history)?),
        None => Ok(()),
    }
}
