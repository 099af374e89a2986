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
use super::known::{Checked, Known};
use super::record::{HASHES, Record};
use super::standing::{self, Records, Standing, too_short};
use super::time::DosTime;
use crate::{Error, Result};

/// Contents of up to so many bytes are packed in memory, so that their headers have their sizes. A check compares this:
/// it is a part of the format.
pub(crate) const WHOLE: usize = 256 << 10;

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
    /// If it stands already.
    stands: Option<Record>,
}

/// Where in the spool the entries that stand already are, from the next on.
struct Ahead {
    left: u64,
    records: Records,
}

/// Bytes after which the spool is told of the entries in them: so much is written again at most, and an entry, if the
/// writing is cut off.
const FLUSH: u64 = 1 << 20;

pub(crate) struct ZipWriter<W: Write, S: Read + Write + Seek> {
    sink: Sink<W>,
    spool: BufWriter<S>,
    /// Bytes of the spool that count.
    listed: u64,
    /// Where the file was when the spool was last told all.
    flushed: u64,
    time: DosTime,
    count: u64,
    /// What is not written again.
    ahead: Option<Ahead>,
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
            listed: 0,
            flushed: 0,
            time,
            count: 0,
            ahead: None,
            deflater: Deflater::new(),
            open: None,
            buffer: Vec::new(),
        }
    }

    /// Goes on with a zip of which so much stands. The calls are the same from the first entry on; those that stand are
    /// passed over, and must be the same. `out` is behind them.
    pub(crate) fn resume(out: W, mut spool: S, time: DosTime, standing: Standing) -> Result<Self> {
        spool.seek(SeekFrom::Start(0))?;
        let ahead = Ahead { left: standing.count, records: Records::default() };
        Ok(Self { ahead: Some(ahead), ..Self::new(out, spool, time) })
    }

    /// The record of an entry, if it stands: it is passed over then.
    fn pass(&mut self, name: &str) -> Result<Option<Record>> {
        let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.left > 0) else { return Ok(None) };
        let (record, length) = ahead.records.next(self.spool.get_mut())?.ok_or_else(too_short)?;
        if record.header.name != name || record.header.time != self.time {
            return Err(other_than_before(name));
        }
        ahead.left -= 1;
        let is_last = ahead.left == 0;
        self.count += 1;
        self.listed += length;
        self.sink.offset += standing::length_of(&record.header);
        if is_last {
            self.spool.get_mut().seek(SeekFrom::Start(self.listed))?;
        }
        Ok(Some(record))
    }

    /// The same of one whose content is known.
    fn pass_known(&mut self, name: &str, known: &Known) -> Result<Option<Record>> {
        let Some(record) = self.pass(name)? else { return Ok(None) };
        let is_same = record.sha256 == known.sha256
            && record.header.size == known.size
            && record.header.crc32 == known.crc32;
        if is_same { Ok(Some(record)) } else { Err(other_than_before(name)) }
    }

    /// Whether what is added to the entry that is open stands already, and is not looked at.
    pub(crate) fn is_passing(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.stands.is_some())
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
        if self.pass(name)?.is_some() {
            return Ok(());
        }
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
        match self.pass_known(name, &known)? {
            Some(record) => Ok(record),
            None => self.small(name, content, &known, packing),
        }
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
        if let Some(record) = self.pass_known(name, known)? {
            return Ok(record);
        }
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
        let stands = self.pass(name)?;
        let mut header = self.header(name, DEFLATED)?;
        header.flags |= FLAG_DESCRIPTOR;
        if stands.is_none() {
            self.write_local(&header)?;
        }
        self.open = Some(Open { header, crc32: crc32fast::Hasher::new(), sha256: Sha256::new(), stands });
        Ok(())
    }

    /// Adds to the entry that was begun.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<()> {
        if let Some(open) = self.open.as_mut().filter(|open| open.stands.is_none()) {
            open.crc32.update(content);
            open.sha256.update(content);
            open.header.size += content.len() as u64;
            self.deflater.write(content, &mut self.sink)?;
        }
        Ok(())
    }

    /// Ends the entry that was begun.
    pub(crate) fn end(&mut self) -> Result<Option<Record>> {
        let Some(Open { mut header, crc32, sha256, stands }) = self.open.take() else { return Ok(None) };
        if stands.is_some() {
            return Ok(stands);
        }
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

    /// Spools a record.
    fn remember(&mut self, header: Header, sha256: [u8; 32], packed_crc32: u32) -> Result<Record> {
        let record = Record { header, sha256, packed_crc32 };
        self.buffer.clear();
        record.encode(&mut self.buffer);
        self.spool.write_all(&self.buffer)?;
        self.listed += self.buffer.len() as u64;
        self.count += 1;
        if self.sink.offset > self.flushed + FLUSH {
            self.spool.flush()?;
            self.flushed = self.sink.offset;
        }
        Ok(record)
    }

    /// Number of entries so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Passes the records so far to `each`, which may write to the entry that is open.
    pub(crate) fn replay(&mut self, mut each: impl FnMut(&mut Self, Record) -> Result<()>) -> Result<()> {
        self.spool.flush()?;
        let mut records = Records::default();
        for _ in 0..self.count {
            let (record, _length) = records.next(self.spool.get_mut())?.ok_or_else(too_short)?;
            each(self, record)?;
        }
        self.spool.get_mut().seek(SeekFrom::Start(self.listed))?;
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

fn other_than_before(name: &str) -> Error {
    Error::unwritable(name, "what was written before goes on otherwise")
}
