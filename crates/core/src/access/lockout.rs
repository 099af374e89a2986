//! The pause after a failed login, and the number of password checks at a time.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use saibo_model::Id;

use crate::settings::Authentication;

/// How long an Account is refused after a failed login, even with the right password (API page 293), in ms.
const PAUSE: i64 = 1000;

/// When this many Accounts wait, those whose pause is over are forgotten.
const MANY: usize = 1024;

/// Accounts that failed to log in lately. Kept in memory alone: a restart takes longer than the pause, and ends a
/// lock that counts failures.
#[derive(Debug, Default)]
pub struct Lockout {
    accounts: Mutex<HashMap<Id, Failures>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    /// Until when every login is refused.
    pause: i64,
    /// Failures in a row.
    count: u32,
    /// Until when they are remembered.
    remembered: i64,
}

impl Lockout {
    /// Whether an Account is to wait because it failed a moment ago.
    #[must_use]
    pub fn is_locked(&self, account: &Id, now: i64) -> bool {
        self.accounts.lock().get(account).is_some_and(|failures| now < failures.pause)
    }

    /// Whether an Account failed too often to be let in.
    #[must_use]
    pub fn is_locked_by_count(&self, account: &Id, rules: &Authentication, now: i64) -> bool {
        rules.lock_after > 0
            && self
                .accounts
                .lock()
                .get(account)
                .is_some_and(|failures| failures.count >= rules.lock_after && now < failures.remembered)
    }

    /// Counts a failed login, and makes the Account wait from now on.
    pub fn failed(&self, account: &Id, rules: &Authentication, now: i64) {
        self.count(account, rules, now);
        self.accounts.lock().entry(account.clone()).or_default().pause = now + PAUSE;
    }

    /// Counts a failed login, but lets the Account try again at once: a client that sends name and password with every
    /// request sends several at a time, and one that fails must not fail the others.
    pub fn count(&self, account: &Id, rules: &Authentication, now: i64) {
        let mut accounts = self.accounts.lock();
        if accounts.len() >= MANY {
            accounts.retain(|_, failures| now < failures.pause || now < failures.remembered);
        }
        let failures = accounts.entry(account.clone()).or_default();
        if now >= failures.remembered {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        let lock = i64::try_from(rules.lock_for.as_millis()).unwrap_or(i64::MAX);
        failures.remembered = now.saturating_add(lock);
    }

    /// Forgets the failures of an Account that has logged in.
    pub fn succeeded(&self, account: &Id) {
        self.accounts.lock().remove(account);
    }
}

/// How often somebody who waits is asked whether they still want to.
const INTEREST: Duration = Duration::from_millis(50);

/// How many wait at most for their password to be checked: some seconds' worth of them. Each holds a thread that others
/// could use.
const QUEUE: usize = 128;

/// Lets a bounded number in at a time. Password hashes are slow on purpose: a flood of logins may take this
/// many threads and no more.
#[derive(Debug)]
pub struct Turnstile {
    places: Mutex<Places>,
    left: Condvar,
}

#[derive(Debug)]
struct Places {
    free: usize,
    waiting: usize,
}

impl Turnstile {
    /// For that many at a time.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places: Mutex::new(Places { free: places.max(1), waiting: 0 }), left: Condvar::new() }
    }

    /// Waits for a place, which is free again when the guard is dropped. `None` where too many wait already.
    pub fn acquire(&self) -> Option<Turn<'_>> {
        let mut places = self.places.lock();
        if places.free == 0 && places.waiting >= QUEUE {
            return None;
        }
        places.waiting += 1;
        while places.free == 0 {
            self.left.wait(&mut places);
        }
        places.waiting -= 1;
        places.free -= 1;
        Some(Turn(self))
    }

    /// Waits for as long as it takes, unless whoever waits loses interest.
    pub fn acquire_unless(&self, gives_up: impl Fn() -> bool) -> Option<Turn<'_>> {
        let mut places = self.places.lock();
        while places.free == 0 {
            if gives_up() {
                return None;
            }
            self.left.wait_for(&mut places, INTEREST);
        }
        places.free -= 1;
        Some(Turn(self))
    }
}

/// A place behind the [`Turnstile`].
#[derive(Debug)]
pub struct Turn<'a>(&'a Turnstile);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.places.lock().free += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_makes_wait_and_many_lock() {
        let rules =
            Authentication { lock_after: 2, lock_for: Duration::from_secs(60), ..Authentication::default() };
        let (lockout, account) = (Lockout::default(), Id::random());
        assert!(!lockout.is_locked(&account, 0));
        lockout.failed(&account, &rules, 0);
        assert!(lockout.is_locked(&account, 999) && !lockout.is_locked(&account, 1000));
        assert!(!lockout.is_locked_by_count(&account, &rules, 999));
        lockout.failed(&account, &rules, 2000);
        assert!(lockout.is_locked_by_count(&account, &rules, 61_999));
        assert!(!lockout.is_locked_by_count(&account, &rules, 62_000));
        lockout.failed(&account, &rules, 62_000);
        assert!(!lockout.is_locked_by_count(&account, &rules, 62_000), "counted anew");
        lockout.succeeded(&account);
        assert!(!lockout.is_locked(&account, 62_000));
    }

    #[test]
    fn some_wait_and_the_others_are_turned_away() {
        let turnstile = Turnstile::new(1);
        let turn = turnstile.acquire().unwrap();
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..QUEUE).map(|_| scope.spawn(|| turnstile.acquire().is_some())).collect();
            while turnstile.places.lock().waiting < QUEUE {
                std::thread::yield_now();
            }
            assert!(turnstile.acquire().is_none());
            drop(turn);
            assert!(all.into_iter().all(|one| one.join().unwrap()));
        });
        assert!(turnstile.acquire().is_some());
    }

    #[test]
    fn without_a_limit_nothing_is_locked_by_count() {
        let (rules, lockout, account) = (Authentication::default(), Lockout::default(), Id::random());
        for _ in 0..100 {
            lockout.failed(&account, &rules, 0);
        }
        assert!(!lockout.is_locked_by_count(&account, &rules, 0));
    }
}
