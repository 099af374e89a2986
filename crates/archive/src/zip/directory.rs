//! The central directory of an archive that nobody vouches for: where it is, and its entries one after the other.
//!
//! Entries are never all in memory. The [`Cursor`] checks each by itself and against the one before: they must stand in
//! the order of their data and must not overlap, as every program that writes a zip from front to back has them.

use std::io::{Read, Seek};

use super::header::{self, Fields, Header};
use super::source::Source;
use super::{BUFFER, entry};
use crate::{Error, Limits, Result};

/// Where the central directory is.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) start: u64,
    pub(crate) size: u64,
    pub(crate) count: u64,
    /// Whether its end records are what our writer would have written.
    pub(crate) canonical: bool,
}

impl Directory {
    /// Finds the directory from the end of the file.
    pub(crate) fn locate<R: Read + Seek>(source: &Source<R>) -> Result<Self> {
        let length = source.length()?;
        let tail_start = length.saturating_sub((header::END_LEN + usize::from(u16::MAX) + 128) as u64);
        let mut tail = vec![0; (length - tail_start) as usize];
        let read = source.read_at(tail_start, &mut tail)?;
        tail.truncate(read);

        let Some(end) = find_end(&tail) else {
            let mut magic = [0; 4];
            let read = source.read_at(0, &mut magic)?;
            let zip = read == 4 && u32::from_le_bytes(magic) == header::LOCAL;
            return Err(if zip {
                Error::truncated("its central directory is missing")
            } else {
                Error::NotAZip
            });
        };
        let end_at = tail_start + end as u64;
        let damaged = || Error::truncated("the end of its central directory is damaged");
        let (mut directory, numbers) = parse_end(&tail[end..]).ok_or_else(damaged)?;

        let mut records_at = end_at;
        if let Some(locator) = end.checked_sub(header::LOCATOR64_LEN).and_then(|at| tail.get(at..end))
            && let Some(end64_at) = parse_locator(locator)
        {
            let mut record = [0; header::END64_LEN];
            if source.read_at(end64_at, &mut record)? != record.len() {
                return Err(damaged());
            }
            let large = parse_end64(&record).ok_or_else(damaged)?;
            // What the plain record says must be the same, or a sentinel.
            let agree = |short: u32, sentinel: u32, long: u64| short == sentinel || u64::from(short) == long;
            if !agree(numbers.0, u16::MAX.into(), large.count)
                || !agree(numbers.1, header::SENTINEL, large.size)
                || !agree(numbers.2, header::SENTINEL, large.start)
            {
                return Err(damaged());
            }
            directory = large;
            records_at = end64_at;
        }
        if directory.start.checked_add(directory.size) != Some(records_at) {
            return Err(Error::truncated("its central directory is not where the end of the file says"));
        }
        if directory.count.checked_mul(header::CENTRAL_LEN as u64).is_none_or(|least| least > directory.size)
        {
            return Err(Error::truncated("its central directory is too small for its entries"));
        }
        let mut canonical = Vec::new();
        header::encode_end(&mut canonical, directory.count, directory.start, directory.size);
        directory.canonical = records_at
            .checked_sub(tail_start)
            .and_then(|at| tail.get(usize::try_from(at).ok()?..))
            .is_some_and(|records| records == canonical);
        Ok(directory)
    }
}

/// The last place where an end record fits exactly, comment included.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(header::END_LEN)?;
    (0..=last).rev().find(|&at| {
        let comment = tail.len() - at - header::END_LEN;
        tail[at..].starts_with(&header::END.to_le_bytes())
            && tail[at + 20..at + 22] == u16::try_from(comment).unwrap_or(u16::MAX).to_le_bytes()
    })
}

/// The end record, and its numbers of entries, size and start as they stand there.
fn parse_end(bytes: &[u8]) -> Option<(Directory, (u32, u32, u32))> {
    let mut fields = Fields(bytes);
    let _signature = fields.u32()?;
    let (disk, first_disk) = (fields.u16()?, fields.u16()?);
    let (here, count) = (fields.u16()?, fields.u16()?);
    let (size, start) = (fields.u32()?, fields.u32()?);
    if disk != first_disk || disk != 0 || here != count {
        return None;
    }
    let directory =
        Directory { start: start.into(), size: size.into(), count: count.into(), canonical: false };
    Some((directory, (count.into(), size, start)))
}

fn parse_locator(bytes: &[u8]) -> Option<u64> {
    let mut fields = Fields(bytes);
    let signature = fields.u32()?;
    let _disk = fields.u32()?;
    let position = fields.u64()?;
    (signature == header::LOCATOR64).then_some(position)
}

fn parse_end64(bytes: &[u8]) -> Option<Directory> {
    let mut fields = Fields(bytes);
    let signature = fields.u32()?;
    let length = fields.u64()?;
    let _versions = fields.u32()?;
    let (disk, first_disk) = (fields.u32()?, fields.u32()?);
    let (here, count) = (fields.u64()?, fields.u64()?);
    let (size, start) = (fields.u64()?, fields.u64()?);
    let fits = signature == header::END64 && length == header::END64_LEN as u64 - 12;
    (fits && disk == 0 && first_disk == 0 && here == count).then_some(Directory {
        start,
        size,
        count,
        canonical: false,
    })
}

