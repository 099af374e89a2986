//! The time that a failed login takes does not tell whether there is such an Account.
//!
//! What is measured is the time that the processor spends on the login's thread: unlike the time on the clock, it
//! does not grow when the machine has other things to do.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use saibo_core::{Cell, Settings};
use saibo_oauth::password::{HashAlgorithm, PasswordHasher, StoredPassword};
use saibo_store::StoreExt as _;
use serde_json::{Map, Value, json};

use super::{World, account};
use crate::support::{Fixture, settings};

/// How much longer one may take than another: the hash is all that counts, and a missing one makes it a hundredth.
const TOLERANCE: u32 = 2;
const ROUNDS: usize = 7;

impl World {
    /// A unit that hashes at the usual cost.
    fn hashing(algorithm: HashAlgorithm) -> Self {
        let settings = Settings { passwords: PasswordHasher::new(algorithm), ..settings() };
        Self { fixture: Fixture::with(settings), ..Self::new() }
    }

    /// How long a login takes that is refused.
    fn refused(&self, cell: &Cell, name: &str) -> Duration {
        let body = format!("grant_type=password&username={name}&password=wrong");
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begun = clock_gettime(ClockId::ThreadCPUTime);
                assert_eq!(self.token(cell, &body), Err("PR400-AN-0017"));
                let spent = clock_gettime(ClockId::ThreadCPUTime) - begun;
                // The pause after a failure is another reason, and takes as long.
                self.pass(700);
                Duration::new(spent.tv_sec.try_into().unwrap(), spent.tv_nsec.try_into().unwrap())
            })
            .collect();
        times.sort();
        times[ROUNDS / 2]
    }
}

/// An Account whose password was hashed in some way.
fn hashed(cell: &Cell, name: &str, stored: &StoredPassword) {
    let mut document = account(cell, name, json!({}));
    let mut hidden = Map::new();
    stored.to_hidden(&mut hidden);
    document.hidden = Some(Value::Object(hidden).to_string());
    cell.store().write(move |tx| tx.put_document(&mut document)).unwrap();
}

fn assert_alike(what: &str, one: Duration, other: Duration) {
    assert!(one < other * TOLERANCE && other < one * TOLERANCE, "{what}: {one:?}, nobody: {other:?}");
}

#[test]
fn nobody_and_a_wrong_password_take_alike() {
    for algorithm in [HashAlgorithm::Argon2id, HashAlgorithm::Scrypt] {
        let world = World::hashing(algorithm);
        let cell = world.cell("alice");
        let hasher = &world.fixture.unit.settings().passwords;
        hashed(&cell, "alice", &hasher.hash("password1").unwrap());
        let nobody = world.refused(&cell, "nobody");
        assert_alike(algorithm.name(), world.refused(&cell, "alice"), nobody);
        assert!(nobody > Duration::from_millis(2), "so little is no hash: {nobody:?}");
    }
}

/// Hashes of an old reference take no time, those of no known kind are not even looked at, and some Accounts have
/// none.
#[test]
fn weak_and_missing_hashes_are_not_told_by_the_time() {
    let world = World::hashing(HashAlgorithm::Argon2id);
    let cell = world.cell("alice");
    let of = |algorithm: Option<&str>, credential: &str| StoredPassword {
        algorithm: algorithm.map(str::to_owned),
        attributes: None,
        credential: credential.to_owned(),
    };
    for (name, stored) in [
        ("sha-256", of(None, &"0".repeat(64))),
        ("unknown", of(Some("rot13"), "cnffjbeq1")),
        ("damaged", of(Some("scrypt"), "no hash")),
        ("none", of(None, "")),
    ] {
        hashed(&cell, name, &stored);
    }
    let nobody = world.refused(&cell, "nobody");
    for name in ["sha-256", "unknown", "damaged", "none"] {
        assert_alike(name, world.refused(&cell, name), nobody);
    }
}
