//! The writing verbs, inside the committer's transaction.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, params};
use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Moment, Node, Result};
use saibo_store::{Error, ErrorKind, ReadTx, WriteTx};

use crate::encryption::{self, Keys, is_encrypted, stream};
use crate::error::while_doing;
use crate::field::{self, Fields};
use crate::read::SqliteReadTx;
use crate::rows::set_key;

/// A view of the writing connection inside a transaction.
pub(crate) struct SqliteWriteTx<'c> {
    pub(crate) read: SqliteReadTx<'c>,
    /// What rows get as `changed`, once it was asked for.
    pub(crate) number: Cell<Option<i64>>,
    /// The number of the set that was asked for last, and the indexes of the one that was written last: a transaction
    /// with many writes has most of them in one set.
    set: RefCell<Option<(EntitySet, i64)>>,
    fields: RefCell<Option<(i64, Rc<Fields>)>>,
}

impl<'c> SqliteWriteTx<'c> {
    pub(crate) fn new(connection: &'c Connection, keys: Option<&'c Keys>) -> Self {
        Self {
            read: SqliteReadTx::new(connection, keys),
            number: Cell::new(None),
            set: RefCell::default(),
            fields: RefCell::default(),
        }
    }

    pub(crate) fn connection(&self) -> &'c Connection {
        self.read.connection
    }

    pub(crate) fn execute(
        &self,
        doing: &'static str,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<usize, Error> {
        self.read
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(while_doing(doing))
    }

    /// The number of a set, made if it is new.
    pub(crate) fn set_number(&self, set: &EntitySet) -> Result<i64, Error> {
        if let Some((known, number)) = &*self.set.borrow()
            && known == set
        {
            return Ok(*number);
        }
        let number = match self.read.set_number(set)? {
            Some(number) => number,
            None => {
                let [kind, collection, entity_type] = set_key(set);
                self.execute(
                    "making an entity set",
                    "INSERT INTO entity_set (kind,collection,entity_type) VALUES (?,?,?)",
                    &[&kind, &collection, &entity_type],
                )?;
                self.read.connection.last_insert_rowid()
            }
        };
        *self.set.borrow_mut() = Some((set.clone(), number));
        Ok(number)
    }

    /// The indexes of a set.
    fn fields(&self, set: i64) -> Result<Rc<Fields>, Error> {
        if let Some((of, fields)) = &*self.fields.borrow()
            && *of == set
        {
            return Ok(fields.clone());
        }
        let fields = Rc::new(Fields::of(self.read.connection, set)?);
        *self.fields.borrow_mut() = Some((set, fields.clone()));
        Ok(fields)
    }

    /// The number of the set that a document is in.
    fn set_of(&self, seq: i64) -> Result<Option<i64>, Error> {
        self.read
            .connection
            .prepare_cached("SELECT entity_set FROM document WHERE seq=?")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map_err(while_doing("reading a document"))
    }

    /// Changes how many nodes refer to a content.
    fn use_content(&self, hash: &[u8; 32], by: i64) -> Result<(), Error> {
        let changed = self.execute(
            "counting the uses of a content",
            "UPDATE content SET uses=uses+?1 WHERE hash=?2",
            &[&by, &&hash[..]],
        )?;
        // A small content goes at once; a file stays until the sweep, which knows what is pinned.
        if by < 0 {
            self.execute(
                "removing a small content",
                "DELETE FROM content WHERE hash=?1 AND uses<=0 AND data IS NOT NULL",
                &[&&hash[..]],
            )?;
        }
        if changed == 1 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupt, "counting the uses of a content that was never registered"))
    }

    /// Whether a node is the other one or below it.
    fn is_within(&self, seq: i64, other: i64) -> Result<bool, Error> {
        self.read
            .connection
            .prepare_cached(
                "WITH RECURSIVE above(seq) AS (SELECT ?1 UNION \
                 SELECT n.parent FROM above CROSS JOIN node n ON n.seq=above.seq) \
                 SELECT 1 FROM above WHERE seq=?2",
            )
            .and_then(|mut statement| statement.exists([seq, other]))
            .map_err(while_doing("looking for the collections above a node"))
    }

    fn hash_of(&self, seq: i64) -> Result<Option<[u8; 32]>, Error> {
        self.read
            .connection
            .prepare_cached("SELECT hash FROM node WHERE seq=?")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map(Option::flatten)
            .map_err(while_doing("reading a node"))
    }
}

