//! scrypt, in the form in which the reference writes it.
//!
//! `HashedCredential` is `$PPPPPP$salt$hash` with salt and hash in Base64 and the parameters as one number in
//! hexadecimal: log2 N, then two digits of r, then two of p. `HashAttributes` is `{"keyLength":32}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::{HashError, StoredPassword};
use crate::keys::random;

pub(super) const NAME: &str = "scrypt";

const SALT_LEN: usize = 64;
const KEY_LEN: usize = 32;

/// Memory is 128·N·r bytes: 64 MiB, four times what new hashes take.
const MAX_N_R: u64 = 1 << 19;
/// Time grows with N·r·p: eight times what new hashes take.
const MAX_N_R_P: u64 = 1 << 20;
const MAX_BYTES: usize = 256;

/// Cost of scrypt (RFC 7914 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptCost {
    /// log2 of the CPU and memory cost N.
    pub log_n: u8,
    /// Block size r.
    pub r: u8,
    /// Parallelisation p.
    pub p: u8,
}

impl Default for ScryptCost {
    /// What the reference uses: N 16384, r 8, p 1, which takes 16 MiB.
    fn default() -> Self {
        Self { log_n: 14, r: 8, p: 1 }
    }
}

impl ScryptCost {
    pub(super) const LEAST: Self = Self { log_n: 1, r: 1, p: 1 };

    fn params(self) -> Option<scrypt::Params> {
        let n_r = 1_u64.checked_shl(self.log_n.into())?.checked_mul(self.r.into())?;
        let within = self.log_n < 20 && n_r <= MAX_N_R && n_r * u64::from(self.p) <= MAX_N_R_P;
        if !within {
            return None;
        }
        scrypt::Params::new(self.log_n, self.r.into(), self.p.into()).ok()
    }
}

pub(super) fn hash(password: &str, cost: ScryptCost) -> Result<StoredPassword, HashError> {
    let salt = random::<SALT_LEN>()?;
    let mut key = [0; KEY_LEN];
    derive(password, &salt, cost, &mut key).ok_or(HashError::Cost(NAME))?;
    let number = u32::from(cost.log_n) << 16 | u32::from(cost.r) << 8 | u32::from(cost.p);
    Ok(StoredPassword {
        algorithm: Some(NAME.to_owned()),
        attributes: Some(format!("{{\"keyLength\":{KEY_LEN}}}")),
        credential: format!("${number:x}${}${}", STANDARD.encode(salt), STANDARD.encode(key)),
    })
}

/// Whether it matches; `None` at once where it cannot be checked.
pub(super) fn check(stored: &StoredPassword, password: &str) -> Option<bool> {
    let (cost, salt, hash) = parse(&stored.credential)?;
    let declared = match stored.attributes.as_deref() {
        Some(attributes) => key_length(attributes),
        None => Some(KEY_LEN),
    };
    if declared != Some(hash.len()) {
        return None;
    }
    let mut key = vec![0; hash.len()];
    derive(password, &salt, cost, &mut key)?;
    Some(bool::from(key.ct_eq(&hash)))
}

pub(super) fn spend(password: &str, cost: ScryptCost) -> Option<[u8; KEY_LEN]> {
    let mut key = [0; KEY_LEN];
    derive(password, &[0; SALT_LEN], cost, &mut key)?;
    Some(key)
}

pub(super) fn cost(stored: &StoredPassword) -> Option<ScryptCost> {
    parse(&stored.credential).map(|(cost, ..)| cost)
}

fn derive(password: &str, salt: &[u8], cost: ScryptCost, key: &mut [u8]) -> Option<()> {
    scrypt::scrypt(password.as_bytes(), salt, &cost.params()?, key).ok()
}

