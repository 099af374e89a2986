//! What decrypts a snapshot, from files: on a command line all users of the machine would see it.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use saibo_archive::Key;
use zeroize::Zeroizing;

/// What an encrypted snapshot (.zip.age) is decrypted with.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Unlock {
    /// File with a secret key, as `age-keygen` writes it, for a snapshot that is encrypted to it
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity: Option<PathBuf>,
    /// File with the passphrase, for a snapshot that is encrypted with one
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Unlock {
    /// The key; `None` if none was given.
    ///
    /// # Errors
    /// If a file cannot be read, or has no key.
    pub(in crate::cli) fn key(&self) -> Result<Option<Key>, Box<dyn Error>> {
        if let Some(text) = self.identity()? {
            return Ok(Some(Key::identities(&text)?));
        }
        Ok(self.passphrase()?.map(|text| Key::passphrase(text.to_string())).transpose()?)
    }

    /// Whether there is a passphrase.
    pub(in crate::cli) fn has_passphrase(&self) -> bool {
        self.passphrase_file.is_some()
    }

    /// The text with the secret keys.
    pub(in crate::cli) fn identity(&self) -> Result<Option<Zeroizing<String>>, Box<dyn Error>> {
        self.identity.as_deref().map(read).transpose()
    }

    /// The passphrase.
    pub(in crate::cli) fn passphrase(&self) -> Result<Option<Zeroizing<String>>, Box<dyn Error>> {
        let text = self.passphrase_file.as_deref().map(read).transpose()?;
        Ok(text.map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path);
    Ok(Zeroizing::new(text.map_err(|error| format!("{} cannot be read: {error}", path.display()))?))
}
