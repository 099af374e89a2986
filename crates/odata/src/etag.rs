//! Entity tags: `W/"version-updated"` (RFC 9110, 8.8.3), and the conditions on them.

use saibo_model::{ErrorCode, Result};

/// The entity tag of a version of a document.
#[must_use]
pub fn format(version: i64, updated: i64) -> String {
    format!("W/\"{version}-{updated}\"")
}

/// The condition of an `If-Match` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version: the header is `*` or absent.
    Any,
    /// Only this version.
    Version {
        /// How many changes there were.
        version: i64,
        /// When the last one was, in ms.
        updated: i64,
    },
}

impl IfMatch {
    /// Reads the header. Only one weak tag of this API's form is accepted.
    ///
    /// # Errors
    /// 412-OD-0002 for anything else, since no document has such a tag.
    pub fn parse(header: Option<&str>) -> Result<Self> {
        let tag = match header {
            None | Some("*") => return Ok(Self::Any),
            Some(tag) => tag,
        };
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
        tag.strip_prefix("W/\"")
            .and_then(|tag| tag.strip_suffix('"'))
            .and_then(|tag| tag.split_once('-'))
            .and_then(|(version, updated)| {
                Some(Self::Version { version: number(version)?, updated: number(updated)? })
            })
            .ok_or_else(|| ErrorCode::EntityEtagMismatch.into())
    }

    /// Checks a document against it.
    ///
    /// # Errors
    /// 412-OD-0002 if it is of another version.
    pub fn check(self, version: i64, updated: i64) -> Result<()> {
        if self == Self::Any || self == (Self::Version { version, updated }) {
            Ok(())
        } else {
            Err(ErrorCode::EntityEtagMismatch.into())
        }
    }
}

/// Whether an `If-None-Match` header names the document's tag, so that a GET is answered 304. The API
/// compares the header as a whole; `*` matches nothing, since clients send it to get past caches.
#[must_use]
pub fn none_match(header: Option<&str>, version: i64, updated: i64) -> bool {
    header.is_some_and(|header| header == format(version, updated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match() {
        assert_eq!(IfMatch::parse(None).unwrap(), IfMatch::Any);
        assert_eq!(IfMatch::parse(Some("*")).unwrap(), IfMatch::Any);
        let tag = format(2, 1_795_488_071_222);
        let condition = IfMatch::parse(Some(&tag)).unwrap();
        assert!(condition.check(2, 1_795_488_071_222).is_ok());
        for (version, updated) in [(1, 1_795_488_071_222), (2, 1)] {
            assert_eq!(condition.check(version, updated).unwrap_err().code(), ErrorCode::EntityEtagMismatch);
        }
        for header in ["", "hoge", "\"1-2\"", "W/\"11795487547761\"", "W/\"a-b\"", "W/\"1-2\", W/\"1-3\""] {
            assert_eq!(
                IfMatch::parse(Some(header)).unwrap_err().code(),
                ErrorCode::EntityEtagMismatch,
                "{header}"
            );
        }
    }

    #[test]
    fn if_none_match() {
        assert!(none_match(Some("W/\"1-2\""), 1, 2));
        assert!(!none_match(Some("*"), 1, 2));
        assert!(!none_match(None, 1, 2));
    }
}
