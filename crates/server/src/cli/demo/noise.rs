//! Bytes that look random, are the same each time, and do not shrink: a photo, to a program that packs it.

use std::io::{self, Read};

/// Bytes that follow from a seed.
pub(super) struct Bytes {
    state: u64,
    word: [u8; 8],
    at: u64,
    length: u64,
}

impl Bytes {
    /// So many bytes of a seed.
    pub(super) fn of(seed: u64, length: u64) -> Self {
        // Far from each other, for the sequences of neighbours would be the same but for a step.
        let state = seed.wrapping_add(1).wrapping_mul(0xd134_2543_de82_ef95);
        Self { state, word: [0; 8], at: 0, length }
    }

    /// The next eight: SplitMix64 (Steele, Lea and Flood, 2014).
    fn next_word(&mut self) -> [u8; 8] {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        for byte in buffer.iter_mut().take(count) {
            let at = (self.at % 8) as usize;
            if at == 0 {
                self.word = self.next_word();
            }
            *byte = self.word.get(at).copied().unwrap_or_default();
            self.at += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_do_not_depend_on_how_they_are_read() {
        let mut whole = Vec::new();
        Bytes::of(7, 1003).read_to_end(&mut whole).unwrap();
        let mut pieces = Vec::new();
        let mut bytes = Bytes::of(7, 1003);
        let mut piece = [0; 13];
        loop {
            let count = bytes.read(&mut piece).unwrap();
            if count == 0 {
                break;
            }
            pieces.extend_from_slice(&piece[..count]);
        }
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), 1003);
    }
}