fn parse(credential: &str) -> Option<(ScryptCost, Vec<u8>, Vec<u8>)> {
    let mut parts = credential.strip_prefix('$')?.split('$');
    let (number, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || salt.len().max(hash.len()) > MAX_BYTES {
        return None;
    }
    let number = u32::from_str_radix(number, 16).ok()?;
    let cost = ScryptCost {
        log_n: u8::try_from(number >> 16).ok()?,
        r: (number >> 8 & 0xff) as u8,
        p: (number & 0xff) as u8,
    };
    cost.params()?;
    let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
    // A hash of a few bytes would match every so often by chance.
    (hash.len() >= 16).then_some((cost, salt, hash))
}

fn key_length(attributes: &str) -> Option<usize> {
    let attributes: serde_json::Value = serde_json::from_str(attributes).ok()?;
    match attributes.get("keyLength") {
        None => Some(KEY_LEN),
        Some(serde_json::Value::String(text)) => text.parse().ok(),
        Some(number) => usize::try_from(number.as_u64()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(stored: &StoredPassword, password: &str) -> bool {
        check(stored, password) == Some(true)
    }

    fn stored(credential: &str) -> StoredPassword {
        StoredPassword {
            algorithm: Some(NAME.into()),
            attributes: Some("{\"keyLength\":32}".into()),
            credential: credential.into(),
        }
    }

    /// From `fixtures/snapshots/rich.zip`, which the reference wrote.
    const ALICE: &str = "$e0801$jLBKY37JkK7XDi6PS1489F3U5NsdgJiJXYGtlk5R1DGiT/kjBT171q9mpABkAfcwAdtOOeVNUb08cqMAtji6Rw==$d+OvzhlJ5BNWxXvly9nQbaOe/YMTzc0/a63SSKzMu1w=";

    #[test]
    fn a_hash_of_the_reference() {
        assert!(verify(&stored(ALICE), "pass-ali123"));
        assert!(!verify(&stored(ALICE), "pass-ali124"));
        assert_eq!(cost(&stored(ALICE)), Some(ScryptCost::default()));
        let without = StoredPassword { attributes: None, ..stored(ALICE) };
        assert!(verify(&without, "pass-ali123"));
        let other = StoredPassword { attributes: Some("{\"keyLength\":16}".into()), ..stored(ALICE) };
        assert!(!verify(&other, "pass-ali123"));
    }

    #[test]
    fn new_hashes_have_the_form_of_the_reference() {
        let made = hash("password", ScryptCost::default()).unwrap();
        assert!(verify(&made, "password") && !verify(&made, "Password"));
        assert!(made.credential.starts_with("$e0801$"));
        assert_eq!(made.credential.len(), ALICE.len());
        assert_eq!(made.attributes.as_deref(), Some("{\"keyLength\":32}"));
        assert_ne!(made.credential, hash("password", ScryptCost::default()).unwrap().credential);
    }

    #[test]
    fn hashes_that_would_cost_too_much_are_not_tried() {
        let rest = &ALICE["$e0801".len()..];
        let start = std::time::Instant::now();
        // N 2^31; r 255; p 255; N·r over the limit; log2 N over 8 bits; p 0.
        for number in ["1f0801", "eff01", "e08ff", "100801f", "ffff0801", "e0800", "e0001", "801", "140101"] {
            let number = format!("${number}{rest}");
            assert!(!verify(&stored(&number), "pass-ali123"), "{number}");
        }
        assert!(start.elapsed().as_millis() < 1000);
        assert!(ScryptCost { log_n: 16, r: 8, p: 1 }.params().is_some(), "the default of newer libraries");
        assert!(ScryptCost { log_n: 16, r: 9, p: 1 }.params().is_none());
        assert!(ScryptCost { log_n: 14, r: 8, p: 9 }.params().is_none());
    }

    #[test]
    fn broken_hashes_never_match() {
        for credential in [
            "",
            "$",
            "$$$",
            "$e0801",
            "$e0801$AAAA$",
            "$e0801$AAAA$AAAA",
            "e0801$AAAA$AAAA",
            "$e0801$!$!",
            "$xyz$AAAA$AAAA",
            &format!("{ALICE}$AAAA"),
            &ALICE.replace('+', "-"),
        ] {
            assert!(!verify(&stored(credential), "pass-ali123"), "{credential}");
        }
    }
}
