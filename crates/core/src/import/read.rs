//! Reading a snapshot into a Cell that is built beside the live one.

use std::collections::HashMap;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use saibo_archive::{DocumentLine, Limits, LinkLine, NodeMeta, Resource, SnapshotReader};
use saibo_model::node::{MAIN_BOX, Node, NodeKind};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::builder::Built;
use saibo_store::{Builder, Origin, ReadTx};

use super::defects::{self, Whence, missing};
use super::weight;
use crate::document::{self, Extra};
use crate::job::{Phase, Progress};
use crate::{Cell, Unit, archive, token};

/// How many defects are looked for; the first is reported with how many there are.
const DEFECTS: usize = 100;

/// How much of a file is moved at once.
const CHUNK: usize = 256 << 10;

/// The longest id that is believed: twice what the API ever makes of two of them.
const MAX_ID: usize = 128;

/// Builds a Cell's content from a snapshot and puts it on disk.
pub(super) fn build(unit: &Unit, cell: &Cell, file: impl Read + Seek, progress: &Arc<Progress>) -> Result<Built> {
    progress.enter(Phase::Checking);
    let snapshot = SnapshotReader::open(file, Limits::default()).map_err(archive::error)?;
    progress.set_totals(super::totals(snapshot.totals()));
    if snapshot.manifest().map_err(archive::error)?.is_some() {
        archive::verify(&snapshot, None, progress, weight::VERIFY_PART)?;
    } else {
        // Written by the reference: its checksums are checked as it is read.
        progress.work(snapshot.totals().bytes / weight::VERIFY_PART);
    }
    let from = cell_id(&snapshot)?;
    let mut import = Import {
        from,
        cell,
        builder: unit.backend().build(cell.id())?,
        progress,
        boxes: HashMap::new(),
        folders: Vec::new(),
    };
    import.documents(&snapshot)?;
    import.links(&snapshot)?;
    import.tree(&snapshot)?;
    import.check(snapshot.totals().document_bytes)?;
    progress.enter(Phase::Finishing);
    Ok(import.builder.finish()?)
}

/// Id of the Cell that the snapshot was made of.
fn cell_id(snapshot: &SnapshotReader<impl Read + Seek>) -> Result<Id> {
    let mut lines = snapshot.documents(Kind::Cell).map_err(archive::error)?;
    let line = lines.read().map_err(archive::error)?;
    line.map(|line| Id::from(line.id.as_ref()))
        .ok_or_else(|| ErrorCode::SnapshotEntryMissing.with(["10_odata/00_cell.json"]))
}

struct Import<'a> {
    /// Id of the Cell that the snapshot was made of: as a Box's id it means the main box.
    from: Id,
    /// The Cell whose content is replaced.
    cell: &'a Cell,
    builder: Box<dyn Builder>,
    progress: &'a Progress,
    /// By OData collection: the Box that its documents say it is in, and which said so first.
    boxes: HashMap<Id, (String, Whence)>,
    /// `seq`s of the collections on the way to where the walk through the tree is.
    folders: Vec<(String, i64)>,
}

