//! Going through a snapshot as an import does, but for the building.

use std::collections::HashMap;
use std::io::{Read, Seek};

use memchr::memmem::Finder;
use saibo_archive::{LinkLine, Resource, SnapshotReader, Totals};
use saibo_model::node::MAIN_BOX;
use saibo_model::{ErrorCode, Id, Kind, NodeKind, Result};

use super::super::defects::{Whence, missing};
use super::super::weight;
use super::Known;
use super::ahead::each_block;
use super::ids::{Ids, Reference};
use super::report::Report;
use crate::archive;
use crate::job::{Phase, Progress};

/// How short lines of documents are, in bytes: of longer ones there are fewer.
const LINE: u64 = 256;

/// Goes through a snapshot.
pub(super) struct Walk<'a> {
    pub(super) report: Report,
    pub(super) known: Known,
    pub(super) progress: &'a Progress,
    pub(super) ids: Ids,
    /// The EntityType that was named last.
    pub(super) last_type: String,
    /// Finds the URL of the Cell that the snapshot is of.
    pub(super) url: Option<Finder<'static>>,
    /// By OData collection: the Box that its documents say it is in, and which said so first.
    pub(super) collections: HashMap<Id, (String, Whence)>,
    /// The collection and the Box of the last document in one.
    pub(super) last: (String, String),
    /// The set of the last document, and its number.
    pub(super) last_set: (Option<Kind>, Option<String>, Option<String>, u64),
}

impl<'a> Walk<'a> {
    pub(super) fn new(report: Report, totals: Totals, progress: &'a Progress) -> Self {
        let url = &report.source.cell_url;
        let url = (!url.is_empty()).then(|| Finder::new(url.as_bytes()).into_owned());
        Self {
            report,
            url,
            known: Known::default(),
            progress,
            // An id and a place each.
            ids: Ids::of(2 * (totals.document_bytes / LINE + totals.resources)),
            last_type: String::new(),
            collections: HashMap::new(),
            last: Default::default(),
            last_set: Default::default(),
        }
    }

    /// Reads everything but the contents of files.
    ///
    /// # Errors
    /// What cannot be read any further; what is wrong otherwise is in the report.
    pub(super) fn all(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        self.progress.enter(Phase::Documents);
        for kind in Kind::IN_CELL {
            self.documents(snapshot, kind)?;
        }
        self.links(snapshot)?;
        self.progress.enter(Phase::Files);
        self.tree(snapshot)?;
        self.end();
        Ok(())
    }

    fn links(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        let mut lines = snapshot.links().map_err(archive::error)?;
        let bytes = lines.bytes();
        each_block(
            bytes,
            |block| lines.read_block(block).map_err(archive::error),
            |block| {
                for line in block.lines() {
                    let (number, line) = line.map_err(archive::error)?;
                    match LinkLine::ids_at(line) {
                        Some(ids) => ids.iter().for_each(|id| self.ids.name(id, Reference::Link(number))),
                        None => {
                            let LinkLine { ids, .. } =
                                LinkLine::parse(line, number).map_err(archive::error)?;
                            ids.iter().for_each(|id| self.ids.name(id, Reference::Link(number)));
                        }
                    }
                    self.report.counts.links += 1;
                    self.progress.link();
                }
                self.count(block.bytes())
            },
        )
    }

    fn tree(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        let mut has_root = false;
        for resource in snapshot.resources() {
            self.progress.check()?;
            let resource = resource.map_err(archive::error)?;
            has_root |= resource.path.is_empty();
            self.resource(&resource);
            self.progress.work(weight::NODE);
            self.progress.done(1, 0);
        }
        if has_root { Ok(()) } else { Err(ErrorCode::SnapshotEntryMissing.with(["20_webdav/.pmeta"])) }
    }

    fn resource<R: Read + Seek>(&mut self, resource: &Resource<'_, R>) {
        let Resource { path, meta, .. } = resource;
        let id = self.ids.hash(meta.id.as_str());
        if !self.ids.add(id) {
            let why = format!("20_webdav/{path}/.pmeta: {}: there is another of that id or key", meta.id);
            self.report.problem(&ErrorCode::FieldInvalid.with([why]));
        }
        let counts = &mut self.report.counts;
        match meta.kind {
            NodeKind::Cell => {}
            NodeKind::File => {
                counts.files += 1;
                counts.bytes += meta.length.unwrap_or_default();
                self.progress.file();
            }
            NodeKind::Box | NodeKind::WebDav | NodeKind::OData | NodeKind::Service | NodeKind::Stream => {
                counts.collections += 1;
            }
        }
        match meta.kind {
            NodeKind::Service => self.report.unsupported("service collection", 1),
            NodeKind::Stream => self.report.unsupported("stream collection", 1),
            _ => {}
        }
        let folder = path.split('/').next().unwrap_or_default();
        let is_box = path == folder && !folder.is_empty() && folder != MAIN_BOX;
        if is_box && !self.ids.has((Kind::Box, folder)) && self.ids.is_complete() {
            self.report.problem(&missing(format!("20_webdav/{folder}/: the Box of that id")));
        }
        if let Some((named, at)) = self.collections.remove(&Id::from(meta.id.as_str())) {
            let named_folder = if named == self.report.source.cell_id { MAIN_BOX } else { &named };
            if folder != named_folder || meta.kind != NodeKind::OData {
                let why = format!("{at}: the collection {} in the Box {named}", meta.id);
                self.report.problem(&missing(why));
            }
        }
    }

    /// What can be told only now that all is known.
    fn end(&mut self) {
        for (collection, (_, at)) in std::mem::take(&mut self.collections) {
            self.report.problem(&missing(format!("{at}: the OData collection {collection}")));
        }
        let Some(dangling) = self.ids.missing() else {
            self.report.not_checked.push("links".to_owned());
            return;
        };
        for how in dangling {
            let what = match how {
                Reference::Parent(at) => format!("{at}: what `l` names"),
                Reference::ToOne(at) => format!("{at}: what `ll` names"),
                Reference::EntityType(at) => format!("{at}: the EntityType that `t` names"),
                Reference::Link(line) => format!("10_odata/80_link.pjson: line {line}: a document"),
            };
            self.report.problem(&missing(what));
        }
    }

    pub(super) fn count(&self, bytes: u64) -> Result<()> {
        self.progress.check()?;
        self.progress.work(bytes * weight::DOCUMENT_BYTE);
        self.progress.done(0, bytes);
        Ok(())
    }
}
