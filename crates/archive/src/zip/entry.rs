//! Reads the content of one entry, and believes none of its headers until they have proved true.

use std::io::{self, Read, Seek};

use flate2::{Decompress, FlushDecompress, Status};

use super::BUFFER;
use super::directory::Entry;
use super::header::{self, Header};
use super::source::Source;
use crate::{Error, Result};

/// Bytes that an empty content takes when it is deflated.
pub(crate) const EMPTY_DEFLATED: u64 = 2;

/// The content of one entry.
///
/// Size and checksum are compared with the directory's as soon as the last byte is out: whoever has read `size()` bytes
/// without an error has the content that the directory promises. Never gives more than that.
pub struct EntryReader<'a, R> {
    source: &'a Source<R>,
    header: Header,
    inflate: Option<Decompress>,
    input: Vec<u8>,
    at: usize,
    /// Position in the file of what follows `input`.
    position: u64,
    /// Bytes of the entry's data that follow `input`.
    left: u64,
    produced: u64,
    /// Of the content, where it is not what lies in the file.
    crc32: crc32fast::Hasher,
    packed_crc32: crc32fast::Hasher,
    checked: bool,
}

impl<'a, R: Read + Seek> EntryReader<'a, R> {
    /// Checks the local header and stands before the content.
    pub(crate) fn open(source: &'a Source<R>, entry: &Entry) -> Result<Self> {
        let header = &entry.header;
        let data = check_local(source, entry)?;
        if data.checked_add(header.packed).is_none_or(|end| end > entry.end) {
            return Err(Error::hostile(&header.name, "its data overlaps what comes after it"));
        }
        let mut reader = Self {
            source,
            inflate: (header.method == header::DEFLATED).then(|| source.inflater()),
            input: Vec::new(),
            at: 0,
            position: data,
            left: header.packed,
            produced: 0,
            crc32: crc32fast::Hasher::new(),
            packed_crc32: crc32fast::Hasher::new(),
            checked: false,
            header: header.clone(),
        };
        if reader.header.size == 0 {
            reader.finish()?;
        }
        Ok(reader)
    }

