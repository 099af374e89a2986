//! SHA-256, from the reference's early versions: the hash of the password followed by a salt that was the same
//! for the whole unit, in hexadecimal. It is checked, never made: a modern card tries billions a second.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::StoredPassword;

pub(super) const NAME: &str = "sha-256";

/// Without the unit's salt nothing can match.
pub(super) fn verify(stored: &StoredPassword, password: &str, salt: Option<&str>) -> bool {
    let Some(salt) = salt else { return false };
    let hash = Sha256::new().chain_update(password).chain_update(salt).finalize();
    let hex: String = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect();
    bool::from(hex.as_bytes().ct_eq(stored.credential.as_bytes()))
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::super::{HashAlgorithm, PasswordHasher};
    use super::*;

    #[test]
    fn the_salt_of_the_unit_goes_after_the_password() {
        // printf 'passwordchangeme' | sha256sum
        let hash = "12003cd4cfdf50ec79891e80550fc89b524f6cfa49dd1744425c428b3a93e0d6";
        let hasher = PasswordHasher {
            legacy_salt: Some("changeme".into()),
            ..PasswordHasher::weak(HashAlgorithm::Scrypt)
        };
        for algorithm in [Some(NAME.to_owned()), Some(String::new()), None] {
            let stored = StoredPassword { algorithm, attributes: None, credential: hash.into() };
            assert!(hasher.verify(&stored, "password"));
            assert!(!hasher.verify(&stored, "passwor"));
            assert!(hasher.is_outdated(&stored));
            assert!(!PasswordHasher { legacy_salt: None, ..hasher.clone() }.verify(&stored, "password"));
        }
    }
}