impl Import<'_> {
    fn documents(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        self.progress.enter(Phase::Documents);
        for kind in Kind::IN_CELL {
            let mut lines = snapshot.documents(kind).map_err(archive::error)?;
            let mut bytes = 0;
            loop {
                let at = Whence { kind, line: lines.lines_read() + 1 };
                let Some(line) = lines.read().map_err(archive::error)? else { break };
                self.document(&line, at)?;
                let read = lines.bytes_read();
                self.count(read - bytes, (read - bytes) * weight::DOCUMENT_BYTE)?;
                bytes = read;
            }
        }
        Ok(())
    }

    fn document(&mut self, line: &DocumentLine<'_>, at: Whence) -> Result<()> {
        let document = self.document_of(line, at)?;
        let origin = Origin { line: at.line };
        self.builder.document(&document, origin)?;
        if line.kind == Kind::Account {
            token::carry_history(self.cell.store().as_ref(), self.builder.as_mut(), &document.id)?;
        }
        for held in line.entity_links.iter().flatten() {
            let (_entity_type, id) = held
                .split_once(':')
                .ok_or_else(|| wrong(at, format!("`ll` has {held:?}, which is no `type:id`")))?;
            self.builder.to_one_link(&Id::from(id), origin)?;
        }
        Ok(())
    }

    fn document_of(&mut self, line: &DocumentLine<'_>, at: Whence) -> Result<Document> {
        let id = Id::from(line.id.as_ref());
        if line.id.is_empty() || line.id.len() > MAX_ID {
            return Err(wrong(at, "`_id` is empty or too long"));
        }
        let set = EntitySet {
            kind: line.kind,
            collection: line.collection.as_deref().map(Id::from),
            entity_type: line.entity_type.as_deref().map(Id::from),
        };
        check_set(&set, at)?;
        if let Some(collection) = &set.collection {
            self.note_box(line, at, collection)?;
        }
        let mut document = Document {
            seq: 0,
            key: key_of(line, at)?,
            id,
            set,
            parent: None,
            peer: None,
            version: 1,
            published: line.published,
            updated: line.updated,
            body: line.fields.to_owned(),
            hidden: line.hidden.filter(|hidden| *hidden != "{}").map(str::to_owned),
            extra: None,
        };
        let mut unknown = Vec::new();
        for (name, id) in line.links.iter().flatten() {
            if document::parent_kind(line.kind).is_some_and(|kind| kind.name() == name) {
                document.parent = Some(Id::from(id.as_ref()));
            } else if line.kind == Kind::AssociationEnd && name == line.kind.name() {
                document.peer = Some(Id::from(id.as_ref()));
            } else {
                unknown.push((name.as_ref(), id.as_ref()));
            }
        }
        document.extra = Extra::to_text(line.dynamic, line.acl, &unknown, &line.unknown);
        Ok(document)
    }

    /// Remembers which Box a collection's documents say that it is in; they must agree.
    fn note_box(&mut self, line: &DocumentLine<'_>, at: Whence, collection: &Id) -> Result<()> {
        let Some(box_id) = line.box_id.as_deref() else {
            return Err(wrong(at, "`b`, the id of its Box, is missing"));
        };
        match self.boxes.get(collection) {
            Some((known, _)) if known == box_id => Ok(()),
            Some((known, _)) => {
                Err(wrong(at, format!("its collection {collection} is in the Box {known} and in the Box {box_id}")))
            }
            None => {
                self.boxes.insert(collection.clone(), (box_id.to_owned(), at));
                Ok(())
            }
        }
    }

    fn links(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        let mut lines = snapshot.links().map_err(archive::error)?;
        let (mut number, mut bytes) = (0, 0);
        while let Some(line) = lines.read().map_err(archive::error)? {
            number += 1;
            self.link(&line, Origin { line: number })?;
            let read = lines.bytes_read();
            self.count(read - bytes, (read - bytes) * weight::DOCUMENT_BYTE)?;
            bytes = read;
        }
        Ok(())
    }

    fn link(&mut self, line: &LinkLine<'_>, origin: Origin) -> Result<()> {
        let [first, second] = &line.ids;
        self.builder.link(
            &Id::from(first.as_ref()),
            &Id::from(second.as_ref()),
            line.published,
            line.updated,
            origin,
        )?;
        if let Some(extra) = Extra::to_text(None, None, &[], &line.unknown) {
            self.builder.value(document::LINK_EXTRA, &format!("{first}-{second}"), &extra)?;
        }
        Ok(())
    }

    fn tree(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        self.progress.enter(Phase::Files);
        for resource in snapshot.resources() {
            self.resource(resource.map_err(archive::error)?)?;
            self.progress.work(weight::NODE);
            self.progress.done(1, 0);
        }
        if self.folders.is_empty() {
            return Err(ErrorCode::SnapshotEntryMissing.with(["20_webdav/.pmeta"]));
        }
        Ok(())
    }

    fn resource<R: Read + Seek>(&mut self, resource: Resource<'_, R>) -> Result<()> {
        let Resource { path, meta, content } = resource;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let parent = self.enter(folder, &path)?;
        let mut node = node_of(&meta, parent, name)?;
        if let Some(mut content) = content {
            let mut writer = self.builder.content_writer()?;
            let mut buffer = vec![0; CHUNK];
            loop {
                let read = content.read(&mut buffer).map_err(|e| archive::error(e.into()))?;
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
                writer.write_all(bytes).map_err(|e| saibo_store::Error::io("writing a content", e))?;
                self.count(read as u64, read as u64)?;
            }
            let stored = writer.finish()?;
            self.builder.content(&stored.content, stored.small.as_deref())?;
            node.content = Some(stored.content);
        }
        let seq = self.builder.node(&node)?;
        if node.kind.is_collection() {
            self.folders.push((path, seq));
        }
        Ok(())
    }

    /// Finds the `seq` of the folder that a path is in. Where the tree comes depth first, as we write it, that is on
    /// the way to the last collection; else it is looked up from the root.
    fn enter(&mut self, folder: &str, path: &str) -> Result<i64> {
        if path.is_empty() {
            return Ok(0);
        }
        let is_above = |open: &str| {
            open.is_empty()
                || folder.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        while self.folders.last().is_some_and(|(open, _)| !is_above(open)) {
            self.folders.pop();
        }
        let missing = |folder: &str| ErrorCode::SnapshotEntryMissing.with([format!("20_webdav/{folder}/.pmeta")]);
        let (open, mut seq) = self.folders.last().cloned().ok_or_else(|| missing(""))?;
        for name in folder.get(open.len()..).unwrap_or_default().split('/').filter(|name| !name.is_empty()) {
            seq = self.builder.child(seq, name)?.ok_or_else(|| missing(folder))?;
        }
        Ok(seq)
    }

    fn check(&mut self, document_bytes: u64) -> Result<()> {
        self.progress.enter(Phase::Verifying);
        let defects = self.builder.check(DEFECTS)?;
        if let Some(defect) = defects.first() {
            return Err(defects::error(self.builder.as_ref(), defect, defects.len(), DEFECTS)?);
        }
        let (boxes, from) = (&self.boxes, &self.from);
        self.builder.read_with(&mut |tx| check_boxes(tx, boxes, from))?;
        self.progress.work(document_bytes * weight::CHECK_BYTE);
        Ok(self.progress.check()?)
    }

    fn count(&self, bytes: u64, work: u64) -> Result<()> {
        self.progress.check()?;
        self.progress.work(work);
        self.progress.done(0, bytes);
        Ok(())
    }
}

