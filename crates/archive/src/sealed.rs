//! Encrypted snapshots: the whole zip in an age file (age-encryption.org/v1), which other programs decrypt, too.
//!
//! It is written as a stream and read at any place, 64 KiB at a time, so there is never a plain copy. What encrypts a
//! file is a key of its own, which the header holds encrypted to each recipient. Who writes keeps that key until the
//! file has been read back, so that it can be checked without the recipients' secrets and without one more recipient
//! who could decrypt it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use age::secrecy::{ExposeSecret, SecretString};
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, EncryptError, Encryptor, Identity, Recipient, scrypt, x25519};
use age_core::format::{FileKey, Stanza};

use crate::{Error, Result};

/// How every age file begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// How many can be able to decrypt a file, and how many keys are tried.
const MOST_KEYS: usize = 16;

/// The longest passphrase, in bytes.
const MAX_PASSPHRASE: usize = 1024;

/// What a passphrase is hashed with, as a power of two: 128 MiB of memory (OWASP's minimum for scrypt).
const WORK: u8 = 17;

/// How much is done at most for a file that somebody sends: 256 MiB, what the program age takes.
const MOST_WORK: u8 = 18;

/// Where the longest header that is read ends: a few hundred bytes for each recipient.
const MAX_HEADER: u64 = 64 << 10;

/// Whom a file is encrypted to.
#[derive(Clone)]
pub enum Lock {
    /// Owners of keys.
    Recipients(Vec<x25519::Recipient>),
    /// Whoever knows it.
    Passphrase(SecretString),
}

/// What decrypts a file.
#[derive(Clone)]
pub enum Key {
    /// One of some secret keys.
    Identities(Vec<x25519::Identity>),
    /// A passphrase.
    Passphrase(SecretString),
    /// The key of one file alone.
    File(Arc<FileKey>),
}

/// A file that is encrypted while it is written.
pub type Sealed<W> = StreamWriter<W>;

/// A file that is decrypted where it is read.
pub type Unsealed<R> = StreamReader<R>;

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipients(keys) => write!(f, "Recipients({})", keys.len()),
            Self::Passphrase(_) => f.write_str("Passphrase"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identities(_) => "Identities",
            Self::Passphrase(_) => "Passphrase",
            Self::File(_) => "File",
        })
    }
}

/// Whether a passphrase can be one.
fn passphrase(text: String) -> Result<SecretString> {
    if text.is_empty() || text.len() > MAX_PASSPHRASE {
        return Err(Error::locked(format!("a passphrase has 1 to {MAX_PASSPHRASE} bytes")));
    }
    Ok(SecretString::from(text))
}

impl Lock {
    /// To the owners of public keys (`age1…`).
    ///
    /// # Errors
    /// [`Error::Locked`] for none, too many, or what is no such key.
    pub fn recipients<T: AsRef<str>>(keys: &[T]) -> Result<Self> {
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(Error::locked(format!("a file has 1 to {MOST_KEYS} recipients")));
        }
        let parsed = keys.iter().map(|key| key.as_ref().trim().parse::<x25519::Recipient>());
        parsed.collect::<Result<_, _>>().map(Self::Recipients).map_err(Error::locked)
    }

    /// By a passphrase.
    ///
    /// # Errors
    /// [`Error::Locked`] for one that is empty or too long.
    pub fn passphrase(text: String) -> Result<Self> {
        passphrase(text).map(Self::Passphrase)
    }

    /// Begins a file; with the key that decrypts this one, for who wants to read it back.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn seal<W: Write>(&self, out: W) -> Result<(Sealed<W>, Key)> {
        let written = RefCell::new(None);
        let encryptor = match self {
            Self::Recipients(keys) => {
                let witnesses: Vec<Witness<'_>> =
                    keys.iter().map(|recipient| Witness { recipient, written: &written }).collect();
                Encryptor::with_recipients(witnesses.iter().map(|witness| witness as &dyn Recipient))
            }
            Self::Passphrase(text) => {
                let mut recipient = scrypt::Recipient::new(text.clone());
                recipient.set_work_factor(WORK);
                let witness = Witness { recipient: &recipient, written: &written };
                Encryptor::with_recipients(std::iter::once(&witness as &dyn Recipient))
            }
        };
        let sealed = encryptor.map_err(Error::locked)?.wrap_output(out)?;
        let key = written.into_inner().ok_or_else(|| Error::locked("nobody could decrypt it"))?;
        Ok((sealed, Key::File(Arc::new(key))))
    }
}

