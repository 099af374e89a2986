//! Writes a snapshot from front to back.
//!
//! The caller gives documents, links and resources in the order of the file and the writer makes the entries. It holds
//! nothing but buffers and the counts: the list of entries waits in a spool, which may be a temporary file.

use std::io::{Read, Seek, Write};

use ed25519_dalek::SigningKey;
use saibo_model::node::{Content, NodeKind};
use saibo_model::{Kind, Moment, Removed};

use super::counts::Counts;
use super::document::DocumentLine;
use super::layout;
use super::link::LinkLine;
use super::manifest::{
    Base, ContentRoot, ExportManifest, ListedEntry, Manifest, ManifestSignature, Selection,
};
use super::meta::NodeMeta;
use super::removed;
use crate::zip::BUFFER;
use crate::zip::deflate::is_packed_type;
use crate::zip::header::{Header, STORED};
use crate::zip::known::Known;
use crate::zip::standing::Standing;
use crate::zip::time::DosTime;
use crate::zip::writer::{Packing, ZipWriter};
use crate::{Error, Limits, Result};

/// Where a snapshot comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// URL of the unit, with a slash at its end.
    pub unit_url: String,
    /// URL of the Cell, with a slash at its end.
    pub cell_url: String,
    /// When it is made, ms since 1970; also the time of every entry of the zip.
    pub created: i64,
    /// Name and version of the program.
    pub tool: String,
    /// What of the Cell it will hold.
    pub selection: Selection,
    /// The moment that it is of, where a later one may be made since; only of everything.
    pub moment: Option<Moment>,
    /// What it is to be put over, if it holds no more than what was changed since.
    pub base: Option<Base>,
}

/// A content that was written as it is: where it lies in the file, for whoever reads it back.
#[derive(Clone, Debug)]
pub struct Written {
    /// The entry.
    pub name: String,
    /// Where it begins.
    pub position: u64,
    /// Its length.
    pub length: u64,
    /// SHA-256 that it is to have.
    pub sha256: [u8; 32],
}

/// What may be written next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    /// The Cell's document.
    Cell,
    /// Documents of this and later kinds of [`Kind::IN_CELL`], and links after the last.
    Documents(usize),
    /// Resources.
    Resources,
    /// What was removed.
    Removed,
    /// The readable copy.
    Readable,
}

/// Writes a snapshot. The order of calls is [`cell`](Self::cell), [`document`](Self::document) in the order of
/// [`Kind::IN_CELL`], [`link`](Self::link), [`collection`](Self::collection) and [`file`](Self::file) parents first,
/// beginning with the Cell's own at the path `""`, of an incremental one [`removed`](Self::removed), of another one
/// [`readable`](Self::readable) if there is to be a readable copy, and
/// [`finish`](Self::finish).
pub struct SnapshotWriter<W: Write, S: Read + Write + Seek> {
    zip: ZipWriter<W, S>,
    origin: Origin,
    stage: Stage,
    lines: Vec<u8>,
    counts: Counts,
    max_depth: usize,
    has_root: bool,
}

/// Whether an entry's data is worth reading back by itself: it is the content, and long.
pub(super) fn is_skippable(header: &Header) -> bool {
    header.method == STORED && header.size > BUFFER as u64
}

/// Index of the links' entry after those of [`Kind::IN_CELL`].
const LINKS: usize = Kind::IN_CELL.len();

/// What stands of a snapshot whose writing was cut off, by what had come into its two files.
///
/// # Errors
/// If one of them cannot be read.
pub fn standing(file: &mut (impl Read + Seek), spool: &mut (impl Read + Seek)) -> Result<Standing> {
    Standing::of(file, spool, layout::OURS)
}

impl<W: Write, S: Read + Write + Seek> SnapshotWriter<W, S> {
    /// Begins a snapshot. It is written to `out` from front to back; `spool` is an empty temporary file for the list of
    /// entries, some 150 bytes each.
    ///
    /// # Errors
    /// If `out` fails, or the origin is of no snapshot that there can be.
    pub fn new(out: W, spool: S, origin: Origin) -> Result<Self> {
        let zip = ZipWriter::new(out, spool, DosTime::from_millis(origin.created));
        Self::begin_with(zip, origin)
    }

