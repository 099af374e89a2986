//! Passwords that were right a moment ago.
//!
//! Basic authentication sends the password with every request, and a hash that is slow on purpose would make a file
//! manager wait tens of milliseconds for each. So of an Account's password that was checked, a digest is remembered for
//! a while: in memory alone, made with a secret of this process, and of the stored hash as well, so that a password
//! that was changed is forgotten at once. Wrong passwords are not remembered: guessing stays as slow as it is.

use std::collections::HashMap;

use parking_lot::Mutex;
use saibo_model::Id;
use sha2::{Digest as _, Sha256};

/// How long, in ms.
const LIFE: i64 = 5 * 60 * 1000;

/// When this many are remembered, those that are too old are forgotten, or else all.
const MANY: usize = 4096;

/// The right passwords of Accounts.
pub(crate) struct Remembered {
    secret: [Id; 2],
    accounts: Mutex<HashMap<Id, Right>>,
}

struct Right {
    digest: [u8; 32],
    since: i64,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { secret: [Id::random(), Id::random()], accounts: Mutex::default() }
    }
}

impl Remembered {
    /// Whether this password was right for an Account with this stored hash a moment ago.
    pub(crate) fn is_right(&self, account: &Id, stored: &str, password: &str, now: i64) -> bool {
        let digest = self.digest(account, stored, password);
        self.accounts.lock().get(account).is_some_and(|right| right.is_fresh(now) && right.digest == digest)
    }

    /// Remembers that it is right.
    pub(crate) fn was_right(&self, account: &Id, stored: &str, password: &str, now: i64) {
        let digest = self.digest(account, stored, password);
        let mut accounts = self.accounts.lock();
        if accounts.len() >= MANY {
            accounts.retain(|_, right| right.is_fresh(now));
        }
        if accounts.len() >= MANY {
            accounts.clear();
        }
        accounts.insert(account.clone(), Right { digest, since: now });
    }

    fn digest(&self, account: &Id, stored: &str, password: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        for part in [self.secret[0].as_str(), self.secret[1].as_str(), account.as_str(), stored, password] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

impl Right {
    /// A clock that was set back makes nothing last longer.
    fn is_fresh(&self, now: i64) -> bool {
        (self.since..self.since.saturating_add(LIFE)).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_a_while_and_for_this_password_alone() {
        let (remembered, account, other) = (Remembered::default(), Id::random(), Id::random());
        assert!(!remembered.is_right(&account, "hash", "right", 0));
        remembered.was_right(&account, "hash", "right", 1000);
        let cases = [
            (&account, "hash", "right", 1000, true),
            (&account, "hash", "right", 999 + LIFE, true),
            (&account, "hash", "right", 1000 + LIFE, false),
            (&account, "hash", "right", 999, false),
            (&account, "hash", "wrong", 1000, false),
            (&account, "another hash", "right", 1000, false),
            (&account, "hashr", "ight", 1000, false),
            (&other, "hash", "right", 1000, false),
        ];
        for (account, stored, password, now, expected) in cases {
            assert_eq!(
                remembered.is_right(account, stored, password, now),
                expected,
                "{stored} {password} {now}"
            );
        }
        let elsewhere = Remembered::default();
        let digest = |remembered: &Remembered| remembered.digest(&account, "hash", "right");
        assert_ne!(digest(&elsewhere), digest(&remembered));
    }

    #[test]
    fn there_is_a_bound() {
        let (remembered, account) = (Remembered::default(), Id::random());
        for _ in 0..2 * MANY {
            remembered.was_right(&Id::random(), "hash", "right", 0);
        }
        remembered.was_right(&account, "hash", "right", 0);
        assert!(remembered.accounts.lock().len() <= MANY);
        assert!(remembered.is_right(&account, "hash", "right", 0));
    }
}
