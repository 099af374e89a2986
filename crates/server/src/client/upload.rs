//! Uploading a snapshot so that nothing is sent twice: not after a broken connection, and not after a command that was
//! cut off.
//!
//! It goes in parts, by tus 1.0. `FILE.upload.json` holds which upload of which Cell the file is on its way to, with
//! the SHA-256 of the file, so that two states of it are never mixed. A unit that does not know tus gets one `PUT`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saibo_core::snapshot::media_type;
use saibo_model::ErrorCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ClientError, RemoteCell, Result};

/// How often a connection may break without a byte more than before.
const TRIES: u32 = 6;

/// How much is sent in one request: what lies between may limit its length, and all of it is on the unit's disk when it
/// is answered.
const PART: u64 = 64 << 20;

/// What `FILE.upload.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// URL of the Cell.
    cell: String,
    /// Id of the upload.
    upload: String,
    /// Name of the snapshot file in the unit.
    file: String,
    /// SHA-256 of what is sent.
    sha256: String,
}

/// A file on its way into a unit.
#[derive(Debug)]
pub(crate) struct Upload<'c> {
    cell: &'c RemoteCell,
    path: PathBuf,
    length: u64,
    sha256: String,
}

impl<'c> Upload<'c> {
    /// Of a file, which is read for its hash. `progress` is told how much of it has been.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn of(cell: &'c RemoteCell, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self> {
        let failed = |cause| ClientError::Local { doing: format!("reading {}", path.display()), cause };
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let (mut hash, mut done, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
        loop {
            let read = file.read(&mut buffer).map_err(failed)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            done += read as u64;
            progress(done, length);
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { cell, path: path.to_owned(), length, sha256 })
    }

    /// The name under which a command that was cut off was sending this very file to the Cell.
    pub(crate) fn unfinished(&self) -> Option<String> {
        self.note().map(|note| note.file)
    }

    fn note(&self) -> Option<Note> {
        let note: Note = serde_json::from_slice(&fs::read(self.note_path()).ok()?).ok()?;
        (note.cell == self.cell.url() && note.sha256 == self.sha256).then_some(note)
    }

