//! The pieces of a body that is read by a thread that may block.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bytes::Bytes;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// How many buffers are kept for what comes next: those ahead of the client, and what is being sent.
const KEPT: usize = 4;

/// Reads pieces, into the buffers of those that were sent: for each to have memory of its own, the system would clear that
/// first, which takes nearly as long as reading it.
pub(super) struct Pieces<R> {
    reader: R,
    give_back: SyncSender<Vec<u8>>,
    given_back: Receiver<Vec<u8>>,
}

impl<R: Read> Pieces<R> {
    pub(super) fn new(reader: R) -> Self {
        let (give_back, given_back) = sync_channel(KEPT);
        Self { reader, give_back, given_back }
    }

    /// The next one; an empty one is the end.
    pub(super) fn read(&mut self) -> io::Result<Bytes> {
        let mut buffer = self.given_back.try_recv().unwrap_or_else(|_none| vec![0; PIECE]);
        let length = loop {
            match self.reader.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        Ok(Bytes::from_owner(Piece { buffer, length, give_back: self.give_back.clone() }))
    }
}

/// What was read; its buffer is given back when it was sent.
struct Piece {
    buffer: Vec<u8>,
    length: usize,
    give_back: SyncSender<Vec<u8>>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        // Nobody may read any more, or there are enough.
        let _ = self.give_back.try_send(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_what_is_read_whoever_keeps_which() {
        let content: Vec<u8> = (0..PIECE * 9 + 77).map(|n| (n / 1000) as u8).collect();
        let mut pieces = Pieces::new(content.as_slice());
        let (mut kept, mut all) = (Vec::new(), Vec::new());
        loop {
            let piece = pieces.read().unwrap();
            if piece.is_empty() {
                break;
            }
            all.extend_from_slice(&piece);
            // One of two is kept, and must stay what it is.
            if (all.len() / PIECE).is_multiple_of(2) {
                kept.push((all.len(), piece));
            }
        }
        assert_eq!(all, content);
        for (end, piece) in kept {
            assert_eq!(piece, content[end - piece.len()..end]);
        }
    }

    #[test]
    fn a_failure_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        assert!(Pieces::new(Broken).read().is_err());
    }
}