/// An entry of the central directory, with what its neighbours tell of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    /// Where the next entry, or the central directory, begins: its data ends there at the latest.
    pub(crate) end: u64,
    /// Whether its central header is what our writer would have written.
    pub(crate) canonical: bool,
}

impl Entry {
    pub(crate) fn name(&self) -> &str {
        &self.header.name
    }
}

/// Reads the central directory from front to back.
pub(crate) struct Cursor {
    directory: Directory,
    /// Position in the file of what follows the buffer.
    position: u64,
    buffer: Vec<u8>,
    at: usize,
    left: u64,
    ahead: Option<Entry>,
}

impl Cursor {
    pub(crate) fn new(directory: &Directory) -> Self {
        Self {
            directory: directory.clone(),
            position: directory.start,
            buffer: Vec::new(),
            at: 0,
            left: directory.count,
            ahead: None,
        }
    }

    /// The next entry.
    pub(crate) fn next<R: Read + Seek>(
        &mut self,
        source: &Source<R>,
        limits: &Limits,
    ) -> Result<Option<Entry>> {
        let Some(mut entry) = (match self.ahead.take() {
            Some(entry) => Some(entry),
            None => self.parse(source, limits)?,
        }) else {
            return Ok(None);
        };
        self.ahead = self.parse(source, limits)?;
        if let Some(next) = &self.ahead {
            entry.end = next.header.offset;
        }
        let least = (header::LOCAL_LEN + entry.header.name.len()) as u64;
        let needed = least.saturating_add(entry.header.packed).saturating_add(entry.header.offset);
        if needed > entry.end {
            return Err(Error::hostile(entry.name(), "its data overlaps what comes after it"));
        }
        Ok(Some(entry))
    }

    fn parse<R: Read + Seek>(&mut self, source: &Source<R>, limits: &Limits) -> Result<Option<Entry>> {
        if self.left == 0 {
            let end = self.directory.start + self.directory.size;
            let read_to = self.position - (self.buffer.len() - self.at) as u64;
            if read_to != end {
                return Err(Error::truncated("its central directory holds more than its entries"));
            }
            return Ok(None);
        }
        let central = loop {
            if let Some(central) = header::decode_central(&self.buffer[self.at..])? {
                break central;
            }
            self.fill(source)?;
        };
        let record = &self.buffer[self.at..self.at + central.length];
        let mut canonical = Vec::with_capacity(record.len());
        header::encode_central(&mut canonical, &central.header);
        let canonical = canonical == record;
        self.at += central.length;
        self.left -= 1;
        check(&central, limits)?;
        Ok(Some(Entry { header: central.header, end: self.directory.start, canonical }))
    }

    fn fill<R: Read + Seek>(&mut self, source: &Source<R>) -> Result<()> {
        let end = self.directory.start + self.directory.size;
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        let more = (BUFFER as u64).min(end - self.position) as usize;
        self.buffer.resize(kept + more, 0);
        let read = source.read_at(self.position, &mut self.buffer[kept..])?;
        if more == 0 || read != more {
            return Err(Error::truncated("its central directory is cut off"));
        }
        self.position += more as u64;
        Ok(())
    }
}

/// Checks what an entry alone can tell.
fn check(central: &header::Central, limits: &Limits) -> Result<()> {
    let header = &central.header;
    let name = header.name.as_str();
    if header.flags & header::FLAGS_ENCRYPTED != 0 {
        return Err(Error::unsupported(name, "encrypted"));
    }
    if header.flags & header::FLAG_PATCH != 0 || !matches!(header.method, header::STORED | header::DEFLATED) {
        return Err(Error::unsupported(name, format!("compression method {}", header.method)));
    }
    check_mode(header, central.mode)?;
    if header.size > limits.max_entry_bytes {
        return Err(Error::limit(name, "size of an entry", limits.max_entry_bytes));
    }
    if header.method == header::STORED && header.size != header.packed {
        return Err(Error::hostile(name, "it is stored, but its two sizes differ"));
    }
    if header.is_folder() && (header.size != 0 || header.packed > entry::EMPTY_DEFLATED) {
        return Err(Error::hostile(name, "a folder with content"));
    }
    if header.size > limits.ratio_floor && header.size / limits.max_ratio.max(1) > header.packed {
        return Err(Error::limit(name, "compression ratio", limits.max_ratio));
    }
    Ok(())
}

/// Folders and plain files only: no links, devices or sockets.
fn check_mode(header: &Header, mode: u32) -> Result<()> {
    const FORMAT: u32 = 0o170_000;
    match (mode & FORMAT, header.is_folder()) {
        (0, _) | (0o040_000, true) | (0o100_000, false) => Ok(()),
        (0o120_000, _) => Err(Error::hostile(&header.name, "a symbolic link")),
        _ => Err(Error::hostile(&header.name, format!("a special file (mode {mode:o})"))),
    }
}
