//! Argon2id (RFC 9106), kept as a PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::{HashError, StoredPassword};
use crate::keys::random;

pub(super) const NAME: &str = "argon2id";

const SALT_LEN: usize = 16;
const KEY_LEN: usize = 32;

const MAX_MEMORY_KIB: u32 = 64 * 1024;
/// Time grows with memory × iterations: seven times what new hashes take.
const MAX_MEMORY_ITERATIONS: u64 = 4 * MAX_MEMORY_KIB as u64;
const MAX_PARALLELISM: u32 = 8;
const MAX_TEXT: usize = 128;

/// Cost of Argon2id (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2Cost {
    /// 19 MiB and two passes, what OWASP's cheat sheet on storing passwords asks for at least.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Cost {
    pub(super) const LEAST: Self = Self { memory_kib: 8, iterations: 1, parallelism: 1 };

    fn argon2(self, key_len: usize) -> Option<Argon2<'static>> {
        let work = u64::from(self.memory_kib) * u64::from(self.iterations);
        if self.memory_kib > MAX_MEMORY_KIB
            || work > MAX_MEMORY_ITERATIONS
            || self.parallelism > MAX_PARALLELISM
        {
            return None;
        }
        let params = Params::new(self.memory_kib, self.iterations, self.parallelism, Some(key_len)).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

pub(super) fn hash(password: &str, cost: Argon2Cost) -> Result<StoredPassword, HashError> {
    let salt = random::<SALT_LEN>()?;
    let mut key = [0; KEY_LEN];
    derive(password, &salt, cost, &mut key).ok_or(HashError::Cost(NAME))?;
    let Argon2Cost { memory_kib, iterations, parallelism } = cost;
    let (salt, key) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(key));
    Ok(StoredPassword {
        algorithm: Some(NAME.to_owned()),
        attributes: None,
        credential: format!("${NAME}$v=19$m={memory_kib},t={iterations},p={parallelism}${salt}${key}"),
    })
}

/// Whether it matches; `None` at once where it cannot be checked.
pub(super) fn check(stored: &StoredPassword, password: &str) -> Option<bool> {
    let (cost, salt, hash) = parse(&stored.credential)?;
    let mut key = vec![0; hash.len()];
    derive(password, &salt, cost, &mut key)?;
    Some(bool::from(key.ct_eq(&hash)))
}

pub(super) fn spend(password: &str, cost: Argon2Cost) -> Option<[u8; KEY_LEN]> {
    let mut key = [0; KEY_LEN];
    derive(password, &[0; SALT_LEN], cost, &mut key)?;
    Some(key)
}

pub(super) fn cost(stored: &StoredPassword) -> Option<Argon2Cost> {
    parse(&stored.credential).map(|(cost, ..)| cost)
}

fn derive(password: &str, salt: &[u8], cost: Argon2Cost, key: &mut [u8]) -> Option<()> {
    cost.argon2(key.len())?.hash_password_into(password.as_bytes(), salt, key).ok()
}

/// Reads the PHC string that [`hash`] writes. Other orders of parameters, key ids and associated data are not
/// ours and not accepted.
fn parse(credential: &str) -> Option<(Argon2Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = credential.strip_prefix("$argon2id$v=19$")?.split('$');
    let (params, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || salt.len().max(hash.len()) > MAX_TEXT {
        return None;
    }
    let mut params = params.split(',');
    let mut param = |name: &str| params.next()?.strip_prefix(name)?.parse().ok();
    let cost = Argon2Cost { memory_kib: param("m=")?, iterations: param("t=")?, parallelism: param("p=")? };
    if params.next().is_some() {
        return None;
    }
    let (salt, hash) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?);
    (hash.len() >= 16).then_some((cost, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(stored: &StoredPassword, password: &str) -> bool {
        check(stored, password) == Some(true)
    }

    fn stored(credential: &str) -> StoredPassword {
        StoredPassword { algorithm: Some(NAME.into()), attributes: None, credential: credential.into() }
    }

    /// Made with the command `argon2` of the reference implementation (its test suite: password `password`,
    /// salt `somesalt`, m 65536, t 2, p 1).
    const KNOWN: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_hash_of_the_reference_implementation() {
        assert!(verify(&stored(KNOWN), "password"));
        assert!(!verify(&stored(KNOWN), "passwore"));
    }

    #[test]
    fn new_hashes_match_their_password_only() {
        let made = hash("password", Argon2Cost::default()).unwrap();
        assert!(made.credential.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&made, "password") && !verify(&made, "passwort"));
        assert_eq!(cost(&made), Some(Argon2Cost::default()));
    }

    #[test]
    fn hashes_that_would_cost_too_much_are_not_tried() {
        let start = std::time::Instant::now();
        for params in [
            "m=4194304,t=2,p=1",
            "m=65536,t=4294967295,p=1",
            "m=8,t=1000000,p=1",
            "m=65536,t=2,p=16777215",
            "m=65536,t=0,p=1",
            "m=1,t=1,p=1",
        ] {
            assert!(!verify(&stored(&KNOWN.replace("m=65536,t=2,p=1", params)), "password"), "{params}");
        }
        assert!(start.elapsed().as_millis() < 1000);
    }

    #[test]
    fn broken_hashes_never_match() {
        for credential in [
            "",
            "$argon2id$",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$",
            &KNOWN.replace("argon2id", "argon2i"),
            &KNOWN.replace("v=19", "v=16"),
            &KNOWN.replace("p=1", "p=1,data=AAAA"),
            &format!("{KNOWN}$AAAA"),
        ] {
            assert!(!verify(&stored(credential), "password"), "{credential}");
        }
    }
}