impl Key {
    /// Secret keys: a text with one a line (`AGE-SECRET-KEY-1…`), as `age-keygen` writes it, with comments.
    ///
    /// # Errors
    /// [`Error::Locked`] for none, too many, or what is no such key.
    pub fn identities(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<x25519::Identity> =
            lines.take(MOST_KEYS + 1).map(str::parse).collect::<Result<_, _>>().map_err(Error::locked)?;
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(Error::locked(format!("1 to {MOST_KEYS} keys, one a line")));
        }
        Ok(Self::Identities(keys))
    }

    /// A passphrase.
    ///
    /// # Errors
    /// [`Error::Locked`] for one that is empty or too long.
    pub fn passphrase(text: String) -> Result<Self> {
        passphrase(text).map(Self::Passphrase)
    }

    /// Opens a file; with the key of this one alone, which opens it again at once.
    ///
    /// # Errors
    /// [`Error::Locked`] if it is not encrypted, or not to this key; if it cannot be read.
    pub fn open<R: Read + Seek>(&self, mut file: R) -> Result<(Unsealed<R>, Self)> {
        check_header(&mut file)?;
        let decryptor = Decryptor::new(file).map_err(wrong)?;
        if decryptor.is_scrypt() && matches!(self, Self::Identities(_)) {
            return Err(Error::locked("it takes a passphrase"));
        }
        let found = RefCell::new(None);
        let by = |identities: Vec<&dyn Identity>| {
            let finders: Vec<Finder<'_>> =
                identities.into_iter().map(|identity| Finder { identity, found: &found }).collect();
            decryptor.decrypt(finders.iter().map(|finder| finder as &dyn Identity)).map_err(wrong)
        };
        let reader = match self {
            Self::Identities(keys) => by(keys.iter().map(|key| key as &dyn Identity).collect()),
            Self::Passphrase(text) => {
                let mut identity = scrypt::Identity::new(text.clone());
                identity.set_max_work_factor(MOST_WORK);
                by(vec![&identity])
            }
            Self::File(key) => by(vec![&Known(key)]),
        }?;
        let key = found.into_inner().ok_or_else(|| Error::locked("it has no key"))?;
        Ok((reader, Self::File(Arc::new(key))))
    }
}

/// Whether a file is encrypted. It stands at its beginning afterwards.
///
/// # Errors
/// If it cannot be read.
pub fn is_sealed(file: &mut (impl Read + Seek)) -> Result<bool> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head == MAGIC)
}

/// The library reads a header to its end, however far that is; so its end is looked for here first. It is the line that
/// begins with three hyphens (age-encryption.org/v1, "Header").
fn check_header(file: &mut (impl Read + Seek)) -> Result<()> {
    if !is_sealed(file)? {
        return Err(Error::locked("it is not encrypted"));
    }
    let mut head = Vec::new();
    file.by_ref().take(MAX_HEADER).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    if memchr::memmem::find(&head, b"\n---").is_none() {
        return Err(Error::locked("its header is damaged, or too long"));
    }
    Ok(())
}

fn wrong(error: DecryptError) -> Error {
    match error {
        DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => Error::Io(error),
        DecryptError::NoMatchingKeys => Error::locked("it is encrypted to others"),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            Error::locked("the passphrase or key is not the right one")
        }
        DecryptError::ExcessiveWork { required, .. } => Error::locked(format!(
            "it takes 2^{required} steps to try a passphrase, and 2^{MOST_WORK} are allowed"
        )),
        other => Error::locked(other),
    }
}

fn copy(key: &FileKey) -> FileKey {
    FileKey::init_with_mut(|bytes| bytes.copy_from_slice(key.expose_secret()))
}

/// A recipient; it keeps the key of the file.
struct Witness<'w> {
    recipient: &'w dyn Recipient,
    written: &'w RefCell<Option<FileKey>>,
}

impl Recipient for Witness<'_> {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        *self.written.borrow_mut() = Some(copy(key));
        self.recipient.wrap_file_key(key)
    }
}

/// An identity; it keeps the key that it finds.
struct Finder<'f> {
    identity: &'f dyn Identity,
    found: &'f RefCell<Option<FileKey>>,
}

impl Identity for Finder<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let unwrapped = self.identity.unwrap_stanza(stanza);
        if let Some(Ok(key)) = &unwrapped {
            *self.found.borrow_mut() = Some(copy(key));
        }
        unwrapped
    }
}

/// The key of the file itself; whether it is, the header's checksum tells.
struct Known<'k>(&'k FileKey);

