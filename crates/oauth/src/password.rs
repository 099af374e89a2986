//! Passwords of Accounts: which are allowed, how they are hashed and how they are checked.
//!
//! New hashes are made with Argon2id or scrypt, as the unit chooses. **The reference can check scrypt and SHA-256
//! only**: where snapshots are to be read by it, choose scrypt; an Account whose hash is Argon2id keeps
//! everything there but its password. Hashes come in with snapshots, so their costs are limited: a hash that
//! would take too much memory or time never matches, and takes neither.
//!
//! Everything here takes tens of milliseconds of a core on purpose. Callers run it off the async threads and
//! limit how many run at once.

mod argon2id;
mod legacy;
mod scrypt;

use serde_json::{Map, Value};

use crate::keys::RandomError;

pub use argon2id::Argon2Cost;
pub use scrypt::ScryptCost;

/// What a hash can be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// Argon2id (RFC 9106). The reference cannot check it.
    Argon2id,
    /// scrypt (RFC 7914), written as the reference writes it.
    Scrypt,
}

impl HashAlgorithm {
    /// The name in an Account's `HashAlgorithm`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Argon2id => argon2id::NAME,
            Self::Scrypt => scrypt::NAME,
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Argon2id, Self::Scrypt].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Why no hash was made.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// There was no salt to be had.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The configured cost is outside what the algorithm or this program allows.
    #[error("the cost of {0} is out of range")]
    Cost(&'static str),
}

/// An Account's hashed password, as its document holds it in the hidden fields.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// `HashAlgorithm`. Absent or empty in Accounts of old versions, which means SHA-256.
    pub algorithm: Option<String>,
    /// `HashAttributes`: a JSON object written as a string.
    pub attributes: Option<String>,
    /// `HashedCredential`.
    pub credential: String,
}

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPassword").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

const ALGORITHM: &str = "HashAlgorithm";
const ATTRIBUTES: &str = "HashAttributes";
const CREDENTIAL: &str = "HashedCredential";

impl StoredPassword {
    /// Reads the hidden fields of an Account; `None` where it has no password.
    #[must_use]
    pub fn from_hidden(hidden: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| hidden.get(name).and_then(Value::as_str).map(str::to_owned);
        let attributes = match hidden.get(ATTRIBUTES) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        let credential = text(CREDENTIAL).filter(|credential| !credential.is_empty())?;
        Some(Self { algorithm: text(ALGORITHM), attributes, credential })
    }

    /// Writes the hidden fields of an Account.
    pub fn to_hidden(&self, hidden: &mut Map<String, Value>) {
        for (name, value) in [(ALGORITHM, self.algorithm.as_ref()), (ATTRIBUTES, self.attributes.as_ref())] {
            match value {
                Some(value) => hidden.insert(name.to_owned(), value.as_str().into()),
                None => hidden.shift_remove(name),
            };
        }
        hidden.insert(CREDENTIAL.to_owned(), self.credential.as_str().into());
    }

    /// Takes it out of the hidden fields of an Account, which nobody can log in to by a password then.
    pub fn forget(hidden: &mut Map<String, Value>) {
        for name in [ALGORITHM, ATTRIBUTES, CREDENTIAL] {
            hidden.shift_remove(name);
        }
    }
}

/// Makes and checks hashes.
#[derive(Clone)]
pub struct PasswordHasher {
    /// What new hashes are made with.
    pub algorithm: HashAlgorithm,
    /// Cost of new Argon2id hashes.
    pub argon2: Argon2Cost,
    /// Cost of new scrypt hashes.
    pub scrypt: ScryptCost,
    /// What the reference's unit was configured to append to a password before SHA-256
    /// (`security.auth.password.salt`). Without it, imported SHA-256 hashes cannot be checked.
    pub legacy_salt: Option<String>,
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl PasswordHasher {
    /// A hasher at the usual cost.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, argon2: Argon2Cost::default(), scrypt: ScryptCost::default(), legacy_salt: None }
    }

