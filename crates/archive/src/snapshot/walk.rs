//! The WebDAV tree of a snapshot, parents before children, whatever the order of the entries.
//!
//! We write collections before what is in them, so one pass over the directory is enough. The reference writes a
//! collection's `.pmeta` after its children: then there is one pass for each level of depth. Neither needs memory for
//! more than what is out of place.

use std::collections::HashMap;
use std::io::{Read, Seek};

use saibo_model::NodeKind;

use super::layout::{self, Place};
use super::meta::NodeMeta;
use super::reader::SnapshotReader;
use crate::zip::directory::{Cursor, Entry};
use crate::zip::entry::EntryReader;
use crate::{Error, Result};

/// A resource of the tree.
pub struct Resource<'a, R> {
    /// Its path below `20_webdav/`, the box first; empty for the Cell's own.
    pub path: String,
    /// Its `.pmeta`.
    pub meta: NodeMeta,
    /// A file's content.
    pub content: Option<EntryReader<'a, R>>,
}

/// Iterates over the resources. After an error it ends.
pub struct Resources<'a, R> {
    snapshot: &'a SnapshotReader<R>,
    cursor: Cursor,
    /// The level of this pass; `None` if one pass is enough.
    level: Option<usize>,
    /// Files whose content has not come yet, and contents whose `.pmeta` has not.
    files: HashMap<String, NodeMeta>,
    contents: HashMap<String, Entry>,
    ended: bool,
}

impl<'a, R: Read + Seek> Resources<'a, R> {
    pub(crate) fn new(snapshot: &'a SnapshotReader<R>) -> Self {
        Self {
            snapshot,
            cursor: snapshot.cursor(),
            level: (!snapshot.parents_first).then_some(0),
            files: HashMap::new(),
            contents: HashMap::new(),
            ended: false,
        }
    }

    fn advance(&mut self) -> Result<Option<Resource<'a, R>>> {
        loop {
            let Some(entry) = self.cursor.next(&self.snapshot.source, &self.snapshot.limits)? else {
                self.end_pass()?;
                match &mut self.level {
                    Some(level) if *level < self.snapshot.levels => *level += 1,
                    _ => return Ok(None),
                }
                self.cursor = self.snapshot.cursor();
                continue;
            };
            let here = |path: &str| self.level.is_none_or(|level| level == layout::depth(path));
            match self.snapshot.place(entry.name())? {
                Place::Meta(path) if here(path) => {
                    let path = path.to_owned();
                    let meta = NodeMeta::parse(&self.snapshot.small_entry(&entry)?, entry.name())?;
                    check_kind(&path, &meta, entry.name())?;
                    if meta.kind != NodeKind::File {
                        return Ok(Some(Resource { path, meta, content: None }));
                    }
                    match self.contents.remove(&path) {
                        Some(content) => return self.file(path, meta, &content).map(Some),
                        None => self.files.insert(path, meta),
                    };
                }
                Place::Content(path) if here(path) => match self.files.remove_entry(path) {
                    Some((path, meta)) => return self.file(path, meta, &entry).map(Some),
                    None => {
                        self.contents.insert(path.to_owned(), entry);
                    }
                },
                _ => {}
            }
        }
    }

    fn file(&self, path: String, meta: NodeMeta, content: &Entry) -> Result<Resource<'a, R>> {
        // A content that the reference keeps encrypted may have another length there.
        let plain = meta.encryption.as_deref().is_none_or(|encryption| encryption == "NONE");
        if plain && meta.length.is_some_and(|length| length != content.header.size) {
            return Err(Error::corrupt(content.name(), "its length is not what its .pmeta says"));
        }
        let content = EntryReader::open(&self.snapshot.source, content)?;
        Ok(Resource { path, meta, content: Some(content) })
    }

    fn end_pass(&mut self) -> Result<()> {
        if let Some(path) = self.files.keys().next() {
            return Err(Error::missing(layout::folder(path) + layout::CONTENT));
        }
        if let Some(content) = self.contents.values().next() {
            return Err(Error::hostile(content.name(), "content of a collection"));
        }
        Ok(())
    }
}

/// Checks that the Cell is at the root, boxes are below it, and neither is elsewhere.
pub(crate) fn check_kind(path: &str, meta: &NodeMeta, entry: &str) -> Result<()> {
    let fits = match layout::depth(path) {
        0 => meta.kind == NodeKind::Cell,
        1 => meta.kind == NodeKind::Box,
        _ => !matches!(meta.kind, NodeKind::Cell | NodeKind::Box),
    };
    let kind = meta.kind.name();
    if fits {
        Ok(())
    } else {
        Err(Error::malformed(entry, 1, format!("`t` is {kind:?}, which cannot be here")))
    }
}

impl<'a, R: Read + Seek> Iterator for Resources<'a, R> {
    type Item = Result<Resource<'a, R>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
