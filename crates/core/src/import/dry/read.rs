//! Going through a snapshot as an import does, but for the building.

use std::collections::HashMap;
use std::io::{Read, Seek};

use memchr::memmem::Finder;
use saibo_archive::{DocumentLine, LinkLine, Resource, SnapshotReader, Totals};
use saibo_model::node::MAIN_BOX;
use saibo_model::{ErrorCode, Id, Kind, NodeKind, Result};

use super::super::defects::{Whence, missing};
use super::super::read::note_box;
use super::super::row::Shape;
use super::super::{row, weight};
use super::ids::{Ids, Reference};
use super::report::Report;
use super::{Known, NAMES};
use crate::archive;
use crate::job::{Phase, Progress};

/// About how long a document's line is, in bytes.
const LINE: u64 = 400;

/// Goes through a snapshot.
pub(super) struct Walk<'a> {
    pub(super) report: Report,
    pub(super) known: Known,
    progress: &'a Progress,
    ids: Ids,
    /// The EntityType that was named last.
    last_type: String,
    /// Finds the URL of the Cell that the snapshot is of.
    url: Option<Finder<'static>>,
    /// By OData collection: the Box that its documents say it is in, and which said so first.
    collections: HashMap<Id, (String, Whence)>,
    /// The collection and the Box of the last document in one.
    last: (String, String),
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

    fn documents(&mut self, snapshot: &SnapshotReader<impl Read + Seek>, kind: Kind) -> Result<()> {
        let mut lines = snapshot.documents(kind).map_err(archive::error)?;
        let mut bytes = 0;
        loop {
            let at = Whence { kind, line: lines.lines_read() + 1 };
            let Some(line) = lines.read().map_err(archive::error)? else { break };
            if let Err(error) = self.document(&line, at) {
                self.report.problem(&error);
            }
            self.progress.document();
            let read = lines.bytes_read();
            self.count(read - bytes)?;
            bytes = read;
        }
        Ok(())
    }

    fn document(&mut self, line: &DocumentLine<'_>, at: Whence) -> Result<()> {
        self.report.counts.document(line.kind.name());
        if self.url.as_ref().is_some_and(|url| url.find(line.fields.as_bytes()).is_some()) {
            self.report.source.documents_with_url += 1;
        }
        match line.kind {
            Kind::Rule => self.report.unsupported("Rule"),
            Kind::SentMessage | Kind::ReceivedMessage => self.report.unsupported("Message"),
            _ => {}
        }
        let Shape { id, key, parent, peer, .. } = row::shape(line, at)?;
        let entity_type = line.entity_type.as_deref();
        let place = (line.kind, line.collection.as_deref(), entity_type, parent, key.as_str());
        let is_new = self.ids.add(id) & self.ids.add(place);
        if !is_new {
            return Err(row::wrong(at, format!("{id}: there is another of that id or key")));
        }
        if let Some(collection) = line.collection.as_deref() {
            self.note_collection(line, at, collection)?;
        }
        // Entities of one come one after the other, as a rule.
        if let Some(entity_type) = entity_type.filter(|entity_type| *entity_type != self.last_type) {
            entity_type.clone_into(&mut self.last_type);
            self.ids.name(entity_type, Reference::EntityType(at));
        }
        for other in [parent, peer].into_iter().flatten() {
            self.ids.name(other, Reference::Parent(at));
        }
        for held in line.entity_links.iter().flatten() {
            let (_entity_type, id) = held
                .split_once(':')
                .ok_or_else(|| row::wrong(at, format!("`ll` has {held:?}, which is no `type:id`")))?;
            self.ids.name(id, Reference::ToOne(at));
        }
        if line.kind == Kind::Box {
            self.ids.add((Kind::Box, id));
        }
        let names = match line.kind {
            Kind::Box => &mut self.known.boxes,
            Kind::Account => &mut self.known.accounts,
            _ => return Ok(()),
        };
        if names.len() < NAMES {
            names.insert(key, id.to_owned());
        } else {
            self.known.are_complete = false;
        }
        Ok(())
    }

    /// Notes in which Box a collection is. Documents of one come one after the other, as a rule.
    fn note_collection(&mut self, line: &DocumentLine<'_>, at: Whence, collection: &str) -> Result<()> {
        let (last, last_box) = &self.last;
        if last == collection && line.box_id.as_deref() == Some(last_box) {
            return Ok(());
        }
        note_box(&mut self.collections, line, at, &Id::from(collection))?;
        self.last = (collection.to_owned(), line.box_id.as_deref().unwrap_or_default().to_owned());
        Ok(())
    }

    fn links(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        let mut lines = snapshot.links().map_err(archive::error)?;
        let (mut number, mut bytes) = (0, 0);
        while let Some(LinkLine { ids, .. }) = lines.read().map_err(archive::error)? {
            number += 1;
            for id in &ids {
                self.ids.name(id, Reference::Link(number));
            }
            self.report.counts.links += 1;
            self.progress.link();
            let read = lines.bytes_read();
            self.count(read - bytes)?;
            bytes = read;
        }
        Ok(())
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
        if !self.ids.add(meta.id.as_str()) {
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
            NodeKind::Service => self.report.unsupported("service collection"),
            NodeKind::Stream => self.report.unsupported("stream collection"),
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

    fn count(&self, bytes: u64) -> Result<()> {
        self.progress.check()?;
        self.progress.work(bytes * weight::DOCUMENT_BYTE);
        self.progress.done(0, bytes);
        Ok(())
    }
}
