//! Contents in files, named by their SHA-256.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use saibo_model::node::Content;
use saibo_store::blob::SMALL_CONTENT;
use saibo_store::{BlobWriter, Blobs, Error, ReadSeek, Result, Store, StoreExt as _, StoredContent};
use sha2::{Digest as _, Sha256};

use crate::folder;

/// The blobs of one generation of a Cell.
pub(crate) struct FileBlobs {
    root: PathBuf,
    tmp: PathBuf,
    pins: Arc<Mutex<Pins>>,
    store: Arc<dyn Store>,
}

/// Who needs contents that no node refers to yet, or any more.
#[derive(Default)]
struct Pins {
    each: HashMap<[u8; 32], usize>,
    all: usize,
}

impl FileBlobs {
    pub(crate) fn new(root: PathBuf, tmp: PathBuf, store: Arc<dyn Store>) -> Self {
        Self { root, tmp, pins: Arc::default(), store }
    }

    /// Removes files that the store does not know: a crash came between writing one and committing its node.
    pub(crate) fn scrub(&self) -> Result<()> {
        let pins = self.pins.lock();
        let doing = |e| Error::io("looking for lost contents", e);
        for folder in read_dir(&self.root).map_err(doing)? {
            for file in read_dir(&folder).map_err(doing)? {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let known = match hash_from_name(name) {
                    Some(hash) => {
                        pins.each.contains_key(&hash)
                            || self
                                .store
                                .read(|tx| tx.has_content(&hash))
                                .map_err(|e| Error::new(saibo_store::ErrorKind::Other, "looking for lost contents").because(e))?
                    }
                    None => false,
                };
                if !known {
                    fs::remove_file(&file).map_err(doing)?;
                }
            }
        }
        Ok(())
    }
}

impl Blobs for FileBlobs {
    fn writer(&self) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(ContentWriter::new(&self.root, &self.tmp, Some(self.pins.clone()))))
    }

    fn open(&self, hash: &[u8; 32]) -> Result<Box<dyn ReadSeek>> {
        let path = blob_path(&self.root, hash);
        let file = File::open(&path).map_err(|e| Error::io("opening a content", e))?;
        Ok(Box::new(file))
    }

    fn pin_all(&self) -> Box<dyn Send + Sync> {
        self.pins.lock().all += 1;
        Box::new(Pin { pins: self.pins.clone(), hash: None })
    }

    fn sweep(&self) -> Result<u64> {
        // Held throughout: what is finished meanwhile waits, and then finds its file gone and puts it again.
        let pins = self.pins.lock();
        if pins.all > 0 {
            return Ok(0);
        }
        let pinned: Vec<[u8; 32]> = pins.each.keys().copied().collect();
        let unused = self
            .store
            .write(move |tx| tx.forget_unused_contents(&pinned))
            .map_err(|e| Error::new(saibo_store::ErrorKind::Other, "sweeping contents").because(e))?;
        for hash in &unused {
            match fs::remove_file(blob_path(&self.root, hash)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("sweeping a content", e));
                }
                _ => {}
            }
        }
        Ok(unused.len() as u64)
    }
}

struct Pin {
    pins: Arc<Mutex<Pins>>,
    hash: Option<[u8; 32]>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        match self.hash {
            None => pins.all -= 1,
            Some(hash) => {
                if let Some(count) = pins.each.get_mut(&hash) {
                    *count -= 1;
                    if *count == 0 {
                        pins.each.remove(&hash);
                    }
                }
            }
        }
    }
}

/// Writes one content: to memory while it is small, then to an unnamed place.
pub(crate) struct ContentWriter {
    root: PathBuf,
    tmp: PathBuf,
    /// `None` in a bulk load, whose owner syncs everything at its end.
    pins: Option<Arc<Mutex<Pins>>>,
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    length: u64,
    small: Vec<u8>,
    file: Option<tempfile::NamedTempFile>,
}

impl ContentWriter {
    fn new(root: &Path, tmp: &Path, pins: Option<Arc<Mutex<Pins>>>) -> Self {
        Self {
            root: root.to_owned(),
            tmp: tmp.to_owned(),
            pins,
            sha256: Sha256::new(),
            crc32: crc32fast::Hasher::new(),
            length: 0,
            small: Vec::new(),
            file: None,
        }
    }

    /// For a bulk load: not synced, not pinned.
    pub(crate) fn bulk(root: &Path, tmp: &Path) -> Self {
        Self::new(root, tmp, None)
    }
}

impl Write for ContentWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        self.length += bytes.len() as u64;
        if self.file.is_none() {
            if self.length <= SMALL_CONTENT {
                self.small.extend_from_slice(bytes);
                return Ok(bytes.len());
            }
            let mut file = tempfile::NamedTempFile::new_in(&self.tmp)?;
            file.write_all(&std::mem::take(&mut self.small))?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for ContentWriter {
    fn finish(self: Box<Self>) -> Result<StoredContent> {
        let hash: [u8; 32] = self.sha256.finalize().into();
        let content = Content { hash, crc32: self.crc32.finalize(), length: self.length };
        let Some(file) = self.file else {
            return Ok(StoredContent { content, small: Some(self.small), pin: Box::new(()) });
        };
        let doing = |e| Error::io("storing a content", e);
        let path = blob_path(&self.root, &hash);
        if let Some(parent) = path.parent() {
            folder::create(parent)?;
        }
        let Some(pins) = self.pins else {
            file.persist(&path).map_err(|e| doing(e.error))?;
            return Ok(StoredContent { content, small: None, pin: Box::new(()) });
        };
        file.as_file().sync_all().map_err(doing)?;
        {
            let mut held = pins.lock();
            *held.each.entry(hash).or_insert(0) += 1;
            // Under the lock, so that no sweep is between finding the old file unused and removing it.
            if !path.exists() {
                file.persist(&path).map_err(|e| doing(e.error))?;
            }
        }
        let pin = Pin { pins, hash: Some(hash) };
        path.parent().map_or(Ok(()), folder::sync)?;
        Ok(StoredContent { content, small: None, pin: Box::new(pin) })
    }
}

/// `{root}/{2}/{64 hexadecimal digits}`.
pub(crate) fn blob_path(root: &Path, hash: &[u8; 32]) -> PathBuf {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let name: String = hash
        .iter()
        .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
        .map(char::from)
        .collect();
    root.join(name.get(..2).unwrap_or("00")).join(&name)
}

fn hash_from_name(name: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if name.len() != 64 || !name.is_ascii() {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(name.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

fn read_dir(path: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}
