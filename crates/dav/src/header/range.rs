//! `Range` and `Content-Range` (RFC 9110 §14).
//!
//! One range is served. The API answers several by 501, which the RFC would rather see ignored; what is not a
//! valid `Range` is ignored, as the RFC says.

use std::fmt;

use saibo_model::{ErrorCode, Result};

/// More ranges than this are taken for an attack (RFC 9110 §14.2) and ignored.
const MAX_RANGES: usize = 13;

/// What of a file a GET asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of it: 200.
    Whole,
    /// A part of it: 206.
    Part(ByteRange),
}

/// A part of a file. As text it is the value of `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Position of its first byte.
    pub first: u64,
    /// Position of its last byte, included; at least `first`.
    pub last: u64,
    /// Length of the whole file, more than `last`.
    pub complete: u64,
}

impl ByteRange {
    /// How many bytes it has.
    #[must_use]
    pub fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.first, self.last, self.complete)
    }
}

impl Selection {
    /// What the header selects of a file of that length.
    ///
    /// # Errors
    /// `PR416-DV-0001` if no range lies in the file, `PR501-MC-0002` if several do.
    pub fn parse(value: Option<&str>, complete: u64) -> Result<Self> {
        let Some(specs) = value.and_then(specs) else { return Ok(Self::Whole) };
        let mut satisfiable = specs.iter().filter_map(|spec| spec.within(complete));
        match (satisfiable.next(), satisfiable.next()) {
            (Some(range), None) => Ok(Self::Part(range)),
            (Some(_), Some(_)) => Err(ErrorCode::NotImplemented.with(["Range-MultiPart"])),
            (None, _) => Err(ErrorCode::RangeNotSatisfiable.into()),
        }
    }
}

/// One range as it was asked for.
#[derive(Clone, Copy)]
enum Spec {
    /// `first-` or `first-last`.
    From(u64, u64),
    /// `-length`: so many bytes at the end.
    Suffix(u64),
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first.trim(), last.trim()) {
            ("", "") => None,
            ("", length) => Some(Self::Suffix(position(length)?)),
            (first, "") => Some(Self::From(position(first)?, u64::MAX)),
            (first, last) => {
                let (first, last) = (position(first)?, position(last)?);
                (first <= last).then_some(Self::From(first, last))
            }
        }
    }

    fn within(self, complete: u64) -> Option<ByteRange> {
        let end = complete.checked_sub(1)?;
        let (first, last) = match self {
            Self::From(first, last) => (first, last.min(end)),
            Self::Suffix(length) => (complete.saturating_sub(length), end),
        };
        (first <= last).then_some(ByteRange { first, last, complete })
    }
}

/// Digits alone, so no sign; more of them than fit lie beyond any file.
fn position(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX))
}

/// The ranges of a valid header.
fn specs(value: &str) -> Option<Vec<Spec>> {
    let set = value.trim().strip_prefix("bytes")?.trim_start().strip_prefix('=')?;
    if set.split(',').nth(MAX_RANGES).is_some() {
        return None;
    }
    set.split(',').map(|spec| Spec::parse(spec.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let whole = Ok(None);
        let part = |first, last| Ok(Some((first, last)));
        let many = format!("bytes={}", vec!["1-2"; 14].join(","));
        let cases = [
            (None, 14, whole),
            (Some("bytes=2-10"), 14, part(2, 10)),
            (Some("bytes = 2 - 10 "), 14, part(2, 10)),
            (Some("bytes=2-"), 14, part(2, 13)),
            (Some("bytes=0-99"), 14, part(0, 13)),
            (Some("bytes=0-99999999999999999999999"), 14, part(0, 13)),
            (Some("bytes=-4"), 14, part(10, 13)),
            (Some("bytes=-99"), 14, part(0, 13)),
            (Some("bytes=13-13"), 14, part(13, 13)),
            (Some("bytes=13-13,99-"), 14, part(13, 13)),
            (Some("bytes=14-"), 14, Err(ErrorCode::RangeNotSatisfiable)),
            (Some("bytes=114-124"), 14, Err(ErrorCode::RangeNotSatisfiable)),
            (Some("bytes=-0"), 14, Err(ErrorCode::RangeNotSatisfiable)),
            (Some("bytes=0-"), 0, Err(ErrorCode::RangeNotSatisfiable)),
            (Some("bytes=1-2,3-4"), 14, Err(ErrorCode::NotImplemented)),
            (Some("bytes=a-b,1-2"), 14, whole),
            (Some("bytes=+1-2"), 14, whole),
            (Some("bytes=3-2"), 14, whole),
            (Some("bytes=-"), 14, whole),
            (Some("bytes="), 14, whole),
            (Some("bytes=1"), 14, whole),
            (Some("bytes=1-2-3"), 14, whole),
            (Some("items=1-2"), 14, whole),
            (Some(""), 14, whole),
            (Some(&many), 14, whole),
        ];
        for (value, complete, expected) in cases {
            let actual =
                Selection::parse(value, complete).map_err(|e| e.code()).map(|selection| match selection {
                    Selection::Whole => None,
                    Selection::Part(range) => Some((range.first, range.last)),
                });
            assert_eq!(actual, expected, "{value:?} of {complete}");
        }
    }

    #[test]
    fn content_range() {
        let range = ByteRange { first: 2, last: 10, complete: 14 };
        assert_eq!((range.length(), range.to_string().as_str()), (9, "bytes 2-10/14"));
    }
}
