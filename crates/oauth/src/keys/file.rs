//! The key file: a ring as JSON. Whoever can read it can make tokens, so the server keeps it with mode 0600.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyRing, MAX_OLD, MasterKey, SECRET_LEN};

const VERSION: u32 = 1;

/// What is wrong with a key file. It never quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Not the JSON that a key file is.
    #[error("the key file is not valid JSON of the expected shape (line {line}, column {column})")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// Written by a newer version.
    #[error("the key file has version {0}, which this program does not know")]
    Version(u32),
    /// No key, too many, or two of one id.
    #[error("the key file must hold between 1 and {max} keys with distinct ids", max = MAX_OLD + 1)]
    Keys,
    /// A secret is not 32 bytes in Base64url.
    #[error("the secret of key {0} is not {SECRET_LEN} bytes in Base64url")]
    Secret(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    keys: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: u8,
    created: i64,
    secret: String,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl KeyRing {
    /// The text of the key file. The key that seals comes first.
    #[must_use]
    pub fn to_file(&self) -> Zeroizing<String> {
        let keys = self.masters.iter().map(|master| Key {
            id: master.id,
            created: master.created,
            secret: URL_SAFE_NO_PAD.encode(master.secret.as_slice()),
        });
        let file = File { version: VERSION, keys: keys.collect() };
        // Numbers and strings always have a JSON form.
        Zeroizing::new(serde_json::to_string_pretty(&file).unwrap_or_default())
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn from_file(text: &str) -> Result<Self, KeyFileError> {
        let file: File = serde_json::from_str(text)
            .map_err(|error| KeyFileError::Json { line: error.line(), column: error.column() })?;
        if file.version != VERSION {
            return Err(KeyFileError::Version(file.version));
        }
        if file.keys.is_empty() || file.keys.len() > MAX_OLD + 1 {
            return Err(KeyFileError::Keys);
        }
        let mut masters: Vec<MasterKey> = Vec::with_capacity(file.keys.len());
        for key in &file.keys {
            if masters.iter().any(|master| master.id == key.id) {
                return Err(KeyFileError::Keys);
            }
            let bytes = URL_SAFE_NO_PAD.decode(&key.secret).map(Zeroizing::new);
            let secret = bytes.ok().and_then(|bytes| <[u8; SECRET_LEN]>::try_from(bytes.as_slice()).ok());
            let secret = secret.map(Zeroizing::new).ok_or(KeyFileError::Secret(key.id))?;
            masters.push(MasterKey { id: key.id, created: key.created, secret });
        }
        Ok(Self::of(masters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_survives_its_file() {
        let ring = KeyRing::new([1; 32], 10).rotated([2; 32], 20);
        let read = KeyRing::from_file(&ring.to_file()).unwrap();
        assert_eq!(read.to_file(), ring.to_file());
        assert_eq!(read.current_id(), 2);
    }

    #[test]
    fn broken_files_are_refused_without_showing_them() {
        let secret = URL_SAFE_NO_PAD.encode([9; 32]);
        let key = |id: u8, secret: &str| format!(r#"{{"id":{id},"created":0,"secret":"{secret}"}}"#);
        let file = |keys: &[String]| format!(r#"{{"version":1,"keys":[{}]}}"#, keys.join(","));
        assert!(KeyRing::from_file(&file(&[key(1, &secret)])).is_ok());
        let many: Vec<_> = (0..9).map(|id| key(id, &secret)).collect();
        for bad in [
            String::new(),
            file(&[]),
            file(&[key(1, &secret), key(1, &secret)]),
            file(&[key(1, "AAAA")]),
            file(&[key(1, "***")]),
            file(&many),
            file(&[key(1, &secret)]).replace("\"version\":1", "\"version\":2"),
            file(&[key(1, &secret)]).replace("\"id\"", "\"name\""),
        ] {
            let error = KeyRing::from_file(&bad).unwrap_err().to_string();
            assert!(!error.contains(&secret), "{error}");
        }
    }
}
