//! A content of which size and hashes are known: it is compared with them while it is read.

use std::io::{self, Read};

use crate::{Error, Result};

/// What is known of a content before it is read.
pub(crate) struct Known {
    pub(crate) size: u64,
    pub(crate) crc32: u32,
    pub(crate) sha256: [u8; 32],
}

/// Reads a content and counts it on the way.
pub(super) struct Checked<'c> {
    pub(super) content: &'c mut dyn Read,
    pub(super) read: u64,
}

impl Checked<'_> {
    /// Fills the buffer unless the content ends.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.content.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.read += filled as u64;
        Ok(filled)
    }

    /// Compares what was read, and that nothing is left, with what is known.
    pub(super) fn compare(&mut self, name: &str, known: &Known, crc32: u32) -> Result<()> {
        let more = self.fill(&mut [0])?;
        if more > 0 || self.read != known.size {
            let than = if self.read > known.size { "longer" } else { "shorter" };
            return Err(Error::mismatch(name, format!("{than} than the {} bytes recorded", known.size)));
        }
        if crc32 != known.crc32 {
            return Err(Error::mismatch(name, "its checksum (CRC-32) differs"));
        }
        Ok(())
    }
}