    fn note_path(&self) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(".upload.json");
        name.into()
    }

    /// Sends what is missing under a name. `progress` is told how much there is in the unit, of how much.
    ///
    /// # Errors
    /// What the unit says; if the file cannot be read or changes. What has been sent stays, and the next time goes on.
    pub(crate) fn send(&self, file: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let known = match self.note().filter(|note| note.file == file) {
            Some(note) => self.offset(&note.upload)?.map(|offset| (note.upload, offset)),
            None => None,
        };
        let (upload, offset) = match known {
            Some(known) => known,
            None => match self.begin(file)? {
                Some(upload) => (upload, 0),
                None => return self.put(file, progress),
            },
        };
        self.go_on(&upload, offset, progress)?;
        // It may not be there: where the folder takes no files there never was one.
        let _ = fs::remove_file(self.note_path());
        Ok(())
    }

    /// Begins an upload, and notes where; `None` if the unit does not know such.
    fn begin(&self, file: &str) -> Result<Option<String>> {
        let encoded = |text: &str| STANDARD.encode(text);
        let metadata = format!(
            "filename {},filetype {},sha256 {}",
            encoded(file),
            encoded(media_type(file.ends_with(".age"))),
            encoded(&self.sha256)
        );
        let headers = [("Upload-Length", self.length.to_string()), ("Upload-Metadata", metadata)];
        let answer = self.cell.tus("POST", &self.cell.snapshots_url(), &headers, None)?;
        if matches!(answer.status, 404 | 405 | 501) {
            return Ok(None);
        }
        let answer = answer.expect(&[201])?;
        // Its id alone: the token goes to no place that an answer names.
        let location = answer.header("location").and_then(|url| url.rsplit('/').next());
        let is_id =
            |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let Some(upload) = location.filter(is_id).map(str::to_owned) else {
            return Err(ClientError::Unexpected {
                method: "POST",
                url: self.cell.snapshots_url(),
                why: "no Location of an upload".to_owned(),
            });
        };
        let note = Note {
            cell: self.cell.url().to_owned(),
            upload: upload.clone(),
            file: file.to_owned(),
            sha256: self.sha256.clone(),
        };
        // A convenience: without it, a command that is cut off begins anew.
        let written = serde_json::to_vec(&note).map_err(io::Error::other);
        if let Err(error) = written.and_then(|note| fs::write(self.note_path(), note)) {
            tracing::debug!(%error, "no note of the upload could be written");
        }
        Ok(Some(upload))
    }

    /// How much of an upload the unit has; `None` if it does not know of it any longer.
    fn offset(&self, upload: &str) -> Result<Option<u64>> {
        let mut tries = 0;
        loop {
            let answer = self.cell.tus("HEAD", &self.cell.upload_url(upload), &[], None);
            match answer.and_then(|answer| answer.expect(&[200, 404, 410])) {
                Ok(answer) if answer.status == 200 => {
                    let offset = answer.header("upload-offset").and_then(|text| text.parse().ok());
                    return match offset.filter(|offset| *offset <= self.length) {
                        Some(offset) => Ok(Some(offset)),
                        None => Err(ClientError::Unexpected {
                            method: "HEAD",
                            url: self.cell.upload_url(upload),
                            why: "no Upload-Offset that can be".to_owned(),
                        }),
                    };
                }
                Ok(_gone) => return Ok(None),
                Err(error) if passes(&error) && tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(200 << tries));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn go_on(&self, upload: &str, mut offset: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let mut broken = 0;
        progress(offset, self.length);
        while offset < self.length {
            match self.part(upload, offset, progress) {
                Ok(now) => (offset, broken) = (now, 0),
                Err(error) if passes(&error) => {
                    let now = self.offset(upload)?;
                    let now = now.ok_or(error)?;
                    broken = if now > offset { 0 } else { broken + 1 };
                    if broken >= TRIES {
                        return Err(ClientError::Unexpected {
                            method: "PATCH",
                            url: self.cell.upload_url(upload),
                            why: format!("it does not get beyond byte {now}, however often it is tried"),
                        });
                    }
                    offset = now;
                    progress(offset, self.length);
                    std::thread::sleep(Duration::from_millis(200 << broken));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends one part; how much the unit has then.
    fn part(&self, upload: &str, offset: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
        let failed = |cause| ClientError::Local { doing: format!("reading {}", self.path.display()), cause };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let length = PART.min(self.length - offset);
        let mut told = |read: u64| progress(offset + read, self.length);
        let mut body = Told { inner: file.take(length), done: 0, tell: &mut told };
        let headers = [("Upload-Offset", offset.to_string())];
        let answer =
            self.cell.tus("PATCH", &self.cell.upload_url(upload), &headers, Some((&mut body, length)))?;
        let answer = answer.expect(&[204])?;
        let now = answer.header("upload-offset").and_then(|text| text.parse().ok());
        now.filter(|now| *now > offset && *now <= self.length).ok_or_else(|| ClientError::Unexpected {
            method: "PATCH",
            url: self.cell.upload_url(upload),
            why: "no Upload-Offset that can be".to_owned(),
        })
    }

    fn put(&self, file: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let failed = |cause| ClientError::Local { doing: format!("reading {}", self.path.display()), cause };
        let content = File::open(&self.path).map_err(failed)?;
        let mut told = |read: u64| progress(read, self.length);
        let mut body = Told { inner: content, done: 0, tell: &mut told };
        self.cell.upload(file, &mut body, self.length)
    }
}

/// Whether the same part may be sent again, from where the unit is: it was not reached, is busy, or has another offset.
fn passes(error: &ClientError) -> bool {
    let is_for_good = error.code() == Some(ErrorCode::SnapshotNeeded.code());
    error.may_pass() || error.status() == Some(409) && !is_for_good
}

/// Tells how much has been read.
struct Told<'t, R> {
    inner: R,
    done: u64,
    tell: &'t mut dyn FnMut(u64),
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        (self.tell)(self.done);
        Ok(read)
    }
}
