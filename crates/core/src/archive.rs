//! What is wrong with a snapshot, in the API's codes; and checking one against its own manifest.

use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::sync::Arc;

use saibo_archive::{Error, Limits, SnapshotReader};
use saibo_model::{ErrorCode, Result};

use crate::Unit;
use crate::job::Progress;

/// How much is held between two counts of progress.
const STEP: u64 = 1 << 20;

/// From the codec's errors. The message names the entry; a file that is no good is the client's (400), a disk that
/// fails is ours.
pub(crate) fn error(error: Error) -> saibo_model::Error {
    let text = error.to_string();
    match &error {
        Error::UnsupportedVersion { version, .. } => {
            ErrorCode::SnapshotVersion.with(["2".to_owned(), version.to_string()])
        }
        Error::Missing { entry } => ErrorCode::SnapshotEntryMissing.with([entry]),
        Error::Malformed { .. } => ErrorCode::FieldInvalid.with([text]),
        Error::Locked { why } => ErrorCode::SnapshotLocked.with([why]),
        Error::Unwritable { .. } | Error::Interrupted => ErrorCode::FileIo.with([text]),
        Error::Io(io) => match io.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull.into(),
            _ => ErrorCode::FileIo.with(["the snapshot file"]),
        },
        _ => ErrorCode::SnapshotNotZip.with([text]),
    }
    .because(error)
}

/// Compares a snapshot with its manifest, where it has one of ours. Counts `1/part` of the bytes read as work.
///
/// # Errors
/// The first thing that is wrong, naming the entry.
pub(crate) fn verify(
    snapshot: &SnapshotReader<impl Read + Seek>,
    trusted: Option<&[ed25519_dalek::VerifyingKey]>,
    progress: &Arc<Progress>,
    part: u64,
) -> Result<()> {
    verify_rest(snapshot, trusted, 0, progress, part)
}

fn verify_rest(
    snapshot: &SnapshotReader<impl Read + Seek>,
    trusted: Option<&[ed25519_dalek::VerifyingKey]>,
    read_back: u64,
    progress: &Arc<Progress>,
    part: u64,
) -> Result<()> {
    let mut counted = 0;
    let report = saibo_archive::verify_rest(snapshot, trusted, read_back, &mut |seen| {
        if seen.bytes >= counted + STEP {
            progress.work((seen.bytes - counted) / part);
            counted = seen.bytes;
        }
        if progress.check().is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    progress.check()?;
    let report = report.map_err(error)?;
    match report.findings.first() {
        Some(finding) if !report.content_is_intact() => Err(ErrorCode::SnapshotNotZip.with([finding])),
        _ => Ok(()),
    }
}

/// Reads back a snapshot that this unit has just written, but for the contents ahead of `read_back`, which were read back
/// already.
///
/// # Errors
/// If it is not what was meant to be written.
pub(crate) fn verify_own(
    unit: &Unit,
    file: impl Read + Seek,
    read_back: u64,
    progress: &Arc<Progress>,
    part: u64,
) -> Result<()> {
    let snapshot = SnapshotReader::open(file, Limits::default()).map_err(error)?;
    let own = [unit.signing_key().verifying_key()];
    verify_rest(&snapshot, Some(&own), read_back, progress, part)
}
