//! A line of `90_saibo/removed.jsonl`: something that the base of an incremental snapshot may have, and that is not
//! there any more. What is put by the same snapshot comes after.

use std::io::{Read, Seek};

use saibo_model::{Id, Kind, Removed};
use serde::Deserialize;

use super::layout;
use super::lines::Lines;
use crate::json::ObjectWriter;
use crate::zip::entry::EntryReader;
use crate::{Error, Result};

/// What links are called.
const LINK: &str = "link";
/// What WebDAV resources are called.
const NODE: &str = "resource";

/// Appends a line, without its line feed.
pub(crate) fn write(removed: &Removed, out: &mut Vec<u8>) {
    let mut line = ObjectWriter::open(out);
    match removed {
        Removed::Document { kind, id } => {
            line.string("type", kind.name());
            line.string("id", id.as_str());
        }
        Removed::Link { first, second } => {
            line.string("type", LINK);
            line.strings("ids", [first.as_str(), second.as_str()].into_iter());
        }
        Removed::Node { id } => {
            line.string("type", NODE);
            line.string("id", id.as_str());
        }
    }
    line.close();
}

/// Reads a line.
pub(crate) fn parse(line: &str, number: u64) -> Result<Removed> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        r#type: String,
        id: Option<String>,
        ids: Option<[String; 2]>,
    }
    let malformed = |why: &dyn std::fmt::Display| Error::malformed(layout::REMOVED, number, why);
    let Line { r#type, id, ids } = serde_json::from_str(line).map_err(|e| malformed(&e))?;
    match (r#type.as_str(), id, ids) {
        (LINK, None, Some([first, second])) => {
            Ok(Removed::Link { first: Id::from(first), second: Id::from(second) })
        }
        (NODE, Some(id), None) => Ok(Removed::Node { id: Id::from(id) }),
        (kind, Some(id), None) => match Kind::from_name(kind) {
            Some(kind) if kind != Kind::Cell => Ok(Removed::Document { kind, id: Id::from(id) }),
            _ => Err(malformed(&format_args!("`type` is {kind:?}, which cannot be removed"))),
        },
        _ => Err(malformed(&"neither an `id` nor the two `ids` of a link")),
    }
}

/// What was removed since the base of an incremental snapshot.
pub struct Removals<'a, R> {
    lines: Lines<EntryReader<'a, R>>,
}

impl<'a, R: Read + Seek> Removals<'a, R> {
    pub(crate) fn new(reader: EntryReader<'a, R>, limit: usize) -> Self {
        let size = reader.size();
        Self { lines: Lines::new(reader, layout::REMOVED, size, limit) }
    }

    /// The next.
    ///
    /// # Errors
    /// If the entry is damaged, or the line is too long or not of the right shape.
    pub fn read(&mut self) -> Result<Option<Removed>> {
        let number = self.lines.number() + 1;
        self.lines.next()?.map(|line| parse(line, number)).transpose()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for removed in [
            Removed::Document { kind: Kind::Role, id: Id::from("a") },
            Removed::Link { first: Id::from("a"), second: Id::from("b\"c") },
            Removed::Node { id: Id::from("ü") },
        ] {
            let mut line = Vec::new();
            write(&removed, &mut line);
            assert_eq!(parse(std::str::from_utf8(&line).unwrap(), 1).unwrap(), removed);
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for line in [
            "{}",
            r#"{"type":"Role"}"#,
            r#"{"type":"Cell","id":"a"}"#,
            r#"{"type":"Nothing","id":"a"}"#,
            r#"{"type":"link","id":"a"}"#,
            r#"{"type":"link","ids":["a"]}"#,
            r#"{"type":"Role","id":"a","ids":["a","b"]}"#,
            r#"{"type":"Role","id":"a","more":1}"#,
        ] {
            let error = parse(line, 7).unwrap_err().to_string();
            assert!(error.starts_with("90_saibo/removed.jsonl: line 7: "), "{line}: {error}");
        }
    }
}
