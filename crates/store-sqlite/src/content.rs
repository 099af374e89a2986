//! Writing one content: to memory while it is small, then to a file without a name, hashed on the way and, where that
//! is asked for, encrypted: no unfinished content lies on disk in the clear.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saibo_model::node::Content;
use saibo_store::blob::SMALL_CONTENT;
use saibo_store::{BlobWriter, Error, Result, StoredContent};
use sha2::{Digest as _, Sha256};

use crate::cell::OpenCell;
use crate::encryption::Keys;
use crate::encryption::stream::Encryptor;
use crate::folder;
use crate::pins::Pin;

/// Where the contents of a generation are, in its folder.
pub(crate) const BLOBS: &str = "blobs";

/// Where a content goes.
enum Target {
    /// To a Cell in use: synced, and held until the transaction that refers to it is over.
    Cell(Arc<OpenCell>),
    /// To a bulk load, whose owner syncs everything at its end: the folder of its blobs.
    Bulk(PathBuf),
}

/// See [`BlobWriter`].
pub(crate) struct ContentWriter {
    target: Target,
    tmp: PathBuf,
    /// What it is encrypted with, if it is.
    keys: Option<Arc<Keys>>,
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    length: u64,
    small: Vec<u8>,
    file: Option<Unnamed>,
}

/// A content that is too long for memory.
struct Unnamed {
    file: tempfile::NamedTempFile,
    encryptor: Option<Encryptor>,
}

impl Unnamed {
    fn new(tmp: &Path, encrypted: bool) -> io::Result<Self> {
        let mut file = tempfile::NamedTempFile::new_in(tmp)?;
        let encryptor =
            encrypted.then(|| Encryptor::begin(&mut file)).transpose().map_err(io::Error::other)?;
        Ok(Self { file, encryptor })
    }
}

impl Write for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.encryptor {
            Some(encryptor) => encryptor.write(bytes, &mut self.file),
            None => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ContentWriter {
    fn new(target: Target, tmp: PathBuf, keys: Option<Arc<Keys>>) -> Self {
        Self {
            target,
            tmp,
            keys: keys.filter(|keys| keys.encrypt_new_contents()),
            sha256: Sha256::new(),
            crc32: crc32fast::Hasher::new(),
            length: 0,
            small: Vec::new(),
            file: None,
        }
    }

    pub(crate) fn live(cell: Arc<OpenCell>) -> Self {
        let (tmp, keys) = (cell.tmp.join(""), cell.keys.clone());
        Self::new(Target::Cell(cell), tmp, keys)
    }

    pub(crate) fn bulk(blobs: &Path, tmp: &Path, keys: Option<Arc<Keys>>) -> Self {
        Self::new(Target::Bulk(blobs.to_owned()), tmp.to_owned(), keys)
    }
}

impl Write for ContentWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.length + bytes.len() as u64 > SMALL_CONTENT {
            let mut file = Unnamed::new(&self.tmp, self.keys.is_some())?;
            file.write_all(&std::mem::take(&mut self.small))?;
            self.file = Some(file);
        }
        let count = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => self.small.write(bytes)?,
        };
        // Only what was taken counts: the caller comes again with the rest.
        let taken = bytes.get(..count).unwrap_or(bytes);
        self.sha256.update(taken);
        self.crc32.update(taken);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for ContentWriter {
    fn finish(self: Box<Self>) -> Result<StoredContent> {
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let name = self.keys.as_ref().map_or(Ok(sha256), |keys| keys.name(&sha256))?;
        let content = Content { name, sha256, crc32: self.crc32.finalize(), length: self.length };
        let Some(Unnamed { mut file, encryptor }) = self.file else {
            return Ok(StoredContent { content, small: Some(self.small), pin: Box::new(()) });
        };
        if let (Some(encryptor), Some(keys)) = (encryptor, &self.keys) {
            encryptor.finish(keys, &name, self.length, &mut file)?;
        }
        let doing = |e| Error::io("storing a content", e);
        let cell = match self.target {
            Target::Bulk(blobs) => {
                let path = blob_path(&blobs, &name);
                path.parent().map_or(Ok(()), fs::create_dir_all).map_err(doing)?;
                file.persist(&path).map_err(|e| doing(e.error))?;
                return Ok(StoredContent { content, small: None, pin: Box::new(()) });
            }
            Target::Cell(cell) => cell,
        };
        file.as_file().sync_all().map_err(doing)?;
        let pin = Pin::new(cell.clone(), Some(name));
        cell.folder.open(|folder| {
            let path = blob_path(&folder.join(BLOBS), &name);
            path.parent().map_or(Ok(()), folder::create)?;
            {
                let mut pins = cell.pins.lock();
                // Under the lock, so that no sweep removes the file that was just found, or just put.
                if pins.doomed.remove(&name) || !path.exists() {
                    file.persist(&path).map_err(|e| doing(e.error))?;
                }
            }
            // Also if it was there: whoever put it may not have come this far yet.
            path.parent().map_or(Ok(()), folder::sync)
        })?;
        Ok(StoredContent { content, small: None, pin: Box::new(pin) })
    }
}

/// `{root}/{2}/{64 hexadecimal digits}`.
pub(crate) fn blob_path(root: &Path, content: &[u8; 32]) -> PathBuf {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let name: String = content
        .iter()
        .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
        .map(char::from)
        .collect();
    root.join(name.get(..2).unwrap_or("00")).join(&name)
}

/// The content whose file has that name.
pub(crate) fn hash_from_name(name: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if name.len() != 64 || !name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(name.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}
