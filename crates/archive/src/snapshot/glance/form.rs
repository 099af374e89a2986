//! The form of a line: what stands before, between and after its values.

use std::ops::Range;

use super::scan::Scan;
use super::{Glance, Value};

/// What a line has in common with those that have the same members in the same order, of the same kind.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The line without its values.
    text: Vec<u8>,
    /// The values in their order, each with how much of the text comes before it.
    values: Vec<(usize, Value)>,
    /// How far the line was noted.
    noted: usize,
    /// Whether it is one of a line that was taken.
    is_whole: bool,
}

impl Form {
    /// Forgets what was noted. It is the form of no line until [`end`](Self::end).
    pub(super) fn begin(&mut self) {
        self.text.clear();
        self.values.clear();
        (self.noted, self.is_whole) = (0, false);
    }

    /// Notes a value, the next one in the line.
    pub(super) fn note(&mut self, line: &str, value: Value, at: Range<usize>) {
        self.text.extend_from_slice(line.as_bytes().get(self.noted..at.start).unwrap_or_default());
        self.values.push((self.text.len(), value));
        self.noted = at.end;
    }

    /// Notes that the line was taken.
    pub(super) fn end(&mut self, line: &str) {
        self.text.extend_from_slice(line.as_bytes().get(self.noted..).unwrap_or_default());
        self.is_whole = true;
    }

    /// What a line of this form says. It has what a line needs, once each, for the one that was noted had.
    pub(super) fn glance<'a>(&self, line: &'a str, key: &str) -> Option<Glance<'a>> {
        self.is_whole.then_some(())?;
        let (mut scan, mut glance, mut from) = (Scan::new(line), Glance::default(), 0);
        for &(to, value) in &self.values {
            scan.literal(self.text.get(from..to)?)?;
            glance.take(&mut scan, value, key)?;
            from = to;
        }
        scan.literal(self.text.get(from..)?)?;
        scan.is_over().then_some(glance)
    }
}
