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