/// Enters a content, with its bytes if it is small; in the form that its name tells.
pub(crate) fn register_content(
    connection: &Connection,
    keys: Option<&Keys>,
    content: &Content,
    small: Option<&[u8]>,
) -> Result<(), Error> {
    let (crc32, data, sealed) = if is_encrypted(content) {
        let keys = encryption::needed(keys)?;
        let data = small.map(|bytes| stream::encrypt(keys, content, bytes)).transpose()?;
        (0, data.map(Cow::Owned), Some(keys.seal_description(content)?))
    } else {
        (content.crc32, small.map(Cow::Borrowed), None)
    };
    let length = i64::try_from(content.length).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT INTO content (hash,crc32,length,uses,data,sealed) VALUES (?,?,?,0,?,?) \
             ON CONFLICT (hash) DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![&content.name[..], crc32, length, data.as_deref(), sealed])
        })
        .map(|_rows| ())
        .map_err(while_doing("registering a content"))
}

/// What is replaced must be there: a number that another took in the meantime is not the same document.
fn replaced(changed: usize, doing: &'static str) -> Result<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotFound, doing).into())
}

/// A taken place is the caller's to report, in the API's words.
fn taken(error: Error) -> saibo_model::Error {
    match error.kind() {
        ErrorKind::Conflict => saibo_model::Error::from(ErrorCode::EntityAlreadyExists).because(error),
        _ => error.into(),
    }
}

