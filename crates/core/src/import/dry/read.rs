//! Going through a snapshot as an import does, but for the building.

use std::collections::HashMap;
use std::io::{Read, Seek};

use memchr::memmem::Finder;
use saibo_archive::{Block, DocumentLine, Glance, LinkLine, Resource, SnapshotReader, Totals};
use saibo_model::node::MAIN_BOX;
use saibo_model::{ErrorCode, Id, Kind, NodeKind, Result};

use super::super::defects::{Whence, missing};
use super::super::read::note_box;
use super::super::row::{End, Shape};
use super::super::{row, weight};
use super::ahead::each_block;
use super::ids::{Ids, Reference};
use super::report::Report;
use super::{Known, NAMES};
use crate::job::{Phase, Progress};
use crate::{archive, document};

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
    /// The set of the last document, and its number.
    last_set: (Option<Kind>, Option<String>, Option<String>, u64),
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

    fn documents(&mut self, snapshot: &SnapshotReader<impl Read + Seek>, kind: Kind) -> Result<()> {
        let mut lines = snapshot.documents(kind).map_err(archive::error)?;
        let bytes = lines.bytes();
        each_block(
            bytes,
            |block| lines.read_block(block).map_err(archive::error),
            |block| self.block(block, kind),
        )
    }

    /// Looks at documents.
    fn block(&mut self, block: &Block, kind: Kind) -> Result<()> {
        let (mut count, mut all) = (0, Ok(()));
        for line in block.lines() {
            let looked = line.map_err(archive::error);
            match looked.and_then(|(line, text)| self.line(text, Whence { kind, line })) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.report.problem(&error),
                Err(error) => {
                    all = Err(error);
                    break;
                }
            }
            count += 1;
        }
        self.progress.documents(count);
        if count > 0 {
            self.report.counts.add_documents(kind.name(), count);
        }
        match kind {
            Kind::Rule => self.report.unsupported("Rule", count),
            Kind::SentMessage | Kind::ReceivedMessage => self.report.unsupported("Message", count),
            _ => {}
        }
        self.count(block.bytes())?;
        all
    }

    /// Looks at a document's line; what is wrong with it and lets what comes after it be looked at is the inner error.
    ///
    /// # Errors
    /// If the line is none.
    fn line(&mut self, line: &str, at: Whence) -> Result<Result<()>> {
        let glance = Glance::at(line, at.kind, document::key_field(at.kind));
        // What an import refuses is told by what an import does.
        let is_sound = |seen: &Glance<'_>| {
            seen.id.len() <= row::MAX_ID && (seen.collection.is_some() || !at.kind.is_in_collection())
        };
        if let Some(seen) = glance.filter(is_sound) {
            self.note_url(seen.fields);
            return Ok(self.document(&seen, at));
        }
        let entry = saibo_archive::documents_entry(at.kind);
        let line = DocumentLine::parse(line, at.kind, entry, at.line).map_err(archive::error)?;
        self.note_url(line.fields);
        Ok(row::shape(&line, at).and_then(|shape| self.document(&seen(&line, &shape), at)))
    }

    fn note_url(&mut self, fields: &str) {
        if self.url.as_ref().is_some_and(|url| url.find(fields.as_bytes()).is_some()) {
            self.report.source.documents_with_url += 1;
        }
    }

    fn document(&mut self, seen: &Glance<'_>, at: Whence) -> Result<()> {
        let Whence { kind, .. } = at;
        let (mut parent, mut peer) = (None, None);
        for (name, id) in &seen.links {
            match row::end_of(kind, name) {
                End::Parent => parent = Some(*id),
                End::Peer => peer = Some(*id),
                End::Unknown => {}
            }
        }
        let set = self.set(seen, kind);
        let is_new = self.ids.add(seen.id) & self.ids.add((set, parent, seen.key));
        if !is_new {
            return Err(row::wrong(at, format!("{}: there is another of that id or key", seen.id)));
        }
        if let Some(collection) = seen.collection {
            self.note_collection(seen.box_id, at, collection)?;
        }
        // Entities of one come one after the other, as a rule.
        if let Some(entity_type) = seen.entity_type.filter(|entity_type| *entity_type != self.last_type) {
            entity_type.clone_into(&mut self.last_type);
            self.ids.name(entity_type, Reference::EntityType(at));
        }
        for other in [parent, peer].into_iter().flatten() {
            self.ids.name(other, Reference::Parent(at));
        }
        for held in &seen.entity_links {
            let (_entity_type, id) = held
                .split_once(':')
                .ok_or_else(|| row::wrong(at, format!("`ll` has {held:?}, which is no `type:id`")))?;
            self.ids.name(id, Reference::ToOne(at));
        }
        if kind == Kind::Box {
            self.ids.add((Kind::Box, seen.id));
        }
        let names = match kind {
            Kind::Box => &mut self.known.boxes,
            Kind::Account => &mut self.known.accounts,
            _ => return Ok(()),
        };
        if names.len() < NAMES {
            names.insert(seen.key.to_owned(), seen.id.to_owned());
        } else {
            self.known.are_complete = false;
        }
        Ok(())
    }

    /// A number for what a document's key tells it apart in. Documents of one set come one after the other, as a rule.
    fn set(&mut self, seen: &Glance<'_>, kind: Kind) -> u64 {
        let (last, collection, entity_type, number) = &mut self.last_set;
        let set = (kind, seen.collection, seen.entity_type);
        if (*last, collection.as_deref(), entity_type.as_deref()) != (Some(kind), set.1, set.2) {
            (*last, *collection, *entity_type) =
                (Some(kind), set.1.map(str::to_owned), set.2.map(str::to_owned));
            *number = self.ids.hash(set);
        }
        *number
    }

    /// Notes in which Box a collection is. Documents of one come one after the other, as a rule.
    fn note_collection(&mut self, box_id: Option<&str>, at: Whence, collection: &str) -> Result<()> {
        let (last, last_box) = &self.last;
        if last == collection && box_id == Some(last_box) {
            return Ok(());
        }
        note_box(&mut self.collections, box_id, at, &Id::from(collection))?;
        self.last = (collection.to_owned(), box_id.unwrap_or_default().to_owned());
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
                    let LinkLine { ids, .. } = LinkLine::parse(line, number).map_err(archive::error)?;
                    for id in &ids {
                        self.ids.name(id, Reference::Link(number));
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

    fn count(&self, bytes: u64) -> Result<()> {
        self.progress.check()?;
        self.progress.work(bytes * weight::DOCUMENT_BYTE);
        self.progress.done(0, bytes);
        Ok(())
    }
}

/// What a line that was parsed says at a glance.
fn seen<'l>(line: &'l DocumentLine<'_>, shape: &'l Shape<'l>) -> Glance<'l> {
    Glance {
        id: shape.id,
        box_id: line.box_id.as_deref(),
        collection: line.collection.as_deref(),
        entity_type: line.entity_type.as_deref(),
        fields: line.fields,
        key: &shape.key,
        links: line.links.iter().flatten().map(|(name, id)| (name.as_ref(), id.as_ref())).collect(),
        entity_links: line.entity_links.iter().flatten().map(AsRef::as_ref).collect(),
    }
}
