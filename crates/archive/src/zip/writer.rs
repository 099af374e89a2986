//! Writes a zip from front to back, in flat memory, to something that cannot seek.
//!
//! Java's stream reader, which the reference uses, cannot read a stored entry whose sizes follow its data. So stored
//! entries are written only when size and checksum are known beforehand (a store knows them of its blobs), small
//! entries are packed in memory first, and only large deflated entries have a data descriptor. The central directory
//! waits in a spool.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::BUFFER;
use super::deflate::{Deflater, SAMPLE, worth_it};
use super::header::{self, DEFLATED, FLAG_DESCRIPTOR, FLAG_UTF8, Header, STORED};
use super::time::DosTime;
use crate::{Error, Result};

/// Contents of up to so many bytes are packed in memory, so that their headers have their sizes. A check compares this:
/// it is a part of the format.
pub(crate) const WHOLE: usize = BUFFER;

/// A finished entry, as the spool remembers it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) header: Header,
    /// SHA-256 of the content.
    pub(crate) sha256: [u8; 32],
    /// CRC-32 of the data as it stands in the file: in a deflated stream there are bits that mean nothing, and a
    /// change of those shows nowhere else.
    pub(crate) packed_crc32: u32,
}

/// What is known of a content before it is read.
pub(crate) struct Known {
    pub(crate) size: u64,
    pub(crate) crc32: u32,
    pub(crate) sha256: [u8; 32],
}

/// Whether to deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Store,
    /// Deflate if a sample shrinks.
    Try,
}

/// Counts and sums up what goes to the file.
struct Sink<W: Write> {
    out: BufWriter<W>,
    offset: u64,
    crc32: crc32fast::Hasher,
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.out.write(data)?;
        self.crc32.update(&data[..count]);
        self.offset += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The entry that is being written piece by piece.
struct Open {
    header: Header,
    crc32: crc32fast::Hasher,
    sha256: Sha256,
}

pub(crate) struct ZipWriter<W: Write, S: Read + Write + Seek> {
    sink: Sink<W>,
    spool: BufWriter<S>,
    time: DosTime,
    count: u64,
    deflater: Deflater,
    open: Option<Open>,
    buffer: Vec<u8>,
}

impl<W: Write, S: Read + Write + Seek> ZipWriter<W, S> {
    pub(crate) fn new(out: W, spool: S, time: DosTime) -> Self {
        Self {
            sink: Sink {
                out: BufWriter::with_capacity(BUFFER, out),
                offset: 0,
                crc32: crc32fast::Hasher::new(),
            },
            spool: BufWriter::with_capacity(BUFFER, spool),
            time,
            count: 0,
            deflater: Deflater::new(),
            open: None,
            buffer: Vec::new(),
        }
    }

    /// Bytes written so far.
    pub(crate) fn offset(&self) -> u64 {
        self.sink.offset
    }

