//! The file itself, which everything that reads from it shares.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use flate2::Decompress;

use crate::Result;

/// A file, and the inflaters that are not in use: setting one up costs more than reading a small entry.
pub(crate) struct Source<R> {
    file: RefCell<R>,
    idle: RefCell<Vec<Decompress>>,
}

impl<R> Source<R> {
    pub(crate) fn new(file: R) -> Self {
        Self { file: RefCell::new(file), idle: RefCell::default() }
    }

    /// An inflater at the beginning of a stream.
    pub(crate) fn inflater(&self) -> Decompress {
        match self.idle.borrow_mut().pop() {
            Some(mut inflater) => {
                inflater.reset(false);
                inflater
            }
            None => Decompress::new(false),
        }
    }

    pub(crate) fn give_back(&self, inflater: Decompress) {
        self.idle.borrow_mut().push(inflater);
    }
}

impl<R: Read + Seek> Source<R> {
    pub(crate) fn length(&self) -> Result<u64> {
        Ok(self.file.borrow_mut().seek(SeekFrom::End(0))?)
    }

    /// Reads at a position until `buffer` is full or the file ends; returns how much was read.
    pub(crate) fn read_at(&self, position: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(position))?;
        let mut done = 0;
        while done < buffer.len() {
            match file.read(&mut buffer[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }
}
