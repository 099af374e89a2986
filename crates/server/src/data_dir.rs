//! The folder of everything that a unit keeps: its lock, its secrets, and below it the Cells.
//!
//! | name | what |
//! | - | - |
//! | `saibo.lock` | held while a unit runs: a second process would corrupt what the first one caches |
//! | `master-token` | the token that may do everything, unless the configuration has one |
//! | `token.keys` | the secrets from which the keys of access tokens are derived, the current one and those before it |
//! | `signing.key` | seed of the Ed25519 key that signs the manifests of snapshots |
//! | `content.key` | 32 bytes from which the keys of encrypted contents are derived |
//! | `unit.key`, `unit.crt` | the RSA key that signs what Cells show each other, and its certificate (PEM), which other units are to trust |

pub(crate) mod token_keys;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use saibo_saml::UnitKey;
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::pem;

const LOCK: &str = "saibo.lock";
const MASTER_TOKEN: &str = "master-token";
const SIGNING_KEY: &str = "signing.key";
const CONTENT_KEY: &str = "content.key";
const UNIT_KEY: &str = "unit.key";
const UNIT_CERTIFICATE: &str = "unit.crt";

/// How long the unit's certificate lasts, in days, and how long before its end it is replaced, in ms.
const CERTIFICATE_DAYS: u16 = 3650;
const CERTIFICATE_MARGIN: i64 = 30 * 24 * 3600 * 1000;

/// What can be wrong with a data folder.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has the folder.
    #[error("the data folder {} is in use by another saibo process{}", path.display(), holder.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other's process id, where it could be read.
        holder: Option<String>,
    },
    /// A secret can be read by others than its owner.
    #[error("{} has the mode {mode:03o} and can be read by others; make it private with: chmod 600 {}", path.display(), path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A secret is not what it should be.
    #[error("{} is damaged: it must hold {expected}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
    },
    /// Something failed.
    #[error("{doing} {} failed: {cause}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
}

/// 32 secret bytes.
#[derive(Clone, Copy)]
pub struct Key([u8; 32]);

impl Key {
    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What nobody but the unit may know.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The token that may do everything.
    pub master_token: Secret,
    /// The seed of the key that signs the manifests of snapshots.
    pub signing_key: Key,
    /// What the keys of encrypted contents are derived from.
    pub content_key: Key,
}

