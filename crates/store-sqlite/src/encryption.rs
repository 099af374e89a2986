//! Encrypting the contents of files at rest.
//!
//! One secret of the unit is behind everything: from it HKDF (RFC 5869) derives the keys of each Cell, so that equal
//! contents of two Cells have nothing in common on disk. What a Cell's keys are for:
//!
//! - *Names.* A content is known by a keyed hash. Its SHA-256, in the name of a file or in the database, would tell
//!   whoever has the disk that a file is there which they know, and a short content could be guessed.
//! - *Descriptions.* SHA-256 and CRC-32, which an export needs before it reads a content, are sealed beside its name.
//! - *File keys.* Each content is encrypted under a random key of its own ([`stream`]), which is sealed ahead of it.
//!
//! A content is encrypted or not from the moment it is written: [`is_encrypted`] tells it from what the database says.
//! So the option can be turned on and off, and what is there stays readable.

pub(crate) mod stream;

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use hkdf::Hkdf;
use saibo_model::Id;
use saibo_model::node::Content;
use saibo_store::{Error, ErrorKind, Result};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Names this derivation, so that no other use of the same secret can arrive at the same keys.
const SALT: &[u8] = b"saibo content keys 1";

/// Bytes of a random nonce, and of what authenticates (NIST SP 800-38D). A Cell's keys stay far below the 2^32
/// messages that random nonces allow (§8.3).
const NONCE: usize = 12;
const TAG: usize = 16;

/// Bytes of a sealed key.
const SEALED_KEY: usize = NONCE + 32 + TAG;

/// SHA-256 and CRC-32.
const DESCRIPTION: usize = 32 + 4;

/// How contents are encrypted.
#[derive(Clone)]
pub struct Encryption {
    secret: Zeroizing<[u8; 32]>,
    new_contents: bool,
}

impl Encryption {
    /// With the unit's secret. Contents that are written from now on are encrypted or not; those that are there are
    /// read as they were written.
    #[must_use]
    pub fn new(secret: [u8; 32], new_contents: bool) -> Self {
        Self { secret: Zeroizing::new(secret), new_contents }
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").field("new_contents", &self.new_contents).finish_non_exhaustive()
    }
}

/// The keys of one Cell.
pub(crate) struct Keys {
    names: Hkdf<Sha256>,
    descriptions: Aes256Gcm,
    file_keys: Aes256Gcm,
    new_contents: bool,
}

impl Keys {
    pub(crate) fn of_cell(encryption: &Encryption, cell: &Id) -> Result<Self> {
        let unit = Hkdf::<Sha256>::new(Some(SALT), encryption.secret.as_slice());
        let of_cell = expand(&unit, &[b"cell ", cell.as_str().as_bytes()])?;
        let keys = Hkdf::<Sha256>::from_prk(of_cell.as_slice()).map_err(|_| derivation())?;
        let cipher = |label| expand(&keys, &[label]).map(|key| Aes256Gcm::new((&*key).into()));
        let (descriptions, file_keys) = (cipher(b"descriptions")?, cipher(b"file keys")?);
        Ok(Self { names: keys, descriptions, file_keys, new_contents: encryption.new_contents })
    }

    /// Whether contents are encrypted that are written now.
    pub(crate) fn encrypt_new_contents(&self) -> bool {
        self.new_contents
    }

    /// What the content of that SHA-256 is known by.
    pub(crate) fn name(&self, sha256: &[u8; 32]) -> Result<[u8; 32]> {
        expand(&self.names, &[b"name ", sha256]).map(|name| *name)
    }

    /// Seals what is not to be known of a content, but goes beside its name.
    pub(crate) fn seal_description(&self, content: &Content) -> Result<Vec<u8>> {
        let mut description = Zeroizing::new([0; DESCRIPTION]);
        let (sha256, crc32) = description.split_at_mut(32);
        sha256.copy_from_slice(&content.sha256);
        crc32.copy_from_slice(&content.crc32.to_be_bytes());
        seal(&self.descriptions, &*description, &about(&content.name, content.length))
    }

    /// The content of that name and length.
    pub(crate) fn describe(&self, name: [u8; 32], length: u64, sealed: &[u8]) -> Result<Content> {
        let opened = open(&self.descriptions, sealed, &about(&name, length));
        let parts = opened.as_deref().and_then(|description| {
            let (sha256, crc32) = description.split_first_chunk::<32>()?;
            Some((*sha256, u32::from_be_bytes(crc32.try_into().ok()?)))
        });
        let (sha256, crc32) =
            parts.ok_or_else(|| damaged("reading what is known of an encrypted content"))?;
        Ok(Content { name, sha256, crc32, length })
    }

    fn seal_file_key(&self, key: &[u8; 32], name: &[u8; 32], length: u64) -> Result<Vec<u8>> {
        seal(&self.file_keys, key, &about(name, length))
    }

    fn open_file_key(&self, sealed: &[u8], content: &Content) -> Option<Zeroizing<[u8; 32]>> {
        let opened = open(&self.file_keys, sealed, &about(&content.name, content.length))?;
        opened.as_slice().try_into().ok().map(Zeroizing::new)
    }
}

/// Whether a content is kept encrypted: only then is its name another than its SHA-256.
pub(crate) fn is_encrypted(content: &Content) -> bool {
    content.name != content.sha256
}

/// The keys, of a store that has some.
pub(crate) fn needed(keys: Option<&Keys>) -> Result<&Keys> {
    keys.ok_or_else(|| Error::new(ErrorKind::Other, "reading an encrypted content without a key"))
}

/// What was encrypted and has been changed since, or with another secret.
fn damaged(doing: &'static str) -> Error {
    Error::new(ErrorKind::Corrupt, doing)
}

fn derivation() -> Error {
    Error::new(ErrorKind::Other, "deriving a key")
}

fn expand(from: &Hkdf<Sha256>, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    from.expand_multi_info(info, key.as_mut_slice()).map_err(|_| derivation())?;
    Ok(key)
}

/// What a sealed value is about: it opens nowhere else.
fn about(name: &[u8; 32], length: u64) -> [u8; 40] {
    let mut about = [0; 40];
    let (first, last) = about.split_at_mut(32);
    first.copy_from_slice(name);
    last.copy_from_slice(&length.to_be_bytes());
    about
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let failed = |e| Error::new(ErrorKind::Other, "asking for random numbers").because(e);
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A nonce and what was encrypted with it.
fn seal(cipher: &Aes256Gcm, bytes: &[u8], about: &[u8]) -> Result<Vec<u8>> {
    let nonce = random::<NONCE>()?;
    let encrypted = cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: bytes, aad: about })
        .map_err(|_| Error::new(ErrorKind::Other, "encrypting"))?;
    Ok([&nonce[..], &encrypted].concat())
}

fn open(cipher: &Aes256Gcm, sealed: &[u8], about: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>()?;
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: encrypted, aad: about }).ok().map(Zeroizing::new)
}