    /// Goes on with one whose writing was cut off ([`standing`]). The calls are those that were made before, from the first on, with the same origin but
    /// for its tool: what stands is passed over, contents without being read. `out` is behind what stands.
    ///
    /// # Errors
    /// As [`SnapshotWriter::new`]; here and later, if what comes is not what stands there.
    pub fn resume(out: W, spool: S, origin: Origin, standing: Standing) -> Result<Self> {
        let zip = ZipWriter::resume(out, spool, DosTime::from_millis(origin.created), standing)?;
        Self::begin_with(zip, origin)
    }

    fn begin_with(mut zip: ZipWriter<W, S>, origin: Origin) -> Result<Self> {
        if (origin.moment.is_some() && !origin.selection.is_whole())
            || (origin.base.is_some() && origin.moment.is_none())
        {
            return Err(Error::unwritable(layout::MANIFEST, "a part of a Cell has no moment"));
        }
        zip.folder(layout::ODATA)?;
        zip.folder(layout::WEBDAV)?;
        let mut manifest = Vec::new();
        let is_incremental = origin.base.is_some();
        ExportManifest { unit_url: origin.unit_url.clone(), created: origin.created, is_incremental }
            .write(&mut manifest);
        zip.whole(layout::EXPORT_MANIFEST, &manifest, Packing::Try)?;
        Ok(Self {
            zip,
            origin,
            stage: Stage::Cell,
            lines: Vec::with_capacity(2 * BUFFER),
            counts: Counts::default(),
            max_depth: Limits::default().max_depth,
            has_root: false,
        })
    }

