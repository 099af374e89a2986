//! The pause after a failed login, and the number of password checks at a time.

use std::collections::HashMap;

use parking_lot::{Condvar, Mutex};
use saibo_model::Id;

/// How long an Account is refused after a failed login, even with the right password (API page 293), in ms.
const PAUSE: i64 = 1000;

/// When this many Accounts wait, those whose pause is over are forgotten.
const MANY: usize = 1024;

/// Accounts that failed to log in a moment ago. Kept in memory alone: a restart takes longer than the pause.
#[derive(Debug, Default)]
pub struct Lockout {
    until: Mutex<HashMap<Id, i64>>,
}

impl Lockout {
    /// Whether an Account is to wait.
    #[must_use]
    pub fn is_locked(&self, account: &Id, now: i64) -> bool {
        self.until.lock().get(account).is_some_and(|until| now < *until)
    }

    /// Makes an Account wait from now on.
    pub fn lock(&self, account: &Id, now: i64) {
        let mut until = self.until.lock();
        if until.len() >= MANY {
            until.retain(|_, end| now < *end);
        }
        until.insert(account.clone(), now + PAUSE);
    }
}

/// Lets a bounded number in at a time. Password hashes are slow on purpose: a flood of logins may take this
/// many threads and no more.
#[derive(Debug)]
pub struct Turnstile {
    free: Mutex<usize>,
    left: Condvar,
}

impl Turnstile {
    /// For that many at a time.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { free: Mutex::new(places.max(1)), left: Condvar::new() }
    }

    /// Waits for a place, which is free again when the guard is dropped.
    pub fn acquire(&self) -> Turn<'_> {
        let mut free = self.free.lock();
        while *free == 0 {
            self.left.wait(&mut free);
        }
        *free -= 1;
        Turn(self)
    }
}

/// A place behind the [`Turnstile`].
#[derive(Debug)]
pub struct Turn<'a>(&'a Turnstile);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.left.notify_one();
    }
}
