//! Writing the snapshot from what is frozen of the Cell, or was changed in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::SeekFrom;
use std::sync::Arc;

use saibo_archive::{DocumentLine, Key, LinkLine, Lock, Origin, SnapshotWriter};
use saibo_model::document::Link;
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node};
use saibo_model::{Document, ErrorCode, Id, Kind, Moment, Result};
use saibo_store::tx::Linked;
use saibo_store::{Blobs, ReadTx, SnapshotBase, SnapshotIdentity, SnapshotMark, StoreExt as _, WriteSeek};

use super::content::Progressing;
use super::draft::Draft;
use super::lines::{cell_line, link_type, meta};
use super::out::{Archive, Out};
use super::read_back::{self, ReadBack};
use super::readable::{self, Readable};
use super::source::Source;
use super::weight;
use crate::dav::content;
use crate::document::{self, Extra};
use crate::job::{Job, Phase, Progress};
use crate::selection::{CellsOwn, Selection};
use crate::snapshot::{self, Naming};
use crate::{Cell, Unit, account, archive};

/// Exports a Cell into the snapshot file of a name.
pub(super) fn export(
    unit: &Unit,
    cell: &Cell,
    job: &Job,
    lock: Option<&Lock>,
    draft: Draft<'_>,
    progress: &Arc<Progress>,
) -> Result<()> {
    let result = write(unit, cell, job, lock, &draft, progress);
    if result.is_err() {
        draft.leave_if_stopped(progress);
    }
    result
}

fn write(
    unit: &Unit,
    cell: &Cell,
    job: &Job,
    lock: Option<&Lock>,
    draft: &Draft<'_>,
    progress: &Arc<Progress>,
) -> Result<()> {
    let options = &job.options;
    // First the pin: what the copy refers to must still be there when it is read.
    let _pin = cell.blobs().pin_all();
    progress.enter(Phase::Copying);
    let Source { store, moment, since, is_copy } = Source::open(unit, cell, options, draft, progress)?;
    // What is encrypted is encrypted from its beginning, to a key that nobody keeps.
    if is_copy && lock.is_none() {
        draft.keep(moment.as_ref())?;
    }
    let (mut writer, list, standing) = draft.open(progress)?;
    let created = draft.created();
    let origin = Origin {
        unit_url: unit.settings().unit_url.as_str().to_owned(),
        cell_url: cell.url().to_owned(),
        created,
        tool: unit.settings().program.to_owned(),
        selection: saibo_archive::Selection {
            boxes: options.boxes.clone(),
            credentials: !options.without_credentials,
        },
        moment: moment.clone(),
        base: options
            .since
            .clone()
            .zip(since.as_ref())
            .map(|(name, mark)| saibo_archive::Base { name, sha256: mark.manifest.clone() }),
    };
    let base = origin.base.clone();
    let noted = base.map(|base| SnapshotBase { name: base.name, manifest: base.sha256 });
    let in_chain = since.as_ref().map_or(0, |mark| mark.in_chain) + 1;
    // What is encrypted is nothing to be read beside: the key is there when all is written.
    let reader = if lock.is_none() { Some(writer.reader()?) } else { None };
    let write = |read_back: Option<&ReadBack>| {
        store.read(|tx| {
            let (out, key) = Out::begin(unit, writer.file(), lock, progress)?;
            let archive = match standing {
                None => SnapshotWriter::new(out, list, origin),
                Some(standing) => SnapshotWriter::resume(out, list, origin, standing),
            };
            let archive = archive.map_err(archive::error)?;
            let mut export = Export {
                tx,
                cell,
                blobs: cell.blobs().as_ref(),
                archive,
                progress,
                read_back,
                selection: Selection::new(tx, options.boxes.as_deref(), CellsOwn::Taken)?,
                without_credentials: options.without_credentials,
                since: since.map(|mark| mark.moment),
            };
            export.documents()?;
            export.links()?;
            export.tree()?;
            export.removed()?;
            if options.readable {
                readable::write(Readable {
                    tx,
                    cell,
                    created,
                    boxes: options.boxes.as_deref(),
                    progress,
                    archive: &mut export.archive,
                })?;
            }
            let (out, manifest) = export.archive.finish(unit.signing_key()).map_err(archive::error)?;
            out.finish()?;
            Ok((key, manifest))
        })
    };
    let ((key, manifest), read_back) = read_back::beside(reader, progress, write)?;
    drop(store);
    verify(unit, writer.file(), key.as_ref(), read_back, progress)?;
    progress.enter(Phase::Finishing);
    progress.seal()?;
    let length = writer
        .file()
        .seek(SeekFrom::End(0))
        .map_err(|e| saibo_store::Error::io("measuring a snapshot", e))?;
    let media_type = snapshot::media_type(lock.is_some());
    let manifest = manifest.sha256().map_err(archive::error)?;
    let mark = moment.map(|moment| SnapshotMark { moment, manifest: manifest.clone(), in_chain });
    let identity = SnapshotIdentity { manifest: Some(manifest), is_sealed: lock.is_some(), base: noted };
    let new = snapshot::New { writer, content_type: media_type, length, mark, identity: Some(identity) };
    snapshot::publish(unit, cell.id(), new, &super::file_name(job), Naming::New)?;
    Ok(())
}