    /// Bytes of the file so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.zip.offset()
    }

    /// Writes the Cell's own document.
    ///
    /// # Errors
    /// If it is not the first, or `out` fails.
    pub fn cell(&mut self, line: &DocumentLine<'_>) -> Result<()> {
        if self.stage != Stage::Cell || line.kind != Kind::Cell {
            return Err(Error::unwritable(layout::CELL, "one document of the Cell comes first"));
        }
        self.lines.clear();
        line.write(&mut self.lines);
        self.zip.whole(layout::CELL, &self.lines, Packing::Try)?;
        self.lines.clear();
        self.begin(0)
    }

    /// Writes a document.
    ///
    /// # Errors
    /// If its kind comes before one already written, or `out` fails.
    pub fn document(&mut self, line: &DocumentLine<'_>) -> Result<()> {
        let index = Kind::IN_CELL.into_iter().position(|kind| kind == line.kind);
        self.advance(index.unwrap_or_default(), layout::documents(line.kind))?;
        self.counts.document(line);
        if self.zip.is_passing() {
            return Ok(());
        }
        line.write(&mut self.lines);
        self.end_line()
    }

    /// Writes a many-to-many link.
    ///
    /// # Errors
    /// If resources were written already, or `out` fails.
    pub fn link(&mut self, line: &LinkLine<'_>) -> Result<()> {
        self.advance(LINKS, layout::LINKS)?;
        self.counts.links += 1;
        if self.zip.is_passing() {
            return Ok(());
        }
        line.write(&mut self.lines);
        self.end_line()
    }

    /// Writes a collection, a box or (with the path `""`) the Cell's own properties. The path's first segment is the
    /// box, as the snapshot names it.
    ///
    /// # Errors
    /// If the path is one that a reader would refuse, or `out` fails.
    pub fn collection(&mut self, path: &str, meta: &NodeMeta) -> Result<()> {
        if meta.kind == NodeKind::File {
            return Err(Error::unwritable(&layout::folder(path), "a file without content"));
        }
        self.resource(path, meta)
    }

    /// Writes a file and its content, which is compared with `known` on the way. Of a content that is not small, and
    /// that is not deflated, it tells where it lies; `out` has all of it then.
    ///
    /// # Errors
    /// [`Error::HashMismatch`] if the content is not what is known of it; if the path is one that a reader would
    /// refuse; if `content` or `out` fails.
    pub fn file(
        &mut self,
        path: &str,
        meta: &NodeMeta,
        known: &Content,
        content: &mut dyn Read,
    ) -> Result<Option<Written>> {
        if meta.kind != NodeKind::File || path.is_empty() {
            return Err(Error::unwritable(&layout::folder(path), "a collection with content"));
        }
        self.resource(path, meta)?;
        let name = layout::folder(path) + layout::CONTENT;
        let packing = match &meta.content_type {
            Some(media_type) if is_packed_type(media_type) => Packing::Store,
            _ => Packing::Try,
        };
        let known = Known { size: known.length, crc32: known.crc32, sha256: known.sha256 };
        let record = self.zip.known(&name, &known, packing, content)?;
        self.counts.content(path, known.size);
        if !is_skippable(&record.header) {
            return Ok(None);
        }
        self.zip.flush()?;
        let (length, sha256) = (record.header.size, record.sha256);
        Ok(Some(Written { name, position: self.zip.offset() - length, length, sha256 }))
    }

    /// Writes that something was removed since the base.
    ///
    /// # Errors
    /// If it has no base, or `out` fails.
    pub fn removed(&mut self, removed: &Removed) -> Result<()> {
        self.start_removed()?;
        removed::write(removed, &mut self.lines);
        self.counts.removed += 1;
        self.end_line()
    }

    /// Begins an entry of the readable copy: `index.html`, or one below `readable/`.
    ///
    /// # Errors
    /// If its name is another one, or one that a reader would refuse, if the snapshot has a base, or `out` fails.
    pub fn readable(&mut self, name: &str) -> Result<ReadableEntry<'_, W, S>> {
        if self.stage != Stage::Readable {
            if self.origin.base.is_some() {
                return Err(Error::unwritable(name, "what was changed is no copy to read"));
            }
            self.start_resources()?;
            self.stage = Stage::Readable;
        }
        self.begin_readable(name)?;
        Ok(ReadableEntry(self))
    }

    fn begin_readable(&mut self, name: &str) -> Result<()> {
        match layout::place(name, self.max_depth) {
            Ok(layout::Place::Readable) => self.zip.begin(name),
            _ => Err(Error::unwritable(name, "no name of a readable copy")),
        }
    }

    /// Writes what remains: the list of entries, the manifest, its signature, and the directory of the zip. Returns
    /// `out`, flushed, and the manifest.
    ///
    /// # Errors
    /// If there was no document of the Cell, or `out` or the spool fails.
    pub fn finish(mut self, key: &SigningKey) -> Result<(W, Manifest)> {
        if self.origin.base.is_some() {
            self.start_removed()?;
            self.end_lines()?;
        } else if self.stage != Stage::Readable {
            self.start_resources()?;
        }
        if !self.has_root {
            return Err(Error::missing(layout::WEBDAV.to_owned() + layout::META));
        }
        let (mut root, mut bytes) = (ContentRoot::new(), 0);
        let count = self.zip.count();
        let mut line = Vec::new();
        self.zip.begin(layout::ENTRY_LIST)?;
        self.zip.replay(|zip, record| {
            root.add(&record.header.name, &record.sha256);
            bytes += record.header.size;
            ListedEntry::write(&record, &mut line);
            if line.len() >= BUFFER {
                zip.append(&line)?;
                line.clear();
            }
            Ok(())
        })?;
        self.zip.append(&line)?;
        let list = self.zip.end()?.ok_or_else(|| Error::missing(layout::ENTRY_LIST))?;

        let manifest = Manifest::new(&self.origin, self.counts, &list, (count, bytes), &root);
        let signed = manifest.to_bytes()?;
        self.zip.whole(layout::MANIFEST, &signed, Packing::Store)?;
        let signature = ManifestSignature::sign(&signed, key).to_bytes();
        self.zip.whole(layout::SIGNATURE, &signature, Packing::Store)?;
        Ok((self.zip.finish()?, manifest))
    }

    /// Writes a resource's folder and `.pmeta`.
    fn resource(&mut self, path: &str, meta: &NodeMeta) -> Result<()> {
        self.start_resources()?;
        let name = layout::folder(path);
        if path.is_empty() {
            // Its folder stands at the front.
            self.has_root = true;
        } else {
            layout::check_path(path).map_err(|why| Error::unwritable(&name, why))?;
            if layout::depth(path) > self.max_depth {
                return Err(Error::unwritable(&name, "too deep"));
            }
            self.zip.folder(&name)?;
        }
        let mut text = Vec::new();
        meta.write(&mut text);
        self.zip.whole(&(name + layout::META), &text, Packing::Try)?;
        self.counts.node(path, meta.kind);
        Ok(())
    }

    fn start_resources(&mut self) -> Result<()> {
        match self.stage {
            Stage::Resources => return Ok(()),
            Stage::Removed | Stage::Readable => return Err(Error::unwritable(layout::WEBDAV, "too late")),
            Stage::Cell | Stage::Documents(_) => {}
        }
        self.advance(LINKS, layout::LINKS)?;
        self.end_lines()?;
        self.stage = Stage::Resources;
        Ok(())
    }

    fn start_removed(&mut self) -> Result<()> {
        if self.stage == Stage::Removed {
            return Ok(());
        }
        if self.origin.base.is_none() {
            return Err(Error::unwritable(layout::REMOVED, "there is no base that could have it"));
        }
        self.start_resources()?;
        self.stage = Stage::Removed;
        self.zip.begin(layout::REMOVED)
    }

    /// Makes the entry of that index the one that is open, passing empty ones before it.
    fn advance(&mut self, index: usize, entry: &str) -> Result<()> {
        let Stage::Documents(mut open) = self.stage else {
            let why = if self.stage == Stage::Cell { "the Cell's document comes first" } else { "too late" };
            return Err(Error::unwritable(entry, why));
        };
        if index < open {
            return Err(Error::unwritable(entry, "a later entry was begun already"));
        }
        while open < index {
            self.end_lines()?;
            open += 1;
            self.begin(open)?;
        }
        Ok(())
    }

    fn begin(&mut self, index: usize) -> Result<()> {
        self.stage = Stage::Documents(index);
        self.zip.begin(Kind::IN_CELL.get(index).map_or(layout::LINKS, |&kind| layout::documents(kind)))
    }

    fn end_line(&mut self) -> Result<()> {
        self.lines.push(b'\n');
        if self.lines.len() >= BUFFER {
            self.flush_lines()?;
        }
        Ok(())
    }

    fn flush_lines(&mut self) -> Result<()> {
        self.zip.append(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    fn end_lines(&mut self) -> Result<()> {
        self.flush_lines()?;
        self.zip.end()?;
        Ok(())
    }
}

/// An entry of the readable copy, being written.
pub struct ReadableEntry<'w, W: Write, S: Read + Write + Seek>(&'w mut SnapshotWriter<W, S>);

impl<W: Write, S: Read + Write + Seek> ReadableEntry<'_, W, S> {
    /// Ends it, and begins another one.
    ///
    /// # Errors
    /// As of [`SnapshotWriter::readable`].
    pub fn next(&mut self, name: &str) -> Result<()> {
        self.0.end_lines()?;
        self.0.begin_readable(name)
    }

    /// Ends it.
    ///
    /// # Errors
    /// If the file fails.
    pub fn end(self) -> Result<()> {
        self.0.end_lines()
    }
}

impl<W: Write, S: Read + Write + Seek> Write for ReadableEntry<'_, W, S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.zip.is_passing() {
            return Ok(bytes.len());
        }
        self.0.lines.extend_from_slice(bytes);
        if self.0.lines.len() >= BUFFER {
            self.0.flush_lines()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(self.0.flush_lines()?)
    }
}
