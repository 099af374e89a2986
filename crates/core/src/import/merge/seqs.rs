//! A set of row numbers, a bit each: an eighth of a byte for each document of a Cell.

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Seqs(Vec<u64>);

impl Seqs {
    pub(super) fn insert(&mut self, seq: i64) {
        let Ok(seq) = usize::try_from(seq) else { return };
        if self.0.len() <= seq / 64 {
            self.0.resize(seq / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(seq / 64) {
            *word |= 1 << (seq % 64);
        }
    }

    pub(super) fn contains(&self, seq: i64) -> bool {
        let Ok(seq) = usize::try_from(seq) else { return false };
        self.0.get(seq / 64).is_some_and(|word| word >> (seq % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in() {
        let mut seqs = Seqs::default();
        for seq in [0, 63, 64, 1000] {
            assert!(!seqs.contains(seq));
            seqs.insert(seq);
            assert!(seqs.contains(seq) && !seqs.contains(seq + 1));
        }
        assert!(!seqs.contains(-1) && !seqs.contains(i64::MAX));
    }
}