    /// Name of the entry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// Length of the content.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.header.size
    }

    /// Checksum of the content, by the directory.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.header.crc32
    }

    /// Reads the next bytes; 0 at the end only.
    ///
    /// # Errors
    /// If the file fails, or the data is not what the directory says of it.
    pub fn read_some(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() || self.checked {
            return Ok(0);
        }
        // The size of the directory is the most that is ever given.
        let room = (self.header.size - self.produced).min(out.len() as u64) as usize;
        let count = self.produce(&mut out[..room])?;
        if count == 0 {
            return Err(self.corrupt("its data ends before its declared size"));
        }
        if self.inflate.is_some() {
            self.crc32.update(&out[..count]);
        }
        self.produced += count as u64;
        if self.produced == self.header.size {
            self.finish()?;
        }
        Ok(count)
    }

    /// The whole content, whose declared size the caller has found acceptable.
    pub(crate) fn read_all(mut self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut buffer = vec![0; BUFFER.min(self.header.size as usize)];
        loop {
            match self.read_some(&mut buffer)? {
                0 => return Ok(content),
                count => content.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// Leaves the data of a stored entry unread: where it ends in the file, and the checksum that it has by the directory.
    pub(crate) fn skip_stored(&self) -> (u64, u32) {
        (self.position + self.left, self.header.crc32)
    }

    /// Where the data ends in the file, and its checksum there. Known when all is read.
    pub(crate) fn packed_end(&self) -> (u64, u32) {
        (self.position, self.packed_crc32.clone().finalize())
    }

    /// Makes content of the data; 0 when there is no more.
    fn produce(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.inflate.is_none() {
            if self.at == self.input.len() && out.len() >= BUFFER {
                return self.read_past_buffer(out);
            }
            self.fill()?;
            let count = out.len().min(self.input.len() - self.at);
            out[..count].copy_from_slice(&self.input[self.at..self.at + count]);
            self.at += count;
            return Ok(count);
        }
        loop {
            self.fill()?;
            let Some(inflate) = &mut self.inflate else { return Ok(0) };
            let (read, made) = (inflate.total_in(), inflate.total_out());
            let ended = self.at == self.input.len();
            let status = inflate.decompress(&self.input[self.at..], out, FlushDecompress::None);
            self.at += (inflate.total_in() - read) as usize;
            let count = (inflate.total_out() - made) as usize;
            match status {
                Err(_) => return Err(self.corrupt("its compressed data is damaged")),
                Ok(_) if count > 0 => return Ok(count),
                Ok(Status::StreamEnd) => return Ok(0),
                Ok(_) if ended => return Err(self.corrupt("its compressed data is cut off")),
                Ok(_) => {}
            }
        }
    }

    /// Reads straight into a large buffer.
    fn read_past_buffer(&mut self, out: &mut [u8]) -> Result<usize> {
        let count = self.left.min(out.len() as u64) as usize;
        if self.source.read_at(self.position, &mut out[..count])? != count {
            return Err(self.corrupt("the file ends within its data"));
        }
        self.packed_crc32.update(&out[..count]);
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }

    fn fill(&mut self) -> Result<()> {
        if self.at < self.input.len() || self.left == 0 {
            return Ok(());
        }
        let count = self.left.min(BUFFER as u64) as usize;
        self.input.resize(count, 0);
        self.at = 0;
        if self.source.read_at(self.position, &mut self.input)? != count {
            return Err(self.corrupt("the file ends within its data"));
        }
        self.packed_crc32.update(&self.input);
        self.position += count as u64;
        self.left -= count as u64;
        Ok(())
    }

    /// Checks that the data is used up exactly where the content is complete, and the checksum.
    fn finish(&mut self) -> Result<()> {
        if self.inflate.is_some() && self.header.packed > 0 && self.produce(&mut [0])? != 0 {
            return Err(self.corrupt("its content is longer than its declared size"));
        }
        if self.at != self.input.len() || self.left != 0 {
            return Err(self.corrupt("more data than content"));
        }
        // What lies in the file as it is, was summed up there.
        let crc32 = if self.inflate.is_some() { &self.crc32 } else { &self.packed_crc32 };
        if crc32.clone().finalize() != self.header.crc32 {
            return Err(self.corrupt("its checksum (CRC-32) differs"));
        }
        self.checked = true;
        Ok(())
    }

    fn corrupt(&self, why: &str) -> Error {
        Error::corrupt(&self.header.name, why)
    }
}

impl<R> Drop for EntryReader<'_, R> {
    fn drop(&mut self) {
        if let Some(inflater) = self.inflate.take() {
            self.source.give_back(inflater);
        }
    }
}

impl<R: Read + Seek> Read for EntryReader<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_some(out)?)
    }
}

/// Reads and compares the local header; returns where the data begins.
fn check_local<R: Read + Seek>(source: &Source<R>, entry: &Entry) -> Result<u64> {
    let bytes = read_local(source, entry)?;
    let (fixed, rest) = bytes.split_at(header::LOCAL_LEN);
    header::check_local(fixed, rest, &entry.header)?;
    Ok(entry.header.offset + bytes.len() as u64)
}

/// The local header's bytes, name and extra fields included.
pub(crate) fn read_local<R: Read + Seek>(source: &Source<R>, entry: &Entry) -> Result<Vec<u8>> {
    let cut = || Error::corrupt(entry.name(), "its local header is cut off");
    // Nearly always the whole of it; a second read is for long extra fields.
    let mut bytes = vec![0; header::LOCAL_LEN + entry.header.name.len() + 32];
    let read = source.read_at(entry.header.offset, &mut bytes)?;
    bytes.truncate(read);
    let lengths = bytes.get(26..header::LOCAL_LEN).ok_or_else(cut)?;
    let length = header::LOCAL_LEN
        + usize::from(u16::from_le_bytes([lengths[0], lengths[1]]))
        + usize::from(u16::from_le_bytes([lengths[2], lengths[3]]));
    if length > bytes.len() {
        bytes.resize(length, 0);
        if source.read_at(entry.header.offset, &mut bytes)? != length {
            return Err(cut());
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}
