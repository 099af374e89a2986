//! Downloading a snapshot so that nothing is fetched twice: not after a broken connection, and not after a command
//! that was cut off.
//!
//! `FILE.part` holds what has come so far, and `FILE.part.json` what of: Cell, snapshot, ETag. The rest is asked for
//! with `Range` and `If-Range` (RFC 9110 §13.1.5), so that two states of a file are never mixed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use saibo_core::snapshot::file_name;
use serde::{Deserialize, Serialize};

use super::{Answer, ClientError, RemoteCell, Result};

/// How often a connection may break without a byte more than before.
const TRIES: u32 = 5;

/// What `FILE.part.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// URL of the Cell.
    cell: String,
    /// Name of the snapshot, without `.zip`.
    name: String,
    /// Whether it is encrypted.
    #[serde(default)]
    is_sealed: bool,
    /// Its ETag, once it is known.
    etag: Option<String>,
}

/// A snapshot on its way into a file.
#[derive(Debug)]
pub(crate) struct Download {
    target: PathBuf,
    note: Note,
}

impl Download {
    /// Of a snapshot into a file. Noted on disk before anything else happens.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn begin(cell: &RemoteCell, name: &str, is_sealed: bool, target: &Path) -> io::Result<Self> {
        let note = Note { cell: cell.url().to_owned(), name: name.to_owned(), is_sealed, etag: None };
        let download = Self { target: target.to_owned(), note };
        download.write_note()?;
        match fs::remove_file(download.part()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        open_private(&download.part())?;
        Ok(download)
    }

    /// What a command that was cut off has left of a Cell beside a file.
    pub(crate) fn unfinished(cell: &RemoteCell, target: &Path) -> Option<Self> {
        let note: Note = serde_json::from_slice(&fs::read(with_suffix(target, ".part.json")).ok()?).ok()?;
        let part = with_suffix(target, ".part");
        (note.cell == cell.url() && part.is_file()).then(|| Self { target: target.to_owned(), note })
    }

    /// Name of the snapshot, without `.zip`.
    pub(crate) fn name(&self) -> &str {
        &self.note.name
    }

    /// Whether it is encrypted.
    pub(crate) fn is_sealed(&self) -> bool {
        self.note.is_sealed
    }

    /// Name of its file in the unit.
    pub(crate) fn file(&self) -> String {
        file_name(&self.note.name, self.note.is_sealed)
    }

    /// The file that is not whole yet.
    pub(crate) fn part(&self) -> PathBuf {
        with_suffix(&self.target, ".part")
    }

    fn write_note(&self) -> io::Result<()> {
        fs::write(with_suffix(&self.target, ".part.json"), serde_json::to_vec(&self.note)?)
    }

    /// Fetches what is missing and puts it on disk; its length. `progress` is told how much there is, of how much.
    ///
    /// # Errors
    /// If it cannot be fetched or written. What has come so far stays.
    pub(crate) fn fetch(&mut self, cell: &RemoteCell, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
        let mut broken = 0;
        loop {
            let before = self.have();
            match self.attempt(cell, progress) {
                Ok(length) => return Ok(length),
                Err(error) if error.may_pass() => {
                    broken = if self.have() > before { 0 } else { broken + 1 };
                    if broken >= TRIES {
                        return Err(error);
                    }
                    std::thread::sleep(Duration::from_millis(200 << broken));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn have(&self) -> u64 {
        fs::metadata(self.part()).map_or(0, |data| data.len())
    }

    fn attempt(&mut self, cell: &RemoteCell, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
        let file = self.file();
        let url = cell.snapshot_url(&file);
        let wrong = |why: String| ClientError::Unexpected { method: "GET", url: url.clone(), why };
        let path = self.part();
        let local =
            |cause: io::Error| ClientError::Local { doing: format!("writing {}", path.display()), cause };
        let mut part = open_private(&path).map_err(local)?;
        let have = self.have();
        let etag = self.note.etag.clone().filter(|_| have > 0);
        let answer = cell.get_snapshot(&file, etag.as_deref().map(|etag| (have, etag)))?;
        let (from, total) = match answer.status {
            206 => {
                let (from, total) =
                    content_range(&answer).ok_or_else(|| wrong("no Content-Range".to_owned()))?;
                if from > have {
                    return Err(wrong(format!("it begins at {from} instead of {have}")));
                }
                (from, total)
            }
            416 => {
                // All had come, or more than there is: the cheapest thing that is right is to begin again.
                part.set_len(0).map_err(local)?;
                self.note.etag = None;
                return self.attempt(cell, progress);
            }
            200 => {
                let total = answer.header("content-length").and_then(|text| text.parse().ok());
                (0, total.ok_or_else(|| wrong("no Content-Length".to_owned()))?)
            }
            _ => return Err(answer.refusal()),
        };
        let etag = answer.header("etag").map(str::to_owned);
        if etag != self.note.etag {
            self.note.etag = etag;
            self.write_note().map_err(local)?;
        }
        part.set_len(from).and_then(|()| part.seek(SeekFrom::Start(from))).map_err(local)?;
        let mut done = from;
        progress(done, total);
        let mut body = answer.into_reader();
        let mut buffer = vec![0; 256 << 10];
        while done < total {
            let read = body.read(&mut buffer).map_err(|error| broken_off(&url, &error.to_string()))?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return Err(broken_off(&url, &format!("it ends after {done} of {total} bytes")));
            };
            part.write_all(bytes).map_err(local)?;
            done += read as u64;
            progress(done, total);
        }
        part.sync_all().map_err(local)?;
        Ok(total)
    }

    /// Gives the file its name, on disk.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub(crate) fn finish(self) -> io::Result<()> {
        fs::rename(self.part(), &self.target)?;
        fs::remove_file(with_suffix(&self.target, ".part.json"))?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Takes away what has come so far.
    pub(crate) fn discard(self) {
        let _ = fs::remove_file(self.part());
        let _ = fs::remove_file(with_suffix(&self.target, ".part.json"));
    }
}

/// Opens a file for writing, and makes it one that only its owner can read: a whole life is in it.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn broken_off(url: &str, cause: &str) -> ClientError {
    ClientError::Unreachable {
        request: format!("GET {url}"),
        cause: format!("the download broke off: {cause}"),
    }
}

/// First byte and whole length of `bytes 100-199/200`.
fn content_range(answer: &Answer) -> Option<(u64, u64)> {
    let (range, total) = answer.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()?))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
