//! Entity tags with `If-Match` and `If-None-Match` (RFC 9110 §8.8.3, §13.1), as the API uses them for files and
//! collections: strong ones, which also match when sent back as weak.

use std::fmt;

use saibo_model::{ErrorCode, Result};

/// The entity tag of a resource: `"version-updated"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    /// The resource's version.
    pub version: i64,
    /// When it was last changed, ms since 1970.
    pub updated: i64,
}

impl ETag {
    /// Checks `If-Match` before a PUT, DELETE or MOVE. `*` is as good as no header, even where there is
    /// nothing yet: a PUT with `If-Match: *` creates a file (API page 312).
    ///
    /// # Errors
    /// `PR412-DV-0001` if the header names other versions than this one.
    pub fn check_if_match(self, value: Option<&str>) -> Result<()> {
        match value {
            None | Some("*") => Ok(()),
            Some(value) if self.is_listed_in(value) => Ok(()),
            Some(_) => Err(ErrorCode::ResourceEtagMismatch.into()),
        }
    }

    /// Whether a GET with this `If-None-Match` is to be answered by 304. `*` never is: clients send it with
    /// every GET and expect the content (API page 311).
    #[must_use]
    pub fn is_not_modified(self, if_none_match: Option<&str>) -> bool {
        if_none_match.is_some_and(|value| self.is_listed_in(value))
    }

    /// None of these tags has a comma in it, so the list may simply be split.
    fn is_listed_in(self, list: &str) -> bool {
        let own = self.to_string();
        list.split(',').map(str::trim).any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == own)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.version, self.updated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: ETag = ETag { version: 2, updated: 1_795_488_289_606 };

    #[test]
    fn cases() {
        // Value, If-Match holds, If-None-Match is 304.
        let cases = [
            (None, true, false),
            (Some("*"), true, false),
            (Some("\"2-1795488289606\""), true, true),
            (Some("W/\"2-1795488289606\""), true, true),
            (Some("\"1-1\", \"2-1795488289606\""), true, true),
            (Some("\"2-1795488289606\"dummy"), false, false),
            (Some("2-1795488289606"), false, false),
            (Some("\"1-1795488289606\""), false, false),
            (Some("w/\"2-1795488289606\""), false, false),
            (Some("abc!abc!"), false, false),
            (Some(""), false, false),
        ];
        for (value, matches, not_modified) in cases {
            assert_eq!(TAG.check_if_match(value).is_ok(), matches, "{value:?}");
            assert_eq!(TAG.is_not_modified(value), not_modified, "{value:?}");
        }
    }
}
