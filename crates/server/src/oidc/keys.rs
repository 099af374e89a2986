//! The keys of a provider, kept for a while.
//!
//! Who logs in decides when a provider is asked, so how often and how many wait for it is bounded: one asks at a time,
//! a few wait for the answer, and after each attempt there is a pause, whatever came of it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use saibo_oauth::jwt::Keys;

use super::issuer::Unfetched;

const SECOND: i64 = 1000;

/// After this time they are asked for again, in ms.
const FRESH: i64 = 3600 * SECOND;

/// So long they count if the provider cannot be reached, in ms.
const USABLE: i64 = 24 * FRESH;

/// The time between two attempts, in ms. A token with a key that nobody knows makes one, and anybody can write such.
const PAUSE: i64 = 10 * SECOND;

/// How many wait while somebody asks; each holds a thread.
const WAITING: usize = 16;

/// How long they wait at most: longer than asking takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unavailable {
    /// The provider was asked in vain.
    #[error(transparent)]
    Unfetched(#[from] Unfetched),
    /// It was asked in vain a moment ago.
    #[error("it was asked in vain a moment ago")]
    Paused,
    /// Too many wait for its answer.
    #[error("too many wait for its answer")]
    Crowded,
}

/// The keys of one provider.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    /// When it was asked last.
    asked: Option<i64>,
    is_asking: bool,
    waiting: usize,
}

#[derive(Clone, Debug)]
struct Known {
    keys: Arc<Keys>,
    since: i64,
}

impl KeyCache {
    /// The keys as they are known at `now` (ms since 1970), or as `fetch` finds them. With `other_than` newer ones are
    /// wanted; those themselves come back where it was asked a moment ago.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) fn get(
        &self,
        now: i64,
        other_than: Option<&Arc<Keys>>,
        fetch: impl FnOnce() -> Result<Keys, Unfetched>,
    ) -> Result<Arc<Keys>, Unavailable> {
        let mut state = self.state.lock();
        loop {
            let is_wanted = |known: &&Known| !other_than.is_some_and(|old| Arc::ptr_eq(old, &known.keys));
            let fresh =
                state.known.as_ref().filter(is_wanted).filter(|known| within(known.since, FRESH, now));
            if let Some(known) = fresh {
                return Ok(known.keys.clone());
            }
            if !state.is_asking {
                break;
            }
            if state.waiting >= WAITING {
                return state.usable(now).ok_or(Unavailable::Crowded);
            }
            state.waiting += 1;
            let waited = self.answered.wait_for(&mut state, PATIENCE);
            state.waiting -= 1;
            if waited.timed_out() {
                return state.usable(now).ok_or(Unavailable::Crowded);
            }
        }
        if state.asked.is_some_and(|asked| within(asked, PAUSE, now)) {
            return state.usable(now).ok_or(Unavailable::Paused);
        }
        (state.is_asking, state.asked) = (true, Some(now));
        drop(state);
        let asking = Asking(self);
        let fetched = fetch();
        let mut state = self.state.lock();
        let outcome = match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                state.known = Some(Known { keys: keys.clone(), since: now });
                Ok(keys)
            }
            Err(error) => {
                let usable = state.usable(now);
                if usable.is_some() {
                    tracing::warn!(%error, "the keys of a provider are older than they should be");
                }
                usable.ok_or(error.into())
            }
        };
        drop(state);
        drop(asking);
        outcome
    }
}

impl State {
    /// What is known, if it is not too old altogether.
    fn usable(&self, now: i64) -> Option<Arc<Keys>> {
        let known = self.known.as_ref().filter(|known| within(known.since, USABLE, now));
        known.map(|known| known.keys.clone())
    }
}

/// Whether a moment is no longer ago than that. Requests are not in the order of their times.
fn within(since: i64, time: i64, now: i64) -> bool {
    now.abs_diff(since) < time.unsigned_abs()
}

/// Somebody who asks; whatever happens to them, they no longer do when this is dropped.
struct Asking<'a>(&'a KeyCache);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_asking = false;
        self.0.answered.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn keys() -> Result<Keys, Unfetched> {
        Ok(Keys::parse(r#"{"keys":[]}"#).unwrap())
    }

    fn nothing() -> Result<Keys, Unfetched> {
        Err(Unfetched::Unexpected { url: "x".to_owned(), why: "down".to_owned() })
    }

    fn not_asked() -> Result<Keys, Unfetched> {
        panic!("asked again")
    }

    #[test]
    fn kept_for_an_hour_and_in_need_for_a_day() {
        let cache = KeyCache::default();
        let first = cache.get(0, None, keys).unwrap();
        let same = |now, fetch: fn() -> Result<Keys, Unfetched>| {
            cache.get(now, None, fetch).is_ok_and(|found| Arc::ptr_eq(&found, &first))
        };
        assert!(same(FRESH - 1, not_asked));
        assert!(same(FRESH, nothing));
        assert!(same(FRESH + PAUSE - 1, not_asked), "it was asked a moment ago");
        assert!(same(USABLE - 1, nothing));
        assert!(matches!(cache.get(USABLE, None, not_asked), Err(Unavailable::Paused)));
        assert!(matches!(cache.get(USABLE + PAUSE, None, nothing), Err(Unavailable::Unfetched(_))));
        assert!(!same(USABLE + 2 * PAUSE, keys));
    }

    #[test]
    fn newer_ones_are_asked_for_once_in_a_while() {
        let cache = KeyCache::default();
        let first = cache.get(0, None, keys).unwrap();
        let again = cache.get(PAUSE - 1, Some(&first), not_asked).unwrap();
        assert!(Arc::ptr_eq(&again, &first));
        let second = cache.get(PAUSE, Some(&first), keys).unwrap();
        assert!(!Arc::ptr_eq(&second, &first));
        assert!(Arc::ptr_eq(&cache.get(PAUSE, None, not_asked).unwrap(), &second));
        assert!(
            Arc::ptr_eq(&cache.get(PAUSE, Some(&first), not_asked).unwrap(), &second),
            "who knew the old"
        );
        assert!(Arc::ptr_eq(&cache.get(2 * PAUSE, Some(&second), nothing).unwrap(), &second));
    }

    /// One asks; some wait for what it finds; the others do not wait at all.
    #[test]
    fn one_asks_and_a_few_wait() {
        let (cache, asked) = (KeyCache::default(), AtomicUsize::new(0));
        let waiting = || cache.state.lock().waiting;
        let slowly = || {
            asked.fetch_add(1, Ordering::Relaxed);
            while waiting() < WAITING {
                std::thread::yield_now();
            }
            assert!(matches!(cache.get(0, None, not_asked), Err(Unavailable::Crowded)));
            keys()
        };
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..=WAITING).map(|_| scope.spawn(|| cache.get(0, None, slowly))).collect();
            assert!(all.into_iter().all(|one| one.join().unwrap().is_ok()));
        });
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn who_fails_lets_others_ask() {
        let cache = KeyCache::default();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cache.get(0, None, not_asked)));
        assert!(caught.is_err());
        assert!(cache.get(PAUSE, None, keys).is_ok());
    }
}
