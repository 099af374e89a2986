//! Bytes that look random, are the same each time, and do not shrink: a photo, to a program that packs it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A sequence of numbers: SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Noise(u64);

impl Noise {
    /// Of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        // Far from each other, for the sequences of neighbours would be the same but for a step.
        Self(seed.wrapping_add(1).wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Fills a buffer whose length is a multiple of 8.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) {
        for word in buffer.chunks_exact_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
    }
}

/// An id as units make them: 16 bytes that look random, in 22 characters. Ids in order would flatter an index.
pub(super) fn id(kind: u64, number: u64) -> String {
    let mut bytes = [0; 16];
    Noise::of(kind << 48 | number).fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ() {
        let ids: std::collections::HashSet<_> =
            (0..4).flat_map(|kind| (0..500).map(move |n| id(kind, n))).collect();
        assert_eq!(ids.len(), 2000);
        assert!(ids.iter().all(|id| id.len() == 22));
    }
}