impl Identity for Known<'_> {
    fn unwrap_stanza(&self, _stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        Some(Ok(copy(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn sealed(lock: &Lock, text: &[u8]) -> (Vec<u8>, Key) {
        let (mut sealed, key) = lock.seal(Vec::new()).unwrap();
        sealed.write_all(text).unwrap();
        (sealed.finish().unwrap(), key)
    }

    fn opened(key: &Key, file: &[u8]) -> Result<Vec<u8>> {
        let (mut reader, again) = key.open(Cursor::new(file))?;
        let mut text = Vec::new();
        reader.read_to_end(&mut text)?;
        let (mut reader, _) = again.open(Cursor::new(file))?;
        reader.seek(SeekFrom::Start(text.len() as u64 / 2))?;
        let mut half = Vec::new();
        reader.read_to_end(&mut half)?;
        assert_eq!(half, text[text.len() / 2..]);
        Ok(text)
    }

    #[test]
    fn each_recipient_and_the_writer_can_open_it_and_nobody_else() {
        let text: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
        let people: Vec<x25519::Identity> = (0..3).map(|_| x25519::Identity::generate()).collect();
        let public: Vec<String> = people.iter().take(2).map(|one| one.to_public().to_string()).collect();
        let (file, own) = sealed(&Lock::recipients(&public).unwrap(), &text);
        assert_eq!(opened(&own, &file).unwrap(), text);
        for (at, one) in people.iter().enumerate() {
            let secret = format!("# a comment\n\n{}\n", one.to_string().expose_secret());
            let open = opened(&Key::identities(&secret).unwrap(), &file);
            assert_eq!(open.ok().as_deref(), (at < 2).then_some(&*text));
        }
        let (other, _) = sealed(&Lock::recipients(&public).unwrap(), &text);
        assert!(matches!(opened(&own, &other), Err(Error::Locked { .. })), "it is of one file alone");
        assert!(opened(&Key::passphrase("x".to_owned()).unwrap(), &file).is_err());
    }

    #[test]
    fn a_passphrase_opens_it() {
        let (file, own) = sealed(&Lock::passphrase("correct".to_owned()).unwrap(), b"text");
        assert_eq!(opened(&own, &file).unwrap(), b"text");
        assert_eq!(opened(&Key::passphrase("correct".to_owned()).unwrap(), &file).unwrap(), b"text");
        let wrong = opened(&Key::passphrase("wrong".to_owned()).unwrap(), &file).unwrap_err();
        assert!(wrong.to_string().contains("not the right one"), "{wrong}");
        let identity = x25519::Identity::generate().to_string();
        let wrong = opened(&Key::identities(identity.expose_secret()).unwrap(), &file).unwrap_err();
        assert!(wrong.to_string().contains("takes a passphrase"), "{wrong}");
    }

    #[test]
    fn what_takes_too_much_work_is_refused_at_once() {
        let mut recipient = scrypt::Recipient::new(SecretString::from("x".to_owned()));
        recipient.set_work_factor(1);
        let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn Recipient)).unwrap();
        let file = encryptor.wrap_output(Vec::new()).unwrap().finish().unwrap();
        let at = memchr::memmem::find(&file, b" 1\n").unwrap();
        let mut costly = file[..=at].to_vec();
        costly.extend_from_slice(b"30");
        costly.extend_from_slice(&file[at + 2..]);
        let refused = opened(&Key::passphrase("x".to_owned()).unwrap(), &costly).unwrap_err();
        assert!(refused.to_string().contains("2^30"), "{refused}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let identity = x25519::Identity::generate();
        let lock = Lock::recipients(&[identity.to_public().to_string()]).unwrap();
        let key = Key::identities(identity.to_string().expose_secret()).unwrap();
        let (file, _) = sealed(&lock, &[5; 300]);
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            assert!(opened(&key, &flipped).is_err(), "{at}");
            assert!(opened(&key, &file[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn a_header_without_end_is_not_read_to_its_end() {
        let mut file = MAGIC.to_vec();
        file.extend(std::iter::repeat_n(b"-> x\nAAAA\n".as_slice(), 100_000).flatten());
        let key = Key::passphrase("x".to_owned()).unwrap();
        let refused = key.open(Cursor::new(&file)).map(drop).unwrap_err();
        assert!(refused.to_string().contains("too long"), "{refused}");
    }

    #[test]
    fn keys_and_passphrases_have_limits() {
        let public = x25519::Identity::generate().to_public().to_string();
        assert!(Lock::recipients(&vec![public.clone(); 17]).is_err());
        assert!(Lock::recipients::<String>(&[]).is_err());
        assert!(Lock::recipients(&["age1nonsense"]).is_err() && Key::identities("nonsense").is_err());
        assert!(Lock::passphrase(String::new()).is_err() && Key::passphrase("x".repeat(1025)).is_err());
        assert!(Lock::recipients(&[public]).is_ok());
    }
}
