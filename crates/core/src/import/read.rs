//! Reading a snapshot into a Cell that is built beside the live one.

use std::collections::HashMap;
use std::io::{Read, Seek, Write};

use saibo_archive::{DocumentLine, LinkLine, Resource, SnapshotReader};
use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::{Builder, Origin};

use super::chain::Chain;
use super::defects::{self, Whence};
use super::draft::{Draft, Position, Stage, State};
use super::{row, weight};
use crate::document::{self, Extra};
use crate::job::{Phase, Progress};
use crate::{Cell, archive, token};

/// How many defects are looked for; the first is reported with how many there are.
const DEFECTS: usize = 100;

/// How much of a file is moved at once.
const CHUNK: usize = 256 << 10;

pub(super) struct Import<'a> {
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
    /// What keeps it for the next process.
    draft: Option<Draft<'a>>,
    /// Which snapshot of the chain is read.
    nth: usize,
    /// Where to go on in it.
    go_on: Option<Position>,
}

impl<'a> Import<'a> {
    pub(super) fn new(
        from: Id,
        cell: &'a Cell,
        builder: Box<dyn Builder>,
        draft: Option<Draft<'a>>,
        progress: &'a Progress,
    ) -> Self {
        let (boxes, folders) = (HashMap::new(), Vec::new());
        Self { from, cell, builder, progress, boxes, folders, draft, nth: 0, go_on: None }
    }

    /// What was built.
    pub(super) fn into_builder(self) -> Box<dyn Builder> {
        self.builder
    }

    /// Reads everything, or what was not read by an import that was cut off in that state, and checks it.
    pub(super) fn run(&mut self, chain: &Chain, state: Option<State>) -> Result<()> {
        let start = match state {
            Some(State { at, boxes, folders, .. }) => {
                (self.boxes, self.folders) = (boxes, folders);
                at
            }
            None => {
                self.keep(Position::START)?;
                if let Some(draft) = &self.draft {
                    draft.enter(self.builder.as_ref())?;
                }
                Position::START
            }
        };
        if start.stage == Stage::Checked {
            return Ok(());
        }
        for (nth, snapshot) in chain.snapshots().iter().enumerate().skip(start.snapshot) {
            self.nth = nth;
            self.go_on = (nth == start.snapshot && start != Position::START).then_some(start);
            if snapshot.export_manifest().is_incremental && self.go_on.is_none() {
                self.amend(snapshot)?;
            }
            self.documents(snapshot)?;
            self.links(snapshot)?;
            self.tree(snapshot)?;
        }
        self.check(chain.totals().document_bytes)?;
        self.keep(Position { snapshot: self.nth, stage: Stage::Checked, done: 0 })
    }

    /// How many of what a stage reads have been read; `None` if all of them.
    fn done_of(&mut self, stage: Stage) -> Option<u64> {
        match self.go_on {
            Some(at) if stage < at.stage => None,
            Some(at) if stage == at.stage => {
                self.go_on = None;
                Some(at.done)
            }
            _ => Some(0),
        }
    }

    /// Keeps what is built from time to time.
    fn keep_if_due(&mut self, stage: Stage, done: u64) -> Result<()> {
        match &self.draft {
            Some(draft) if draft.is_due(self.progress) => {
                self.keep(Position { snapshot: self.nth, stage, done })
            }
            _ => Ok(()),
        }
    }

    fn keep(&mut self, at: Position) -> Result<()> {
        let Some(draft) = &mut self.draft else { return Ok(()) };
        let (boxes, folders) = (self.boxes.clone(), self.folders.clone());
        let state = State { at, boxes, folders, tally: self.progress.tally() };
        draft.keep(self.builder.as_mut(), &state)
    }

    /// Takes away what is not in the next snapshot of a chain any more.
    fn amend(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        // A collection may have moved to another Box since, with what is in it: the tree says where it is.
        self.boxes.clear();
        self.folders.clear();
        self.builder.amend()?;
        let mut removed = snapshot.removed().map_err(archive::error)?;
        while let Some(removed) = removed.read().map_err(archive::error)? {
            self.progress.check()?;
            self.builder.remove(&removed)?;
        }
        Ok(())
    }

