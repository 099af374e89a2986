//! Looking at the documents of a snapshot.

use std::io::{Read, Seek};

use saibo_archive::{Block, DocumentLine, Glance, Glances, SnapshotReader};
use saibo_model::{Id, Kind, Result};

use super::super::defects::Whence;
use super::super::read::note_box;
use super::super::row;
use super::super::row::{End, Shape};
use super::NAMES;
use super::ahead::each_block;
use super::ids::Reference;
use super::read::Walk;
use crate::{archive, document};

/// How many documents are looked at before what they say is entered. Meanwhile the places of their hashes come into
/// the processor's cache, several at a time.
const BATCH: usize = 64;

/// A document that was looked at.
struct Looked<'l> {
    seen: Glance<'l>,
    at: Whence,
    parent: Option<&'l str>,
    peer: Option<&'l str>,
    /// The hashes of its id, and of its key with what that tells it apart in.
    hashes: [u64; 2],
}

impl Walk<'_> {
    pub(super) fn documents(
        &mut self,
        snapshot: &SnapshotReader<impl Read + Seek>,
        kind: Kind,
    ) -> Result<()> {
        let mut lines = snapshot.documents(kind).map_err(archive::error)?;
        let bytes = lines.bytes();
        let mut glances = Glances::new(kind, document::key_field(kind));
        each_block(
            bytes,
            |block| lines.read_block(block).map_err(archive::error),
            |block| self.block(block, kind, &mut glances),
        )
    }

    /// Looks at documents.
    fn block(&mut self, block: &Block, kind: Kind, glances: &mut Glances) -> Result<()> {
        let (mut count, mut all) = (0, Ok(()));
        let mut batch = Vec::with_capacity(BATCH);
        for line in block.lines() {
            let looked = line.map_err(archive::error).and_then(|(line, text)| {
                let at = Whence { kind, line };
                match glances.at(text).filter(|seen| is_sound(seen, kind)) {
                    Some(seen) => batch.push(self.looked(seen, at)),
                    None => {
                        self.enter(&mut batch);
                        self.parsed(text, at)?;
                    }
                }
                Ok(())
            });
            if let Err(error) = looked {
                all = Err(error);
                break;
            }
            if batch.len() == BATCH {
                self.enter(&mut batch);
            }
            count += 1;
        }
        self.enter(&mut batch);
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

    /// Looks at a line for which a glance is not enough: what an import refuses is told by what an import does.
    ///
    /// # Errors
    /// If the line is none. What is wrong with it otherwise lets what comes after it be looked at.
    fn parsed(&mut self, line: &str, at: Whence) -> Result<()> {
        let entry = saibo_archive::documents_entry(at.kind);
        let line = DocumentLine::parse(line, at.kind, entry, at.line).map_err(archive::error)?;
        match row::shape(&line, at) {
            Ok(shape) => {
                let looked = self.looked(seen(&line, &shape), at);
                self.enter(&mut vec![looked]);
            }
            Err(error) => {
                self.note_url(line.fields);
                self.report.problem(&error);
            }
        }
        Ok(())
    }

    /// Finds what a document is told apart by.
    fn looked<'l>(&mut self, seen: Glance<'l>, at: Whence) -> Looked<'l> {
        self.note_url(seen.fields);
        let (mut parent, mut peer) = (None, None);
        for (name, id) in &seen.links {
            match row::end_of(at.kind, name) {
                End::Parent => parent = Some(*id),
                End::Peer => peer = Some(*id),
                End::Unknown => {}
            }
        }
        let set = self.set(&seen, at.kind);
        let hashes = [self.ids.hash(seen.id), self.ids.hash((set, parent, seen.key))];
        Looked { seen, at, parent, peer, hashes }
    }

    /// Enters what was looked at, in its order.
    fn enter(&mut self, batch: &mut Vec<Looked<'_>>) {
        // One after the other, so that none is waited for before the next is asked for.
        batch.iter().flat_map(|looked| looked.hashes).for_each(|hash| self.ids.fetch(hash));
        for looked in batch.drain(..) {
            if let Err(error) = self.document(&looked) {
                self.report.problem(&error);
            }
        }
    }

    fn note_url(&mut self, fields: &str) {
        if self.url.as_ref().is_some_and(|url| url.find(fields.as_bytes()).is_some()) {
            self.report.source.documents_with_url += 1;
        }
    }

    fn document(&mut self, looked: &Looked<'_>) -> Result<()> {
        let Looked { seen, at, parent, peer, hashes: [id, key] } = looked;
        let (at, kind) = (*at, at.kind);
        let is_new = self.ids.add(*id) & self.ids.add(*key);
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
        for other in [*parent, *peer].into_iter().flatten() {
            self.ids.name(other, Reference::Parent(at));
        }
        for held in &seen.entity_links {
            let (_entity_type, id) = held
                .split_once(':')
                .ok_or_else(|| row::wrong(at, format!("`ll` has {held:?}, which is no `type:id`")))?;
            self.ids.name(id, Reference::ToOne(at));
        }
        if kind == Kind::Box {
            let known = self.ids.hash((Kind::Box, seen.id));
            self.ids.add(known);
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
}

/// Whether an import would take what a glance tells, as far as that says.
fn is_sound(seen: &Glance<'_>, kind: Kind) -> bool {
    seen.id.len() <= row::MAX_ID && (seen.collection.is_some() || !kind.is_in_collection())
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