/// The data folder, locked for this process as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the folder where there is none, and locks it.
    ///
    /// # Errors
    /// When another process has it, or when it cannot be created.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |cause| DataDirError::Io { doing, path, cause }
        };
        // Private, as it holds everyone's data. One that exists is left as its owner has made it.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("creating", path))?;
        let path = fs::canonicalize(path).map_err(failed("opening", path))?;
        let lock_path = path.join(LOCK);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failed("opening", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let holder = lock.read_to_string(&mut pid).ok().map(|_| pid.trim().to_owned());
                return Err(DataDirError::InUse { path, holder: holder.filter(|pid| !pid.is_empty()) });
            }
            Err(TryLockError::Error(cause)) => return Err(failed("locking", &lock_path)(cause)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(failed("writing", &lock_path))?;
        Ok(Self { path, _lock: lock })
    }

    /// The folder, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the master token is kept if the configuration has none.
    #[must_use]
    pub fn master_token_path(&self) -> PathBuf {
        self.path.join(MASTER_TOKEN)
    }

    /// All secrets, made at the first start. A configured master token is used rather than the file's.
    ///
    /// # Errors
    /// When a file cannot be read or written, can be read by others, or is damaged.
    pub fn secrets(&self, master_token: Option<Secret>) -> Result<Secrets, DataDirError> {
        let master_token = master_token.map_or_else(|| self.master_token(), Ok)?;
        let signing_key = self.key(SIGNING_KEY)?;
        // Also while contents are not encrypted: the option can be turned off, and what was encrypted is still there.
        let content_key = self.key(CONTENT_KEY)?;
        Ok(Secrets { master_token, signing_key, content_key })
    }

    /// The key that signs what Cells show each other. It is made at the first start, which takes a moment, and
    /// anew when the unit has got another host name or its certificate ends: other units then have to be told.
    ///
    /// # Errors
    /// When a file cannot be read or written, can be read by others, or is damaged; when no certificate can be
    /// made for the unit's host.
    pub fn unit_key(&self, unit_url: &str, now: i64) -> Result<UnitKey, DataDirError> {
        let damaged = |name: &str, expected| DataDirError::Damaged { path: self.path.join(name), expected };
        let (key, certificate) = (self.read(UNIT_KEY)?, self.read(UNIT_CERTIFICATE)?);
        if let (Some(key), Some(certificate)) = (key, certificate) {
            let certificate =
                pem::decode(&certificate).ok_or_else(|| damaged(UNIT_CERTIFICATE, "a certificate in PEM"))?;
            let key = UnitKey::from_parts(Zeroizing::new(key), certificate)
                .map_err(|_| damaged(UNIT_KEY, "the RSA key, in PKCS#8 (DER), that unit.crt certifies"))?;
            if key.is_good_for(unit_url, now + CERTIFICATE_MARGIN) {
                return Ok(key);
            }
            tracing::warn!(
                "the unit gets a new certificate, unit.crt: units that trusted the old one must be told"
            );
        }
        let failed = |name: &str| {
            let path = self.path.join(name);
            move |cause| DataDirError::Io { doing: "creating", path, cause }
        };
        let host = url::Url::parse(unit_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let key = UnitKey::generate(&host.unwrap_or_default(), now, CERTIFICATE_DAYS)
            .map_err(|error| failed(UNIT_KEY)(io::Error::other(error)))?;
        let certificate = pem::encode("CERTIFICATE", key.certificate());
        write_private(&self.path, UNIT_KEY, key.pkcs8()).map_err(failed(UNIT_KEY))?;
        write_private(&self.path, UNIT_CERTIFICATE, certificate.as_bytes())
            .map_err(failed(UNIT_CERTIFICATE))?;
        Ok(key)
    }

    fn master_token(&self) -> Result<Secret, DataDirError> {
        let text =
            self.secret(MASTER_TOKEN, |key| format!("{}\n", URL_SAFE_NO_PAD.encode(key)).into_bytes())?;
        let damaged =
            || DataDirError::Damaged { path: self.master_token_path(), expected: "a token on one line" };
        let text = String::from_utf8(text).map_err(|_| damaged())?;
        let token = text.trim();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(damaged());
        }
        Ok(Secret::new(token))
    }

    fn key(&self, name: &str) -> Result<Key, DataDirError> {
        let bytes = self.secret(name, |key| key.to_vec())?;
        let key = bytes
            .try_into()
            .map_err(|_| DataDirError::Damaged { path: self.path.join(name), expected: "32 bytes" })?;
        Ok(Key(key))
    }

    /// The content of a private file, which is made of random bytes where there is none.
    fn secret(&self, name: &str, form: impl Fn(&[u8; 32]) -> Vec<u8>) -> Result<Vec<u8>, DataDirError> {
        if let Some(content) = self.read(name)? {
            return Ok(content);
        }
        let failed = |cause| DataDirError::Io { doing: "creating", path: self.path.join(name), cause };
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|e| failed(io::Error::other(e)))?;
        let content = form(&random);
        write_private(&self.path, name, &content).map_err(failed)?;
        Ok(content)
    }

    /// The content of a private file, if there is it.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DataDirError> {
        let path = self.path.join(name);
        let failed = |doing| {
            let path = path.clone();
            move |cause| DataDirError::Io { doing, path, cause }
        };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("opening")(error)),
        };
        let mode = file.metadata().map_err(failed("reading"))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DataDirError::Mode { path, mode });
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(failed("reading"))?;
        Ok(Some(content))
    }
}

/// Writes a file that appears whole or not at all, and that only its owner can read.
fn write_private(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!(".{name}.new"));
    // One that a crash has left behind: the lock is ours, so nobody else is writing it.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
