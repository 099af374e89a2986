//! Reading back what an export writes, beside the writing: long contents as soon as they are in the file.
//!
//! They are nearly all there is to read back, and hashing them takes longer than writing them does. What remains, the
//! headers, the small entries and the list of them all, is read when the file is whole.

use std::io::{Read as _, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use saibo_archive::Written;
use saibo_model::{ErrorCode, Result};
use saibo_store::ReadSeek;
use sha2::{Digest as _, Sha256};

use super::weight;
use crate::job::Progress;

/// How many contents may wait to be read back; then the writing waits.
const WAITING: usize = 256;

/// Bytes that are read at a time.
const BUFFER: usize = 256 << 10;

/// Takes what is to be read back.
pub(super) struct ReadBack(SyncSender<Written>);

impl ReadBack {
    /// Has a content read back.
    ///
    /// # Errors
    /// If it is over, because one was wrong; what was wrong is told at the end.
    pub(super) fn check(&self, written: Written) -> Result<()> {
        self.0.send(written).map_err(|_| ErrorCode::FileIo.with(["the snapshot file"]))
    }
}

/// Writes a file and reads it back in another thread, if it can be read; what came of the writing, and up to where its
/// contents were read back and are right.
///
/// # Errors
/// What was wrong with a content that was read back; else what the writing ended with.
pub(super) fn beside<T>(
    file: Option<Box<dyn ReadSeek>>,
    progress: &Arc<Progress>,
    write: impl FnOnce(Option<&ReadBack>) -> Result<T>,
) -> Result<(T, u64)> {
    let Some(file) = file else { return Ok((write(None)?, 0)) };
    std::thread::scope(|scope| {
        let (send, received) = sync_channel(WAITING);
        let reading = std::thread::Builder::new()
            .name("read back".to_owned())
            .spawn_scoped(scope, move || compare(file, &received, progress))
            .map_err(|e| saibo_store::Error::io("starting a thread", e))?;
        let written = {
            let read_back = ReadBack(send);
            write(Some(&read_back))
        };
        let read = reading.join().unwrap_or_else(|_panic| Err(ErrorCode::Unknown.into()));
        // A job that was stopped has stopped both, and says so.
        progress.check()?;
        let position = read?;
        written.map(|written| (written, position))
    })
}

/// Compares contents until there are no more; where the last one ends.
fn compare(mut file: Box<dyn ReadSeek>, received: &Receiver<Written>, progress: &Progress) -> Result<u64> {
    let failed = |e| saibo_model::Error::from(saibo_store::Error::io("reading a snapshot back", e));
    let mut buffer = vec![0; BUFFER];
    let mut end = 0;
    for written in received {
        file.seek(SeekFrom::Start(written.position)).map_err(failed)?;
        let mut content = (&mut file).take(written.length);
        let mut sha256 = Sha256::new();
        loop {
            progress.check()?;
            let count = content.read(&mut buffer).map_err(failed)?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            sha256.update(bytes);
            progress.work(count as u64 / weight::VERIFY_PART);
        }
        // One that is cut off has another hash, too.
        if <[u8; 32]>::from(sha256.finalize()) != written.sha256 {
            let why = format!("{}: what was read back is not what was written", written.name);
            return Err(ErrorCode::FileIo.with(["the snapshot file"]).because(why));
        }
        end = written.position + written.length;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn written(position: u64, content: &[u8]) -> Written {
        let sha256 = Sha256::digest(content).into();
        Written { name: "a".to_owned(), position, length: content.len() as u64, sha256 }
    }

    fn run(file: &[u8], contents: Vec<Written>) -> Result<u64> {
        let file = Box::new(Cursor::new(file.to_vec()));
        let beside = beside(Some(file), &Arc::default(), |read_back| {
            contents.into_iter().try_for_each(|written| read_back.unwrap().check(written))
        });
        beside.map(|((), position)| position)
    }

    #[test]
    fn what_is_right_is_told_up_to_its_end() {
        assert_eq!(run(b"", Vec::new()).unwrap(), 0);
        assert_eq!(run(b"..one..two...", vec![written(2, b"one"), written(7, b"two")]).unwrap(), 10);
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        for file in [&b"..one..twO..."[..], b"..one..tw", b"..one", b""] {
            assert_eq!(
                run(file, vec![written(2, b"one"), written(7, b"two")]).unwrap_err().code(),
                ErrorCode::FileIo
            );
        }
        // Also while more is to be read than may wait.
        let many = (0..2000).map(|_| written(0, b"two")).collect();
        assert!(run(b"one", many).is_err());
    }

    #[test]
    fn what_the_writing_ended_with_is_told() {
        let file = Box::new(Cursor::new(Vec::new()));
        let failed: Result<((), u64)> =
            beside(Some(file), &Arc::default(), |_| Err(ErrorCode::DiskFull.into()));
        assert_eq!(failed.unwrap_err().code(), ErrorCode::DiskFull);
    }
}
