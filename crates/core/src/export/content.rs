//! The content of a file, on its way into a snapshot.

use std::io::Read;

use saibo_model::Result;
use saibo_store::ReadSeek;

use crate::job::Progress;

/// A content that is opened when it is read. Counts its bytes, and stops with the job.
pub(super) struct Progressing<'p> {
    open: &'p dyn Fn() -> Result<Box<dyn ReadSeek>>,
    inner: Result<Option<Box<dyn ReadSeek>>>,
    /// Bytes that were not read.
    left: u64,
    progress: &'p Progress,
}

impl<'p> Progressing<'p> {
    pub(super) fn new(
        open: &'p dyn Fn() -> Result<Box<dyn ReadSeek>>,
        length: u64,
        progress: &'p Progress,
    ) -> Self {
        Self { open, inner: Ok(None), left: length, progress }
    }

    /// Counts what was not read, because it stood in the snapshot already.
    pub(super) fn pass(mut self) {
        self.count(self.left);
    }

    /// Why it could not be opened.
    pub(super) fn failure(self) -> Option<saibo_model::Error> {
        self.inner.err()
    }

    fn count(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
        self.progress.work(bytes);
        self.progress.done(0, bytes);
    }
}

impl Read for Progressing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.progress.check().map_err(std::io::Error::other)?;
        if let Ok(None) = self.inner {
            self.inner = (self.open)().map(Some);
        }
        let Ok(Some(inner)) = &mut self.inner else {
            return Err(std::io::Error::other("the content cannot be opened"));
        };
        let bytes = inner.read(buffer)?;
        self.count(bytes as u64);
        Ok(bytes)
    }
}
