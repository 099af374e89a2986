//! What stands of a zip whose writing was cut off: the entries that are whole, by their records in the spool.
//!
//! Neither file need be on disk to its last byte: what was not, is at the end, and an entry that is not what its record
//! says ends the search.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::BUFFER;
use super::header::{self, Header};
use super::record::{Record, decode_record};
use crate::{Error, Result};

/// Entries at the beginning of a file that are whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many.
    pub(crate) count: u64,
    /// Bytes of the file that they take.
    pub(crate) length: u64,
    /// Bytes of the spool.
    pub(crate) listed: u64,
}

impl Standing {
    /// Bytes of the file that stand: what is behind them is to be cut off.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads both from their beginnings; entries whose names begin with `end` do not count, nor what comes after them.
    pub(crate) fn of(
        file: &mut (impl Read + Seek),
        spool: &mut (impl Read + Seek),
        end: &str,
    ) -> Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut file = BufReader::with_capacity(BUFFER, file);
        let mut records = Records::default();
        let mut standing = Self::default();
        while let Some((record, length)) = records.next(spool)? {
            if record.header.name.starts_with(end)
                || record.header.offset != standing.length
                || !is_whole(&mut file, &record)?
            {
                break;
            }
            standing.count += 1;
            standing.length += length_of(&record.header);
            standing.listed += length;
        }
        Ok(standing)
    }
}

/// Bytes that an entry takes in the file.
pub(crate) fn length_of(header: &Header) -> u64 {
    let mut records = Vec::new();
    header::encode_local(&mut records, header);
    header::encode_descriptor(&mut records, header);
    records.len() as u64 + header.packed
}

/// Whether what comes next in the file is that entry.
fn is_whole(file: &mut impl Read, record: &Record) -> Result<bool> {
    let mut expected = Vec::new();
    header::encode_local(&mut expected, &record.header);
    if !is_next(file, &expected)? {
        return Ok(false);
    }
    let mut crc32 = crc32fast::Hasher::new();
    let mut data = file.take(record.header.packed);
    let mut buffer = vec![0; (BUFFER as u64).min(record.header.packed) as usize];
    let mut left = record.header.packed;
    while left > 0 {
        let count = data.read(&mut buffer)?;
        if count == 0 {
            return Ok(false);
        }
        crc32.update(&buffer[..count]);
        left -= count as u64;
    }
    expected.clear();
    header::encode_descriptor(&mut expected, &record.header);
    Ok(crc32.finalize() == record.packed_crc32 && is_next(file, &expected)?)
}

fn is_next(file: &mut impl Read, expected: &[u8]) -> Result<bool> {
    let mut found = Vec::with_capacity(expected.len());
    file.take(expected.len() as u64).read_to_end(&mut found)?;
    Ok(found == expected)
}

/// The records of a spool, one after the other.
#[derive(Default)]
pub(crate) struct Records {
    chunk: Vec<u8>,
    at: usize,
    /// Where the spool goes on after the chunk.
    position: u64,
}

impl Records {
    /// The next one, and its length; `None` at the end, and where it is cut off or damaged.
    pub(crate) fn next(&mut self, spool: &mut (impl Read + Seek)) -> Result<Option<(Record, u64)>> {
        loop {
            match decode_record(&self.chunk[self.at..]) {
                Ok(Some((record, length))) => {
                    self.at += length;
                    return Ok(Some((record, length as u64)));
                }
                Ok(None) if self.chunk.len() - self.at < MOST => {}
                Ok(None) | Err(Error::Corrupt { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            self.chunk.drain(..self.at);
            self.at = 0;
            spool.seek(SeekFrom::Start(self.position))?;
            let read = spool.take(BUFFER as u64).read_to_end(&mut self.chunk)?;
            if read == 0 {
                return Ok(None);
            }
            self.position += read as u64;
        }
    }
}

/// No record is longer: a name, and at most as much beside it.
const MOST: usize = 2 * (1 << 16);

/// A spool that ends before all that were counted.
pub(crate) fn too_short() -> Error {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}