    /// Gives all that was written to the sink below, where others can read it.
    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.sink.flush()?)
    }

    fn header(&self, name: &str, method: u16) -> Result<Header> {
        if name.len() > usize::from(u16::MAX) {
            return Err(Error::unwritable(name, "its name is too long for a zip"));
        }
        Ok(Header {
            name: name.to_owned(),
            flags: FLAG_UTF8,
            method,
            time: self.time,
            crc32: 0,
            packed: 0,
            size: 0,
            offset: self.sink.offset,
        })
    }

    fn write_local(&mut self, header: &Header) -> Result<()> {
        self.buffer.clear();
        header::encode_local(&mut self.buffer, header);
        self.sink.write_all(&self.buffer)?;
        self.sink.crc32 = crc32fast::Hasher::new();
        Ok(())
    }

    /// Writes an entry for a folder; the name ends with a slash.
    pub(crate) fn folder(&mut self, name: &str) -> Result<()> {
        let header = self.header(name, STORED)?;
        self.write_local(&header)?;
        self.remember(header, Sha256::digest([]).into(), 0)?;
        Ok(())
    }

    /// Writes an entry whose content is in memory.
    pub(crate) fn whole(&mut self, name: &str, content: &[u8], packing: Packing) -> Result<Record> {
        let known = Known {
            size: content.len() as u64,
            crc32: crc32fast::hash(content),
            sha256: Sha256::digest(content).into(),
        };
        self.small(name, content, &known, packing)
    }

    fn small(&mut self, name: &str, content: &[u8], known: &Known, packing: Packing) -> Result<Record> {
        let mut packed = Vec::new();
        let deflate = packing == Packing::Try && !content.is_empty() && {
            self.deflater.write(content, &mut packed)?;
            self.deflater.finish(&mut packed)?;
            worth_it(packed.len() as u64, known.size)
        };
        let data = if deflate { &packed } else { content };
        let mut header = self.header(name, if deflate { DEFLATED } else { STORED })?;
        (header.size, header.crc32, header.packed) = (known.size, known.crc32, data.len() as u64);
        self.write_local(&header)?;
        self.sink.write_all(data)?;
        self.close_entry(header, known.sha256)
    }

    /// Writes an entry from a stream of which size and hashes are known, and compares it with them.
    pub(crate) fn known(
        &mut self,
        name: &str,
        known: &Known,
        packing: Packing,
        content: &mut dyn Read,
    ) -> Result<Record> {
        let mut checked = Checked { content, read: 0 };
        let mut buffer = vec![0; (WHOLE as u64).min(known.size) as usize];
        let mut filled = checked.fill(&mut buffer)?;
        if known.size <= buffer.len() as u64 {
            checked.compare(name, known, crc32fast::hash(&buffer[..filled]))?;
            return self.small(name, &buffer[..filled], known, packing);
        }
        let deflate = packing == Packing::Try && self.deflater.shrinks(&buffer[..filled.min(SAMPLE)]);
        let mut header = self.header(name, if deflate { DEFLATED } else { STORED })?;
        (header.size, header.crc32) = (known.size, known.crc32);
        if deflate {
            header.flags |= FLAG_DESCRIPTOR;
        } else {
            header.packed = known.size;
        }
        self.write_local(&header)?;
        let start = self.sink.offset;
        let mut crc32 = crc32fast::Hasher::new();
        while filled > 0 {
            if deflate {
                crc32.update(&buffer[..filled]);
                self.deflater.write(&buffer[..filled], &mut self.sink)?;
            } else {
                self.sink.write_all(&buffer[..filled])?;
            }
            // Stop at a content that has grown, before it fills the disk.
            filled = if checked.read > known.size { 0 } else { checked.fill(&mut buffer)? };
        }
        if deflate {
            self.deflater.finish(&mut self.sink)?;
        } else {
            // What goes to the file as it is, is summed up there.
            crc32 = self.sink.crc32.clone();
        }
        checked.compare(name, known, crc32.finalize())?;
        header.packed = self.sink.offset - start;
        self.close_entry(header, known.sha256)
    }

    /// Begins a deflated entry of unknown size.
    pub(crate) fn begin(&mut self, name: &str) -> Result<()> {
        let mut header = self.header(name, DEFLATED)?;
        header.flags |= FLAG_DESCRIPTOR;
        self.write_local(&header)?;
        self.open = Some(Open { header, crc32: crc32fast::Hasher::new(), sha256: Sha256::new() });
        Ok(())
    }

    /// Adds to the entry that was begun.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<()> {
        if let Some(open) = &mut self.open {
            open.crc32.update(content);
            open.sha256.update(content);
            open.header.size += content.len() as u64;
            self.deflater.write(content, &mut self.sink)?;
        }
        Ok(())
    }

    /// Ends the entry that was begun.
    pub(crate) fn end(&mut self) -> Result<Option<Record>> {
        let Some(Open { mut header, crc32, sha256 }) = self.open.take() else { return Ok(None) };
        self.deflater.finish(&mut self.sink)?;
        self.buffer.clear();
        header::encode_local(&mut self.buffer, &header);
        header.packed = self.sink.offset - header.offset - self.buffer.len() as u64;
        header.crc32 = crc32.finalize();
        self.close_entry(header, sha256.finalize().into()).map(Some)
    }

    fn close_entry(&mut self, header: Header, sha256: [u8; 32]) -> Result<Record> {
        let packed_crc32 = std::mem::take(&mut self.sink.crc32).finalize();
        self.buffer.clear();
        header::encode_descriptor(&mut self.buffer, &header);
        self.sink.write_all(&self.buffer)?;
        self.remember(header, sha256, packed_crc32)
    }

    /// Spools a record: the central header, which says its own length, then the hashes.
    fn remember(&mut self, header: Header, sha256: [u8; 32], packed_crc32: u32) -> Result<Record> {
        self.buffer.clear();
        header::encode_central(&mut self.buffer, &header);
        self.spool.write_all(&(self.buffer.len() as u32).to_le_bytes())?;
        self.spool.write_all(&self.buffer)?;
        self.spool.write_all(&sha256)?;
        self.spool.write_all(&packed_crc32.to_le_bytes())?;
        self.count += 1;
        Ok(Record { header, sha256, packed_crc32 })
    }

    /// Number of entries so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Passes the records so far to `each`, which may write to the entry that is open.
    pub(crate) fn replay(&mut self, mut each: impl FnMut(&mut Self, Record) -> Result<()>) -> Result<()> {
        let mut left = self.count;
        let mut position = 0;
        let mut chunk = Vec::new();
        let mut at = 0;
        self.spool.flush()?;
        while left > 0 {
            let Some((record, length)) = decode_record(&chunk[at..])? else {
                chunk.drain(..at);
                at = 0;
                let spool = self.spool.get_mut();
                spool.seek(SeekFrom::Start(position))?;
                let read = Read::by_ref(spool).take(BUFFER as u64).read_to_end(&mut chunk)?;
                if read == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                position += read as u64;
                continue;
            };
            at += length;
            left -= 1;
            each(self, record)?;
        }
        self.spool.get_mut().seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Writes the central directory; returns the sink, flushed.
    pub(crate) fn finish(mut self) -> Result<W> {
        let start = self.sink.offset;
        let mut spool = self.spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        spool.seek(SeekFrom::Start(0))?;
        let mut spool = BufReader::with_capacity(BUFFER, spool);
        for _ in 0..self.count {
            let mut length = [0; 4];
            spool.read_exact(&mut length)?;
            self.buffer.resize(u32::from_le_bytes(length) as usize + HASHES, 0);
            spool.read_exact(&mut self.buffer)?;
            self.sink.write_all(&self.buffer[..self.buffer.len() - HASHES])?;
        }
        self.buffer.clear();
        header::encode_end(&mut self.buffer, self.count, start, self.sink.offset - start);
        self.sink.write_all(&self.buffer)?;
        self.sink.flush()?;
        Ok(self.sink.out.into_inner().map_err(io::IntoInnerError::into_error)?)
    }
}

/// What follows the central header in the spool.
const HASHES: usize = 36;

/// A record and its length in the spool; `None` if there are too few bytes.
fn decode_record(bytes: &[u8]) -> Result<Option<(Record, usize)>> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    let Some((central, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let Some((sha256, rest)) = rest.split_first_chunk::<32>() else { return Ok(None) };
    let Some((packed_crc32, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    Ok(header::decode_central(central)?.map(|central| {
        let record = Record {
            header: central.header,
            sha256: *sha256,
            packed_crc32: u32::from_le_bytes(*packed_crc32),
        };
        (record, 4 + length + HASHES)
    }))
}

/// Reads a content and counts it on the way.
struct Checked<'c> {
    content: &'c mut dyn Read,
    read: u64,
}

impl Checked<'_> {
    /// Fills the buffer unless the content ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
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
    fn compare(&mut self, name: &str, known: &Known, crc32: u32) -> Result<()> {
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
