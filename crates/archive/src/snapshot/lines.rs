//! Document entries, line by line, in a buffer that is used again.

use std::io::{Read, Seek};

use saibo_model::Kind;

use super::document::DocumentLine;
use super::layout;
use super::link::LinkLine;
use crate::zip::BUFFER;
use crate::zip::entry::EntryReader;
use crate::{Error, Result};

/// Splits a stream into lines of a limited length.
pub(crate) struct Lines<T> {
    input: T,
    entry: String,
    limit: usize,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer, and where the buffer's content ends.
    start: usize,
    end: usize,
    number: u64,
    bytes: u64,
}

impl<T: Read> Lines<T> {
    /// `size` is that of the whole input, so that a small one gets a small buffer.
    pub(crate) fn new(input: T, entry: &str, size: u64, limit: usize) -> Self {
        Self {
            input,
            entry: entry.to_owned(),
            limit,
            buffer: vec![0; (BUFFER as u64).min(size.saturating_add(1)) as usize],
            start: 0,
            end: 0,
            number: 0,
            bytes: 0,
        }
    }

    /// The next line, without its line feed.
    pub(crate) fn next(&mut self) -> Result<Option<&str>> {
        // What was searched before the buffer was filled up need not be searched again.
        let mut searched = self.start;
        let (line_end, next) = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                break (searched + at, searched + at + 1);
            }
            searched = self.end - self.start;
            if searched > self.limit {
                return Err(Error::limit(&self.entry, "length of a line", self.limit as u64));
            }
            if !self.fill()? {
                if self.start == self.end {
                    return Ok(None);
                }
                break (self.end, self.end);
            }
        };
        let line = self.start..line_end;
        self.number += 1;
        self.bytes += (next - self.start) as u64;
        self.start = next;
        if line.len() > self.limit {
            return Err(Error::limit(&self.entry, "length of a line", self.limit as u64));
        }
        match std::str::from_utf8(&self.buffer[line]) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(Error::malformed(&self.entry, self.number, "not UTF-8")),
        }
    }

    /// The next lines, as many as are there at once, but one at least; false if there are no more.
    pub(crate) fn next_block(&mut self, block: &mut Block) -> Result<bool> {
        block.bytes.clear();
        block.entry.clone_from(&self.entry);
        (block.limit, block.first) = (self.limit, self.number + 1);
        let end = loop {
            if let Some(at) = memchr::memrchr(b'\n', &self.buffer[self.start..self.end]) {
                break self.start + at + 1;
            }
            if self.end - self.start > self.limit {
                return Err(Error::limit(&self.entry, "length of a line", self.limit as u64));
            }
            if !self.fill()? {
                if self.start == self.end {
                    return Ok(false);
                }
                break self.end;
            }
        };
        block.bytes.extend_from_slice(&self.buffer[self.start..end]);
        self.bytes += (end - self.start) as u64;
        self.start = end;
        let feeds = memchr::memchr_iter(b'\n', &block.bytes).count();
        self.number += (feeds + usize::from(block.bytes.last() != Some(&b'\n'))) as u64;
        Ok(true)
    }

    /// Moves what is left to the front and reads more after it; false at the end.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() == self.end {
            self.buffer.resize(2 * self.end + BUFFER, 0);
        }
        let count = self.input.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count > 0)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn into_inner(self) -> T {
        self.input
    }
}

/// Lines that were read at once, to be looked at elsewhere than where they were read.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    entry: String,
    limit: usize,
    /// Number of the first line.
    first: u64,
}

impl Block {
    /// Bytes of the lines.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The lines, without their line feeds, each with its number; what is not UTF-8 is the last.
    pub fn lines(&self) -> impl Iterator<Item = Result<(u64, &str)>> {
        let (text, is_whole) = match std::str::from_utf8(&self.bytes) {
            Ok(text) => (text, true),
            Err(error) => {
                // All that come before the line.
                let valid = self.bytes.get(..error.valid_up_to()).unwrap_or_default();
                let end = memchr::memrchr(b'\n', valid).map_or(0, |at| at + 1);
                (std::str::from_utf8(&valid[..end]).unwrap_or_default(), false)
            }
        };
        let wrong = (!is_whole).then(|| {
            let number = self.first + memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
            Err(Error::malformed(&self.entry, number, "not UTF-8"))
        });
        let (mut rest, mut number) = (text, self.first);
        let lines = std::iter::from_fn(move || {
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = rest.get(..end).filter(|_| !rest.is_empty())?;
            rest = rest.get(end + 1..).unwrap_or_default();
            number += 1;
            Some((line, number - 1))
        });
        let lines = lines.map(|(line, number)| {
            if line.len() > self.limit {
                return Err(Error::limit(&self.entry, "length of a line", self.limit as u64));
            }
            Ok((number, line))
        });
        lines.chain(wrong)
    }
}

/// The documents of one kind.
pub struct Documents<'a, R> {
    lines: Lines<EntryReader<'a, R>>,
    kind: Kind,
}

impl<'a, R: Read + Seek> Documents<'a, R> {
    pub(crate) fn new(reader: EntryReader<'a, R>, kind: Kind, limit: usize) -> Self {
        let size = reader.size();
        Self { lines: Lines::new(reader, layout::documents(kind), size, limit), kind }
    }

    /// The next lines, as many as there are at once, unparsed; false if there are no more.
    ///
    /// # Errors
    /// If the entry is damaged, or a line is too long.
    pub fn read_block(&mut self, block: &mut Block) -> Result<bool> {
        self.lines.next_block(block)
    }

    /// Bytes of all lines.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.input.size()
    }

    /// The next document; it borrows from the line.
    ///
    /// # Errors
    /// If the entry is damaged, or the line is too long or not of the right shape.
    pub fn read(&mut self) -> Result<Option<DocumentLine<'_>>> {
        let number = self.lines.number + 1;
        match self.lines.next()? {
            Some(line) => {
                DocumentLine::parse(line, self.kind, layout::documents(self.kind), number).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Number of lines read.
    #[must_use]
    pub fn lines_read(&self) -> u64 {
        self.lines.number
    }

    /// Bytes of the lines read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes
    }
}

/// The many-to-many links.
pub struct Links<'a, R> {
    lines: Lines<EntryReader<'a, R>>,
}

impl<'a, R: Read + Seek> Links<'a, R> {
    pub(crate) fn new(reader: EntryReader<'a, R>, limit: usize) -> Self {
        let size = reader.size();
        Self { lines: Lines::new(reader, layout::LINKS, size, limit) }
    }

    /// The next lines, as many as there are at once, unparsed; false if there are no more.
    ///
    /// # Errors
    /// If the entry is damaged, or a line is too long.
    pub fn read_block(&mut self, block: &mut Block) -> Result<bool> {
        self.lines.next_block(block)
    }

    /// Bytes of all lines.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.input.size()
    }

    /// The next link; it borrows from the line.
    ///
    /// # Errors
    /// If the entry is damaged, or the line is too long or not of the right shape.
    pub fn read(&mut self) -> Result<Option<LinkLine<'_>>> {
        let number = self.lines.number + 1;
        match self.lines.next()? {
            Some(line) => LinkLine::parse(line, number).map(Some),
            None => Ok(None),
        }
    }

    /// Number of lines read.
    #[must_use]
    pub fn lines_read(&self) -> u64 {
        self.lines.number
    }

    /// Bytes of the lines read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes
    }
}