    fn documents(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        self.progress.enter(Phase::Documents);
        for (index, kind) in Kind::IN_CELL.into_iter().enumerate() {
            let stage = Stage::Documents(index);
            let Some(done) = self.done_of(stage) else { continue };
            let mut lines = snapshot.documents(kind).map_err(archive::error)?;
            for _ in 0..done {
                lines.read().map_err(archive::error)?;
            }
            let mut bytes = lines.bytes_read();
            loop {
                let at = Whence { kind, line: lines.lines_read() + 1 };
                let Some(line) = lines.read().map_err(archive::error)? else { break };
                self.document(&line, at)?;
                self.progress.document();
                let read = lines.bytes_read();
                self.count(read - bytes, (read - bytes) * weight::DOCUMENT_BYTE)?;
                bytes = read;
                self.keep_if_due(stage, lines.lines_read())?;
            }
        }
        Ok(())
    }

    fn document(&mut self, line: &DocumentLine<'_>, at: Whence) -> Result<()> {
        let document = row::document(line, at)?;
        if let Some(collection) = &document.set.collection {
            note_box(&mut self.boxes, line.box_id.as_deref(), at, collection)?;
        }
        let origin = Origin { line: at.line };
        self.builder.document(&document, origin)?;
        if line.kind == Kind::Account {
            token::carry_history(self.cell.store().as_ref(), self.builder.as_mut(), &document.id)?;
        }
        for held in line.entity_links.iter().flatten() {
            let (_entity_type, id) = held
                .split_once(':')
                .ok_or_else(|| row::wrong(at, format!("`ll` has {held:?}, which is no `type:id`")))?;
            self.builder.to_one_link(&Id::from(id), origin)?;
        }
        Ok(())
    }

    fn links(&mut self, snapshot: &SnapshotReader<impl Read + Seek>) -> Result<()> {
        let Some(done) = self.done_of(Stage::Links) else { return Ok(()) };
        let mut lines = snapshot.links().map_err(archive::error)?;
        for _ in 0..done {
            lines.read().map_err(archive::error)?;
        }
        let (mut number, mut bytes) = (done, lines.bytes_read());
        while let Some(line) = lines.read().map_err(archive::error)? {
            number += 1;
            self.link(&line, Origin { line: number })?;
            self.progress.link();
            let read = lines.bytes_read();
            self.count(read - bytes, (read - bytes) * weight::DOCUMENT_BYTE)?;
            bytes = read;
            self.keep_if_due(Stage::Links, number)?;
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
        let mut done = self.done_of(Stage::Tree).unwrap_or_default();
        for resource in snapshot.resources().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
            self.progress.check()?;
            self.resource(resource.map_err(archive::error)?)?;
            self.progress.work(weight::NODE);
            self.progress.done(1, 0);
            done += 1;
            self.keep_if_due(Stage::Tree, done)?;
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
        let mut node = row::node(&meta, parent, name);
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
            self.progress.file();
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
        let missing =
            |folder: &str| ErrorCode::SnapshotEntryMissing.with([format!("20_webdav/{folder}/.pmeta")]);
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
        self.builder.read_with(&mut |tx| defects::check_boxes(tx, boxes, from))?;
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

/// Remembers which Box a collection's documents say that it is in; they must agree.
pub(super) fn note_box(
    boxes: &mut HashMap<Id, (String, Whence)>,
    box_id: Option<&str>,
    at: Whence,
    collection: &Id,
) -> Result<()> {
    let Some(box_id) = box_id else {
        return Err(row::wrong(at, "`b`, the id of its Box, is missing"));
    };
    match boxes.get(collection) {
        Some((known, _)) if known == box_id => Ok(()),
        Some((known, _)) => Err(row::wrong(
            at,
            format!("its collection {collection} is in the Box {known} and in the Box {box_id}"),
        )),
        None => {
            boxes.insert(collection.clone(), (box_id.to_owned(), at));
            Ok(())
        }
    }
}