impl WriteTx for SqliteWriteTx<'_> {
    fn read(&self) -> &dyn ReadTx {
        &self.read
    }

    fn put_document(&mut self, document: &mut Document) -> Result<()> {
        let doing = "writing a document";
        let connection = self.read.connection;
        let set = self.set_number(&document.set)?;
        let fields = self.fields(set)?;
        let parent = document.parent.as_ref().map_or("", Id::as_str);
        let peer = document.peer.as_ref().map(Id::as_str);
        let number = self.number()?;
        let values = params![
            document.seq,
            set,
            document.key,
            parent,
            peer,
            document.id.as_str(),
            document.version,
            document.published,
            document.updated,
            document.body,
            document.hidden,
            document.extra,
            number
        ];
        if document.seq == 0 {
            self.execute(
                doing,
                "INSERT INTO document \
                 (seq,entity_set,key,parent,peer,id,version,published,updated,body,hidden,extra,changed) \
                 VALUES (NULLIF(?,0),?,?,?,?,?,?,?,?,?,?,?,?)",
                values,
            )
            .map_err(taken)?;
            document.seq = connection.last_insert_rowid();
            return Ok(fields.insert(connection, document.seq)?);
        }
        let seq = document.seq;
        let before = fields.read(connection, set, seq)?;
        // Nearly always all that it is found by stays, its number too. Then the indexes of that need not be written.
        let stays = || {
            self.execute(
                doing,
                "UPDATE document SET version=?7,published=?8,updated=?9,body=?10,hidden=?11,extra=?12 \
                 WHERE seq=?1 AND entity_set=?2 AND key=?3 AND parent=?4 AND peer IS ?5 AND id=?6 AND changed=?13",
                values,
            )
        };
        if stays()? == 1 || (self.touch(document.seq)? && stays()? == 1) {
            let after = fields.read(connection, set, seq)?;
            return Ok(fields.replace(connection, seq, before.as_ref(), after.as_ref())?);
        }
        let other = self.set_of(seq)?.filter(|other| *other != set);
        let left = other.map(|other| Ok::<_, Error>((other, self.fields(other)?))).transpose()?;
        let gone = left.as_ref().map(|(other, fields)| fields.read(connection, *other, seq)).transpose()?;
        self.note_documents_removed("d.seq=?2 AND d.id<>?3", &[&document.seq, &document.id.as_str()])?;
        let changed = self
            .execute(
                doing,
                "UPDATE document SET entity_set=?2,key=?3,parent=?4,peer=?5,id=?6,version=?7,published=?8,\
                 updated=?9,body=?10,hidden=?11,extra=?12,changed=?13 WHERE seq=?1",
                values,
            )
            .map_err(taken)?;
        replaced(changed, doing)?;
        if let Some((_, left)) = left {
            left.replace(connection, seq, gone.flatten().as_ref(), None)?;
        }
        let after = fields.read(connection, set, seq)?;
        Ok(fields.replace(connection, seq, before.as_ref(), after.as_ref())?)
    }

    fn delete_document(&mut self, seq: i64) -> Result<()> {
        let doing = "deleting a document";
        let connection = self.read.connection;
        let Some(set) = self.set_of(seq)? else { return Ok(()) };
        let fields = self.fields(set)?;
        let before = fields.read(connection, set, seq)?;
        fields.replace(connection, seq, before.as_ref(), None)?;
        self.note_documents_removed("d.seq=?2", &[&seq])?;
        self.execute(doing, "DELETE FROM link WHERE first=?", &[&seq])?;
        self.execute(doing, "DELETE FROM link WHERE second=?", &[&seq])?;
        self.execute(doing, "DELETE FROM document WHERE seq=?", &[&seq])?;
        Ok(())
    }

    fn delete_entity_set(&mut self, set: &EntitySet) -> Result<()> {
        let Some(number) = self.read.set_number(set)? else { return Ok(()) };
        let doing = "deleting an entity set";
        self.note_documents_removed("d.entity_set=?2", &[&number])?;
        for column in ["first", "second"] {
            self.execute(
                doing,
                &format!("DELETE FROM link WHERE {column} IN (SELECT seq FROM document WHERE entity_set=?)"),
                &[&number],
            )?;
        }
        self.execute(doing, "DELETE FROM document WHERE entity_set=?", &[&number])?;
        self.execute(doing, "DELETE FROM entity_set WHERE id=?", &[&number])?;
        // The number is given to another set some day, which must not inherit the indexes.
        field::forget_all(self.read.connection, number)?;
        (*self.set.borrow_mut(), *self.fields.borrow_mut()) = (None, None);
        Ok(())
    }

    fn put_link(&mut self, link: &Link) -> Result<()> {
        self.note_link_put(link)?;
        self.execute(
            "writing a link",
            "INSERT OR REPLACE INTO link (first,second,to_one,published,updated,changed) VALUES (?,?,?,?,?,?)",
            params![link.first, link.second, link.to_one, link.published, link.updated, self.number()?],
        )?;
        Ok(())
    }

    fn delete_link(&mut self, one: i64, other: i64) -> Result<bool> {
        self.note_link_removed(one, other)?;
        self.note_link_removed(other, one)?;
        let gone = self.execute(
            "deleting a link",
            "DELETE FROM link WHERE (first=?1 AND second=?2) OR (first=?2 AND second=?1)",
            &[&one, &other],
        )?;
        Ok(gone > 0)
    }

    fn delete_links(&mut self, which: &mut dyn FnMut(i64, i64) -> bool) -> Result<u64> {
        let doing = "looking for links to delete";
        let (mut after, mut deleted) = ((i64::MIN, i64::MIN), 0);
        loop {
            let page: Vec<(i64, i64)> = self
                .read
                .connection
                .prepare_cached(
                    "SELECT first,second FROM link WHERE (first,second)>(?,?) ORDER BY first,second LIMIT 1000",
                )
                .and_then(|mut statement| {
                    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                    statement.query_map([after.0, after.1], row)?.collect()
                })
                .map_err(while_doing(doing))?;
            let Some(last) = page.last() else { return Ok(deleted) };
            after = *last;
            for (first, second) in page {
                if which(first, second) {
                    self.note_link_removed(first, second)?;
                    self.execute(doing, "DELETE FROM link WHERE first=? AND second=?", &[&first, &second])?;
                    deleted += 1;
                }
            }
        }
    }

    fn put_node(&mut self, node: &mut Node) -> Result<()> {
        let doing = "writing a node";
        let before = if node.seq == 0 { None } else { self.hash_of(node.seq)? };
        let after = node.content.as_ref().map(|content| content.name);
        // All that can be refused comes first: who carries on after an error finds nothing half done.
        if let Some(hash) = &after
            && !self.read.has_content(hash)?
        {
            return Err(
                Error::new(ErrorKind::Corrupt, "writing a file whose content was never registered").into()
            );
        }
        if node.seq != 0 && self.is_within(node.parent, node.seq)? {
            return Err(Error::new(ErrorKind::Corrupt, "putting a collection inside itself").into());
        }
        let values = params![
            node.seq,
            node.parent,
            node.name,
            node.id.as_str(),
            node.kind.name(),
            node.version,
            node.published,
            node.updated,
            node.content_type,
            after.as_ref().map(|hash| &hash[..]),
            node.acl,
            node.properties,
            node.extra,
            self.number()?
        ];
        if node.seq == 0 {
            self.execute(
                doing,
                "INSERT INTO node (seq,parent,name,id,kind,version,published,updated,content_type,hash,acl,\
                 properties,extra,changed) VALUES (NULLIF(?,0),?,?,?,?,?,?,?,?,?,?,?,?,?)",
                values,
            )
            .map_err(taken)?;
            node.seq = self.read.connection.last_insert_rowid();
        } else {
            self.note_node_renamed(node.seq, &node.id)?;
            let changed = self
                .execute(
                    doing,
                    "UPDATE node SET parent=?2,name=?3,id=?4,kind=?5,version=?6,published=?7,updated=?8,\
                     content_type=?9,hash=?10,acl=?11,properties=?12,extra=?13,changed=?14 WHERE seq=?1",
                    values,
                )
                .map_err(taken)?;
            replaced(changed, doing)?;
        }
        if before != after {
            if let Some(hash) = &after {
                self.use_content(hash, 1)?;
            }
            if let Some(hash) = &before {
                self.use_content(hash, -1)?;
            }
        }
        Ok(())
    }

    fn delete_node(&mut self, seq: i64) -> Result<()> {
        let doing = "deleting a tree";
        let tree = "WITH RECURSIVE tree(seq) AS (SELECT ?1 UNION ALL \
                    SELECT n.seq FROM tree CROSS JOIN node n ON n.parent=tree.seq)";
        self.note_tree_removed(&tree.replace("?1", "?2"), seq)?;
        self.execute(
            doing,
            &format!(
                "{tree} UPDATE content SET uses=uses-gone.count FROM (SELECT n.hash AS hash,COUNT(*) AS count \
                 FROM tree CROSS JOIN node n ON n.seq=tree.seq WHERE n.hash IS NOT NULL GROUP BY n.hash) gone \
                 WHERE content.hash=gone.hash"
            ),
            &[&seq],
        )?;
        self.execute(
            doing,
            &format!(
                "{tree} DELETE FROM content WHERE uses<=0 AND data IS NOT NULL AND hash IN (SELECT n.hash \
                 FROM tree CROSS JOIN node n ON n.seq=tree.seq WHERE n.hash IS NOT NULL)"
            ),
            &[&seq],
        )?;
        self.execute(
            doing,
            &format!("{tree} DELETE FROM node WHERE seq IN (SELECT seq FROM tree)"),
            &[&seq],
        )?;
        Ok(())
    }

    fn put_content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()> {
        register_content(self.read.connection, self.read.keys, content, small)?;
        Ok(())
    }

    fn forget_unused_contents(&mut self, keep: &[[u8; 32]]) -> Result<Vec<[u8; 32]>> {
        let doing = while_doing("looking for unused contents");
        let unused: Vec<[u8; 32]> = self
            .read
            .connection
            .prepare_cached("SELECT hash FROM content WHERE uses<=0 AND data IS NULL")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(doing)?;
        let keep: HashSet<&[u8; 32]> = keep.iter().collect();
        let unused: Vec<[u8; 32]> = unused.into_iter().filter(|hash| !keep.contains(hash)).collect();
        for hash in &unused {
            self.execute("forgetting a content", "DELETE FROM content WHERE hash=?", &[&&hash[..]])?;
        }
        Ok(unused)
    }

    fn set_value(&mut self, scope: &str, name: &str, value: Option<&str>) -> Result<()> {
        let doing = "writing a value";
        match value {
            Some(value) => self.execute(
                doing,
                "INSERT OR REPLACE INTO value (scope,name,value) VALUES (?,?,?)",
                &[&scope, &name, &value],
            )?,
            None => self.execute(doing, "DELETE FROM value WHERE scope=? AND name=?", &[&scope, &name])?,
        };
        Ok(())
    }

    fn mark(&mut self) -> Result<Moment> {
        self.end_moment()
    }

    fn forget_removed(&mut self, until: Option<i64>, limit: u32) -> Result<bool> {
        self.forget_removals(until, limit)
    }
}
