//! Contents in files, named by their hash.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saibo_model::node::Content;
use saibo_store::{BlobWriter, Blobs, Error, ErrorKind, ReadSeek, Result, StoreExt as _};

use crate::cell::OpenCell;
use crate::content::{BLOBS, ContentWriter, blob_path, hash_from_name};
use crate::encryption::stream::Decryptor;
use crate::encryption::{self, is_encrypted};
use crate::pins::Pin;

/// The blobs of one generation of a Cell.
pub(crate) struct FileBlobs(pub(crate) Arc<OpenCell>);

impl Blobs for FileBlobs {
    fn writer(&self) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(ContentWriter::live(self.0.clone())))
    }

    fn open(&self, content: &Content) -> Result<Box<dyn ReadSeek>> {
        let file = self.0.folder.open(|folder| File::open(blob_path(&folder.join(BLOBS), &content.name)));
        let file = file.map_err(|e| Error::io("opening a content", e))?;
        if !is_encrypted(content) {
            return Ok(Box::new(file));
        }
        let keys = encryption::needed(self.0.keys.as_deref())?;
        Ok(Box::new(Decryptor::open(keys, content, file)?))
    }

    fn pin_all(&self) -> Box<dyn Send + Sync> {
        Box::new(Pin::new(self.0.clone(), None))
    }

    fn sweep(&self) -> Result<u64> {
        let _one_at_a_time = self.0.sweeping.lock();
        let cell = self.0.clone();
        let swept = self.0.store.write(move |tx| {
            // What is pinned from here on was written anew, or belongs to a transaction after this one.
            let mut pins = cell.pins.lock();
            if pins.holds_all() {
                return Ok(Vec::new());
            }
            let unused = tx.forget_unused_contents(&pins.hashes())?;
            pins.doomed.extend(&unused);
            Ok(unused)
        });
        let removed = swept
            .map_err(|e| Error::new(ErrorKind::Other, "sweeping contents").because(e))
            .and_then(|unused| self.remove(&unused));
        self.0.pins.lock().doomed.clear();
        removed
    }
}

impl FileBlobs {
    fn remove(&self, hashes: &[[u8; 32]]) -> Result<u64> {
        let doing = |e| Error::io("sweeping a content", e);
        for hash in hashes {
            // In this order, as when a content is written.
            let removed = self.0.folder.open(|folder| {
                let mut pins = self.0.pins.lock();
                if pins.doomed.remove(hash) {
                    fs::remove_file(blob_path(&folder.join(BLOBS), hash))
                } else {
                    Ok(())
                }
            });
            match removed {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(doing(e)),
                _ => {}
            }
        }
        Ok(hashes.len() as u64)
    }
}

/// Removes files that the store does not know: a crash came between writing one and committing its node.
/// Only for a Cell that nobody uses yet.
pub(crate) fn scrub(cell: &OpenCell) -> Result<()> {
    let doing = |e| Error::io("looking for lost contents", e);
    let root = cell.folder.join(BLOBS);
    cell.store
        .read(|tx| {
            for folder in read_dir(&root).map_err(doing)? {
                for file in read_dir(&folder).map_err(doing)? {
                    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let known = match hash_from_name(name) {
                        Some(hash) => tx.has_content(&hash)?,
                        None => false,
                    };
                    if !known {
                        fs::remove_file(&file).map_err(doing)?;
                    }
                }
            }
            Ok(())
        })
        .map_err(|e| Error::new(ErrorKind::Other, "looking for lost contents").because(e))
}

fn read_dir(path: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}