/// Every Box folder belongs to a Box, and every OData collection is in the Box that its documents name.
fn check_boxes(tx: &dyn ReadTx, boxes: &HashMap<Id, (String, Whence)>, from: &Id) -> Result<()> {
    tx.children(saibo_model::node::CELL_NODE, &mut |node| {
        let known = node.name == MAIN_BOX
            || tx.document_by_id(&Id::from(node.name.as_str()))?.is_some_and(|found| found.set.kind == Kind::Box);
        if known {
            return Ok(());
        }
        Err(missing(format!("20_webdav/{}/: the Box of that id", node.name)))
    })?;
    for (collection, (box_id, at)) in boxes {
        let mut node = tx.node_by_id(collection)?;
        while let Some(at) = node.take_if(|node| node.kind != NodeKind::Box) {
            node = tx.node(at.parent)?;
        }
        let name = if box_id == from.as_str() { MAIN_BOX } else { box_id };
        if node.is_none_or(|node| node.name != name) {
            return Err(missing(format!("{at}: the collection {collection} in the Box {box_id}")));
        }
    }
    Ok(())
}

fn check_set(set: &EntitySet, at: Whence) -> Result<()> {
    let in_collection = matches!(
        set.kind,
        Kind::EntityType
            | Kind::ComplexType
            | Kind::Property
            | Kind::ComplexTypeProperty
            | Kind::AssociationEnd
            | Kind::UserData
    );
    if in_collection && set.collection.is_none() {
        return Err(wrong(at, "`n`, the id of its collection, is missing"));
    }
    if set.kind == Kind::UserData && set.entity_type.is_none() {
        return Err(wrong(at, "`t`, the id of its EntityType, is missing"));
    }
    Ok(())
}

/// What tells the document from the others of its set.
fn key_of(line: &DocumentLine<'_>, at: Whence) -> Result<String> {
    let field = document::key_field(line.kind);
    let members = saibo_archive::members(line.fields).map_err(archive::error)?;
    let value = members.iter().find(|(name, _)| name == field).map(|(_, json)| serde_json::from_str::<String>(json));
    match value {
        Some(Ok(key)) => Ok(key),
        _ => Err(wrong(at, format!("`s` has no text {field:?}"))),
    }
}

fn node_of(meta: &NodeMeta, parent: i64, name: &str) -> Result<Node> {
    let object = |text: &Option<String>| text.clone().filter(|text| text != "{}");
    let cell_status = meta.cell_status.as_ref().map(|status| serde_json::json!(status).to_string());
    let mut unknown: Vec<(std::borrow::Cow<'_, str>, &str)> =
        meta.unknown.iter().map(|(name, json)| (name.as_str().into(), json.as_str())).collect();
    unknown.extend(cell_status.as_deref().map(|status| ("cs".into(), status)));
    Ok(Node {
        seq: 0,
        parent,
        name: name.to_owned(),
        id: Id::from(meta.id.as_str()),
        kind: meta.kind,
        version: meta.version,
        published: meta.published,
        updated: meta.updated,
        content_type: meta.content_type.clone(),
        content: None,
        acl: object(&meta.acl),
        properties: object(&meta.properties),
        extra: Extra::to_text(None, None, &[], &unknown),
    })
}

fn wrong(at: Whence, why: impl std::fmt::Display) -> saibo_model::Error {
    ErrorCode::FieldInvalid.with([format!("{at}: {why}")])
}
