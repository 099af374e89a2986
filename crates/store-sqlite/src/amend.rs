//! Building a Cell from several states, each put over the one before.
//!
//! What is added is found by its id then, so the indexes of ids are made before the rest, and links wait with indexes
//! of their own. Row numbers stay: what is put again keeps its place in the order of everything.
//!
//! What is amended may also be a copy of a generation, whose indexes and links are all there. No journal is kept of it,
//! so no statement may fail there: two rows that are to have one place for a while are seen beforehand.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use saibo_model::{Document, Id, Node, Removed};
use saibo_store::{Error, ErrorKind, Result};

use crate::content::{BLOBS, blob_path};
use crate::defects::makeshift;
use crate::error::while_doing;
use crate::field::Fields;
use crate::schema;

const DOING: &str = "putting a later state over a Cell that is built";

/// What is there is looked for and changed over a builder's connection.
pub(crate) struct Amend<'c> {
    pub(crate) connection: &'c Connection,
    /// Whether all that a generation has was there before, with its indexes and links.
    pub(crate) over_copy: bool,
}

impl Amend<'_> {
    /// Makes what is there quick to find.
    pub(crate) fn prepare(&self) -> Result<()> {
        for index in ["document_id ", "node_id "] {
            let sql = schema::INDEXES.into_iter().find(|sql| sql.contains(index)).unwrap_or_default();
            self.batch(sql)?;
        }
        self.batch(
            "CREATE INDEX IF NOT EXISTS waiting.link_holder ON link (first_seq) WHERE first_seq IS NOT NULL;\
             CREATE INDEX IF NOT EXISTS waiting.link_ends ON link (first, second) WHERE first IS NOT NULL;\
             CREATE INDEX IF NOT EXISTS waiting.link_second ON link (second)",
        )
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(while_doing(DOING))
    }

    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(while_doing(DOING))
    }

    /// The number that an entity set has already.
    pub(crate) fn set_number(&self, [kind, collection, entity_type]: [&str; 3]) -> Result<Option<i64>> {
        self.find(
            "SELECT id FROM entity_set WHERE kind=? AND collection=? AND entity_type=?",
            &[&kind, &collection, &entity_type],
        )
    }

    /// Lets a document have the place of another one, which may be on its way elsewhere: whether it was shows in the
    /// end.
    pub(crate) fn make_way_for_document(&self, document: &Document, set: i64) -> Result<()> {
        if !self.over_copy {
            return Ok(());
        }
        let taken = self.find(
            "SELECT seq FROM document WHERE entity_set=? AND key=? AND parent=? AND id<>? LIMIT 1",
            &[&set, &document.key, &document.parent.as_ref().map_or("", Id::as_str), &document.id.as_str()],
        )?;
        self.make_way(taken, "document_key ")
    }

    /// The same for a node.
    pub(crate) fn make_way_for_node(&self, node: &Node) -> Result<()> {
        if !self.over_copy {
            return Ok(());
        }
        let taken = self.find(
            "SELECT seq FROM node WHERE parent=? AND name=? AND id<>? LIMIT 1",
            &[&node.parent, &node.name, &node.id.as_str()],
        )?;
        self.make_way(taken, "node_name ")
    }

    fn make_way(&self, taken: Option<i64>, index: &str) -> Result<()> {
        match taken.and_then(|_| makeshift(index)) {
            Some(makeshift) => self.batch(&makeshift),
            None => Ok(()),
        }
    }

    fn find(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<i64>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
            .map_err(while_doing(DOING))
    }

    fn document_seq(&self, id: &Id) -> Result<Option<i64>> {
        self.find("SELECT seq FROM document WHERE id=?", &[&id.as_str()])
    }

    /// Has the indexes of fields that are there keep what a document is about to be, or to be no more.
    fn reindexed(&self, seq: i64, change: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.over_copy {
            return change();
        }
        let set = || self.find("SELECT entity_set FROM document WHERE seq=?", &[&seq]);
        let of = |set: Option<i64>| set.map(|set| Ok((set, Fields::of(self.connection, set)?))).transpose();
        let before = of(set()?)?;
        let entry = |of: &Option<(i64, Fields)>| match of {
            Some((set, fields)) => fields.read(self.connection, *set, seq),
            None => Ok(None),
        };
        let had = entry(&before)?;
        change()?;
        let after = of(set()?)?;
        let has = entry(&after)?;
        match (&before, &after) {
            (Some((then, fields)), Some((now, _))) if then == now => {
                fields.replace(self.connection, seq, had.as_ref(), has.as_ref())
            }
            _ => {
                if let Some((_, fields)) = &before {
                    fields.replace(self.connection, seq, had.as_ref(), None)?;
                }
                match &after {
                    Some((_, fields)) => fields.replace(self.connection, seq, None, has.as_ref()),
                    None => Ok(()),
                }
            }
        }
    }

    /// Has them keep a document that was just added.
    pub(crate) fn index(&self, set: i64, seq: i64) -> Result<()> {
        if !self.over_copy {
            return Ok(());
        }
        Fields::of(self.connection, set)?.insert(self.connection, seq)
    }

    /// Puts a document over the one of its id, and takes the to-one links that it held; its row, if there was one.
    pub(crate) fn document(&self, document: &Document, set: i64) -> Result<Option<i64>> {
        let Some(seq) = self.document_seq(&document.id)? else { return Ok(None) };
        self.reindexed(seq, || self.replace(document, set, seq))?;
        self.execute("DELETE FROM waiting.link WHERE first_seq=?", &[&seq])?;
        self.execute("DELETE FROM main.link WHERE first=? AND to_one=1", &[&seq])?;
        Ok(Some(seq))
    }

    fn replace(&self, document: &Document, set: i64, seq: i64) -> Result<()> {
        self.execute(
            "UPDATE document SET entity_set=?2,key=?3,parent=?4,peer=?5,version=?6,published=?7,updated=?8,\
             body=?9,hidden=?10,extra=?11 WHERE seq=?1",
            params![
                seq,
                set,
                document.key,
                document.parent.as_ref().map_or("", Id::as_str),
                document.peer.as_ref().map(Id::as_str),
                document.version,
                document.published,
                document.updated,
                document.body,
                document.hidden,
                document.extra
            ],
        )
        .map(drop)
    }

    /// Takes a many-to-many link away.
    pub(crate) fn unlink(&self, first: &Id, second: &Id) -> Result<()> {
        self.execute(
            "DELETE FROM main.link WHERE to_one=0 AND first=(SELECT seq FROM document WHERE id=?) \
             AND second=(SELECT seq FROM document WHERE id=?)",
            &[&first.as_str(), &second.as_str()],
        )?;
        self.execute(
            "DELETE FROM waiting.link INDEXED BY link_ends WHERE first IS NOT NULL AND first=? AND second=?",
            &[&first.as_str(), &second.as_str()],
        )
        .map(drop)
    }

    /// Puts a node over the one of its id; its row, if there was one.
    pub(crate) fn node(&self, node: &Node) -> Result<Option<i64>> {
        let Some((seq, before)) = self.find_node(&node.id)? else { return Ok(None) };
        if node.parent == seq {
            return Err(Error::new(ErrorKind::Corrupt, "putting a collection inside itself"));
        }
        let after = node.content.as_ref().map(|content| content.name);
        self.execute(
            "UPDATE node SET parent=?2,name=?3,kind=?4,version=?5,published=?6,updated=?7,content_type=?8,\
             hash=?9,acl=?10,properties=?11,extra=?12 WHERE seq=?1",
            params![
                seq,
                node.parent,
                node.name,
                node.kind.name(),
                node.version,
                node.published,
                node.updated,
                node.content_type,
                after.as_ref().map(|hash| &hash[..]),
                node.acl,
                node.properties,
                node.extra
            ],
        )?;
        if before != after {
            self.use_content(after.as_ref(), 1)?;
            self.use_content(before.as_ref(), -1)?;
        }
        Ok(Some(seq))
    }

    fn find_node(&self, id: &Id) -> Result<Option<(i64, Option<[u8; 32]>)>> {
        self.connection
            .prepare_cached("SELECT seq,hash FROM node WHERE id=?")
            .and_then(|mut statement| {
                statement.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(while_doing(DOING))
    }

    fn use_content(&self, hash: Option<&[u8; 32]>, by: i64) -> Result<()> {
        let Some(hash) = hash else { return Ok(()) };
        if self.execute("UPDATE content SET uses=uses+?1 WHERE hash=?2", &[&by, &&hash[..]])? == 1 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupt, "adding a file whose content was never registered"))
    }

    /// Takes away what was removed.
    pub(crate) fn remove(&self, removed: &Removed) -> Result<()> {
        match removed {
            Removed::Document { id, .. } => {
                let Some(seq) = self.document_seq(id)? else { return Ok(()) };
                self.execute("DELETE FROM waiting.link WHERE first_seq=?", &[&seq])?;
                self.execute(
                    "DELETE FROM waiting.link INDEXED BY link_ends WHERE first IS NOT NULL AND first=?",
                    &[&id.as_str()],
                )?;
                self.execute("DELETE FROM waiting.link WHERE second=?", &[&id.as_str()])?;
                self.execute("DELETE FROM main.link WHERE first=?", &[&seq])?;
                self.execute("DELETE FROM main.link WHERE second=?", &[&seq])?;
                self.reindexed(seq, || self.execute("DELETE FROM document WHERE seq=?", &[&seq]).map(drop))
            }
            Removed::Link { first, second } => self.unlink(first, second),
            Removed::Node { id } => {
                let Some((seq, hash)) = self.find_node(id)? else { return Ok(()) };
                self.execute("DELETE FROM node WHERE seq=?", &[&seq])?;
                self.use_content(hash.as_ref(), -1)
            }
        }
    }

    /// Forgets what nothing is in or refers to any more; contents in files are removed from `folder`.
    pub(crate) fn tidy(&self, folder: &Path) -> Result<()> {
        self.batch(
            "DELETE FROM entity_set WHERE NOT EXISTS (SELECT 1 FROM document d WHERE d.entity_set=entity_set.id);\
             DELETE FROM field_value WHERE field IN \
             (SELECT id FROM field WHERE entity_set NOT IN (SELECT id FROM entity_set));\
             DELETE FROM field_written WHERE field IN \
             (SELECT id FROM field WHERE entity_set NOT IN (SELECT id FROM entity_set));\
             DELETE FROM field WHERE entity_set NOT IN (SELECT id FROM entity_set)",
        )?;
        let doing = while_doing(DOING);
        let mut statement = self
            .connection
            .prepare("SELECT hash FROM content WHERE uses<=0 AND data IS NULL")
            .map_err(&doing)?;
        let mut rows = statement.query([]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let hash: [u8; 32] = row.get(0).map_err(&doing)?;
            match std::fs::remove_file(blob_path(&folder.join(BLOBS), &hash)) {
                // Of a copy, what was there before has no name here yet.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed.map_err(|e| Error::io(DOING, e))?,
            }
        }
        drop(rows);
        self.batch("DELETE FROM content WHERE uses<=0")
    }
}