    /// A hasher at the least cost there is. For tests of other things than passwords.
    #[must_use]
    pub fn weak(algorithm: HashAlgorithm) -> Self {
        Self { argon2: Argon2Cost::LEAST, scrypt: ScryptCost::LEAST, ..Self::new(algorithm) }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// Where there are no random numbers, or the cost is out of range.
    pub fn hash(&self, password: &str) -> Result<StoredPassword, HashError> {
        match self.algorithm {
            HashAlgorithm::Argon2id => argon2id::hash(password, self.argon2),
            HashAlgorithm::Scrypt => scrypt::hash(password, self.scrypt),
        }
    }

    /// Whether the password is the one that was hashed. What cannot be read, or costs too much, never matches. A
    /// wrong one takes about as long as with a new hash, whatever is stored.
    #[must_use]
    pub fn verify(&self, stored: &StoredPassword, password: &str) -> bool {
        let checked = match stored.algorithm.as_deref() {
            Some(argon2id::NAME) => argon2id::check(stored, password),
            Some(scrypt::NAME) => scrypt::check(stored, password),
            Some(legacy::NAME | "") | None => {
                legacy::verify(stored, password, self.legacy_salt.as_deref()).then_some(true)
            }
            Some(_) => None,
        };
        if checked.is_none() {
            self.dummy_verify(password);
        }
        checked == Some(true)
    }

    /// Takes as long as checking a password of a new hash. Called where there is no Account, or none with a
    /// password, so that the time does not tell which names exist.
    pub fn dummy_verify(&self, password: &str) {
        // The result is thrown away; the optimiser cannot see through the hash to drop it.
        let _ = std::hint::black_box(match self.algorithm {
            HashAlgorithm::Argon2id => argon2id::spend(password, self.argon2),
            HashAlgorithm::Scrypt => scrypt::spend(password, self.scrypt),
        });
    }

    /// Whether a password that just matched should be hashed anew, because its hash is weaker than or other
    /// than new ones.
    #[must_use]
    pub fn is_outdated(&self, stored: &StoredPassword) -> bool {
        match (self.algorithm, stored.algorithm.as_deref()) {
            (HashAlgorithm::Argon2id, Some(argon2id::NAME)) => argon2id::cost(stored) != Some(self.argon2),
            (HashAlgorithm::Scrypt, Some(scrypt::NAME)) => scrypt::cost(stored) != Some(self.scrypt),
            _ => true,
        }
    }
}

/// Whether `X-Personium-Credential` may be a password: 6 to 32 of ASCII letters, digits and ``-_!$*=^`{|}~.@``
/// (API page 294).
#[must_use]
pub fn is_valid_password(password: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_!$*=^`{|}~.@".contains(&b);
    (6..=32).contains(&password.len()) && password.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_passwords_are_allowed() {
        for good in ["123456", "password1", "-_!$*=^`{|}~.@", "12345678901234567890123456789012"] {
            assert!(is_valid_password(good), "{good}");
        }
        for bad in [
            "",
            "A",
            "12345",
            "123456789012345678901234567890123",
            "pass word",
            "pässword",
            "password\n",
            "pass#word",
            "pass/word",
        ] {
            assert!(!is_valid_password(bad), "{bad}");
        }
    }

    #[test]
    fn hidden_fields_keep_what_else_is_there() {
        let mut hidden = Map::new();
        hidden.insert("Other".into(), 1.into());
        assert_eq!(StoredPassword::from_hidden(&hidden), None);
        let stored = PasswordHasher::weak(HashAlgorithm::Scrypt).hash("password").unwrap();
        stored.to_hidden(&mut hidden);
        assert_eq!(StoredPassword::from_hidden(&hidden), Some(stored));
        let stored = PasswordHasher::weak(HashAlgorithm::Argon2id).hash("password").unwrap();
        stored.to_hidden(&mut hidden);
        assert_eq!(StoredPassword::from_hidden(&hidden), Some(stored));
        assert_eq!(hidden["Other"], 1);
        assert!(!hidden.contains_key(ATTRIBUTES), "left over from scrypt");
    }

    #[test]
    fn a_hash_of_another_kind_or_cost_is_outdated() {
        let weak = PasswordHasher::weak(HashAlgorithm::Argon2id);
        let stored = weak.hash("password").unwrap();
        assert!(!weak.is_outdated(&stored));
        assert!(PasswordHasher::new(HashAlgorithm::Argon2id).is_outdated(&stored));
        assert!(PasswordHasher::weak(HashAlgorithm::Scrypt).is_outdated(&stored));
    }

    #[test]
    fn an_unknown_algorithm_never_matches() {
        let stored = StoredPassword {
            algorithm: Some("plain".into()),
            attributes: None,
            credential: "password".into(),
        };
        assert!(!PasswordHasher::weak(HashAlgorithm::Scrypt).verify(&stored, "password"));
        assert!(!format!("{stored:?}").contains("password"));
    }
}