/// Reads the file back, but for the contents ahead of `read_back`, and compares it with its manifest: «done» is said of
/// what is there, not of what was sent.
fn verify(
    unit: &Unit,
    file: &mut dyn WriteSeek,
    key: Option<&Key>,
    read_back: u64,
    progress: &Arc<Progress>,
) -> Result<()> {
    progress.enter(Phase::Verifying);
    file.seek(SeekFrom::Start(0)).map_err(|e| saibo_store::Error::io("reading a snapshot back", e))?;
    match key {
        None => archive::verify_own(unit, file, read_back, progress, weight::VERIFY_PART),
        Some(key) => {
            let (file, _) = key.open(file).map_err(archive::error)?;
            archive::verify_own(unit, file, read_back, progress, weight::VERIFY_PART)
        }
    }
}

struct Export<'a> {
    tx: &'a dyn ReadTx,
    cell: &'a Cell,
    blobs: &'a dyn Blobs,
    archive: Archive<'a>,
    progress: &'a Progress,
    /// Who reads back what was written, where that can be done beside.
    read_back: Option<&'a ReadBack>,
    selection: Selection<'a>,
    without_credentials: bool,
    /// Only what was changed since is wanted.
    since: Option<Moment>,
}

impl Export<'_> {
    fn documents(&mut self) -> Result<()> {
        self.progress.enter(Phase::Documents);
        let own = self.cell.document();
        let extra = Extra::parse(own.extra.as_deref())?;
        self.archive.cell(&cell_line(own, &extra)).map_err(archive::error)?;
        let (tx, since) = (self.tx, self.since.clone());
        for kind in Kind::IN_CELL {
            let each = &mut |(document, held): (Document, Vec<(Id, Id)>)| {
                if !self.selection.has_document(&document)? {
                    return Ok(());
                }
                self.document(&document, &held)?;
                self.progress.document();
                self.count(weight::DOCUMENT)
            };
            match &since {
                None => tx.all_documents(kind, each)?,
                Some(since) => tx.changed_documents(kind, since, each)?,
            }
        }
        Ok(())
    }

    fn document(&mut self, document: &Document, held: &[(Id, Id)]) -> Result<()> {
        let cell = self.cell.id().as_str();
        let extra = Extra::parse(document.extra.as_deref())?;
        let box_id = self.box_id(document.set.collection.as_ref())?;
        let hidden = self.hidden(document)?;
        let mut entity_links = Vec::new();
        for (entity_type, id) in held {
            if self.selection.has_entities_of(entity_type)? {
                entity_links.push(format!("{entity_type}:{id}").into());
            }
        }
        let entities = document.set.kind == Kind::UserData;
        let line = DocumentLine {
            id: document.id.as_str().into(),
            kind: document.set.kind,
            cell: Some(cell.into()),
            box_id: box_id.map(Into::into),
            collection: document.set.collection.as_ref().map(|id| id.as_str().into()),
            entity_type: document.set.entity_type.as_ref().map(|id| id.as_str().into()),
            published: document.published,
            updated: document.updated,
            fields: &document.body,
            hidden: Some(hidden.as_deref().unwrap_or("{}")),
            dynamic: extra.dynamic.as_deref(),
            acl: extra.acl.as_deref(),
            links: (!entities).then(|| document::to_one_links(document, &extra)),
            entity_links: entities.then_some(entity_links),
            unknown: extra.unknown(),
        };
        self.archive.document(&line).map_err(archive::error)
    }

    /// `h` of a document.
    fn hidden<'d>(&self, document: &'d Document) -> Result<Option<Cow<'d, str>>> {
        match &document.hidden {
            Some(hidden) if self.without_credentials && document.set.kind == Kind::Account => {
                account::without_credentials(hidden).map(Cow::Owned).map(Some)
            }
            hidden => Ok(hidden.as_deref().map(Cow::Borrowed)),
        }
    }

    /// `b` of what is in an OData collection: the Box's id, for the main box the Cell's.
    fn box_id(&mut self, collection: Option<&Id>) -> Result<Option<String>> {
        let Some(collection) = collection else { return Ok(None) };
        let name = self.selection.box_of(collection)?.as_str();
        Ok(Some(if name == MAIN_BOX { self.cell.id().to_string() } else { name.to_owned() }))
    }

    fn links(&mut self) -> Result<()> {
        let (tx, since) = (self.tx, self.since.clone());
        // Of a few links each is asked for.
        let kept: HashMap<String, String> = match &since {
            None => tx.values(document::LINK_EXTRA)?.into_iter().collect(),
            Some(_) => HashMap::new(),
        };
        let each = &mut |(link, first, second): (Link, Linked, Linked)| {
            if !(self.selection.has_end(&first)? && self.selection.has_end(&second)?) {
                return Ok(());
            }
            let id = format!("{}-{}", first.1, second.1);
            let collection = first.0.collection.as_ref();
            let box_id = self.box_id(collection)?;
            let asked = if since.is_some() { tx.value(document::LINK_EXTRA, &id)? } else { None };
            let extra = Extra::parse(asked.as_ref().or_else(|| kept.get(&id)).map(String::as_str))?;
            let line = LinkLine {
                id: id.as_str().into(),
                cell: self.cell.id().as_str().into(),
                box_id: box_id.map(Into::into),
                collection: collection.map(|id| id.as_str().into()),
                published: link.published,
                updated: link.updated,
                ids: [first.1.as_str().into(), second.1.as_str().into()],
                types: [link_type(&first.0).into(), link_type(&second.0).into()],
                unknown: extra.unknown(),
            };
            self.archive.link(&line).map_err(archive::error)?;
            self.progress.link();
            self.count(weight::LINK)
        };
        match &since {
            None => tx.all_links(each),
            Some(since) => tx.changed_links(since, each),
        }
    }

    fn tree(&mut self) -> Result<()> {
        self.progress.enter(Phase::Files);
        let root = self.tx.node(CELL_NODE)?.ok_or(ErrorCode::DataInconsistency)?;
        self.archive.collection("", &meta(&root)?).map_err(archive::error)?;
        self.count(weight::NODE)?;
        if let Some(since) = self.since.clone() {
            let mut path = Vec::new();
            return self.tx.changed_nodes(&since, &mut |(depth, node)| {
                path.truncate((depth as usize).saturating_sub(1));
                path.push(node.name.clone());
                self.node(&path.join("/"), &node)
            });
        }
        self.selection.clone().tree(&mut |path, node| self.node(path, &node))
    }

    /// What there is no more since the base.
    fn removed(&mut self) -> Result<()> {
        let Some(since) = self.since.clone() else { return Ok(()) };
        self.tx.removed(&since, &mut |removed| {
            self.progress.check()?;
            self.archive.removed(&removed).map_err(archive::error)
        })
    }

    fn node(&mut self, path: &str, node: &Node) -> Result<()> {
        let meta = meta(node)?;
        let Some(known) = &node.content else {
            self.archive.collection(path, &meta).map_err(archive::error)?;
            return self.count(weight::NODE);
        };
        let open = || content::open(self.tx, self.blobs, known);
        let mut content = Progressing::new(&open, known.length, self.progress);
        let written = match self.archive.file(path, &meta, known, &mut content) {
            Ok(written) => written,
            Err(error) => return Err(content.failure().unwrap_or_else(|| archive::error(error))),
        };
        content.pass();
        if let Some((read_back, written)) = self.read_back.zip(written) {
            read_back.check(written)?;
        }
        self.progress.file();
        self.count(weight::NODE)
    }

    fn count(&self, work: u64) -> Result<()> {
        self.progress.check()?;
        self.progress.work(work);
        self.progress.done(1, 0);
        Ok(())
    }
}
