//! The writing verbs, inside the committer's transaction.

use rusqlite::{Connection, OptionalExtension, params};
use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::query::Field;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Node, Result};
use saibo_store::{Error, ErrorKind, ReadTx, WriteTx};

use crate::error::while_doing;
use crate::read::{SqliteReadTx, set_key};
use crate::sql;

/// A view of the writing connection inside a transaction.
pub(crate) struct SqliteWriteTx<'c> {
    read: SqliteReadTx<'c>,
}

impl<'c> SqliteWriteTx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { read: SqliteReadTx::new(connection) }
    }

    fn execute(
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
    fn set_number(&self, set: &EntitySet) -> Result<i64, Error> {
        if let Some(number) = self.read.set_number(set)? {
            return Ok(number);
        }
        let [kind, collection, entity_type] = set_key(set);
        self.execute(
            "making an entity set",
            "INSERT INTO entity_set (kind,collection,entity_type) VALUES (?,?,?)",
            &[&kind, &collection, &entity_type],
        )?;
        Ok(self.read.connection.last_insert_rowid())
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

    fn hash_of(&self, seq: i64) -> Result<Option<[u8; 32]>, Error> {
        self.read
            .connection
            .prepare_cached("SELECT hash FROM node WHERE seq=?")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map(Option::flatten)
            .map_err(while_doing("reading a node"))
    }
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
        let set = self.set_number(&document.set)?;
        let seq = (document.seq != 0).then_some(document.seq);
        self.execute(
            "writing a document",
            "INSERT INTO document \
             (seq,entity_set,key,parent,peer,id,version,published,updated,body,hidden,extra) \
             VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (seq) DO UPDATE SET \
             entity_set=excluded.entity_set,key=excluded.key,parent=excluded.parent,peer=excluded.peer,\
             version=excluded.version,published=excluded.published,updated=excluded.updated,\
             body=excluded.body,hidden=excluded.hidden,extra=excluded.extra",
            params![
                seq,
                set,
                document.key,
                document.parent.as_ref().map_or("", Id::as_str),
                document.peer.as_ref().map(Id::as_str),
                document.id.as_str(),
                document.version,
                document.published,
                document.updated,
                document.body,
                document.hidden,
                document.extra
            ],
        )
        .map_err(taken)?;
        if document.seq == 0 {
            document.seq = self.read.connection.last_insert_rowid();
        }
        Ok(())
    }

    fn delete_document(&mut self, seq: i64) -> Result<()> {
        let doing = "deleting a document";
        self.execute(doing, "DELETE FROM link WHERE first=?", &[&seq])?;
        self.execute(doing, "DELETE FROM link WHERE second=?", &[&seq])?;
        self.execute(doing, "DELETE FROM document WHERE seq=?", &[&seq])?;
        Ok(())
    }

    fn delete_entity_set(&mut self, set: &EntitySet) -> Result<()> {
        let Some(number) = self.read.set_number(set)? else { return Ok(()) };
        let doing = "deleting an entity set";
        for column in ["first", "second"] {
            self.execute(
                doing,
                &format!("DELETE FROM link WHERE {column} IN (SELECT seq FROM document WHERE entity_set=?)"),
                &[&number],
            )?;
        }
        self.execute(doing, "DELETE FROM document WHERE entity_set=?", &[&number])?;
        self.execute(doing, "DELETE FROM entity_set WHERE id=?", &[&number])?;
        Ok(())
    }

    fn put_link(&mut self, link: &Link) -> Result<()> {
        self.execute(
            "writing a link",
            "INSERT OR REPLACE INTO link (first,second,to_one,published,updated) VALUES (?,?,?,?,?)",
            params![link.first, link.second, link.to_one, link.published, link.updated],
        )?;
        Ok(())
    }

    fn delete_link(&mut self, one: i64, other: i64) -> Result<bool> {
        let gone = self.execute(
            "deleting a link",
            "DELETE FROM link WHERE (first=?1 AND second=?2) OR (first=?2 AND second=?1)",
            &[&one, &other],
        )?;
        Ok(gone > 0)
    }

    fn put_node(&mut self, node: &mut Node) -> Result<()> {
        let seq = (node.seq != 0).then_some(node.seq);
        let before = if node.seq == 0 { None } else { self.hash_of(node.seq)? };
        let after = node.content.as_ref().map(|content| content.hash);
        if before != after {
            if let Some(hash) = &after {
                self.use_content(hash, 1)?;
            }
            if let Some(hash) = &before {
                self.use_content(hash, -1)?;
            }
        }
        self.execute(
            "writing a node",
            "INSERT INTO node (seq,parent,name,id,kind,version,published,updated,content_type,hash,acl,\
             properties,extra) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (seq) DO UPDATE SET \
             parent=excluded.parent,name=excluded.name,kind=excluded.kind,version=excluded.version,\
             published=excluded.published,updated=excluded.updated,content_type=excluded.content_type,\
             hash=excluded.hash,acl=excluded.acl,properties=excluded.properties,extra=excluded.extra",
            params![
                seq,
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
                node.extra
            ],
        )
        .map_err(taken)?;
        if node.seq == 0 {
            node.seq = self.read.connection.last_insert_rowid();
        }
        Ok(())
    }

    fn delete_node(&mut self, seq: i64) -> Result<()> {
        let doing = "deleting a tree";
        let tree = "WITH RECURSIVE tree(seq) AS (SELECT ?1 UNION ALL \
                    SELECT n.seq FROM tree CROSS JOIN node n ON n.parent=tree.seq)";
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
        self.execute(doing, &format!("{tree} DELETE FROM node WHERE seq IN (SELECT seq FROM tree)"), &[&seq])?;
        Ok(())
    }

    fn put_content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()> {
        self.execute(
            "registering a content",
            "INSERT INTO content (hash,crc32,length,uses,data) VALUES (?,?,?,0,?) ON CONFLICT (hash) DO NOTHING",
            params![&content.hash[..], content.crc32, i64::try_from(content.length).unwrap_or(i64::MAX), small],
        )?;
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
            None => {
                self.execute(doing, "DELETE FROM value WHERE scope=? AND name=?", &[&scope, &name])?
            }
        };
        Ok(())
    }

    fn index_field(&mut self, set: &EntitySet, field: &Field) -> Result<()> {
        let Field::Body { path, stored } = field else { return Ok(()) };
        let number = self.set_number(set)?;
        let expression = sql::expression("", field)?;
        self.execute(
            "making an index",
            &format!(
                "CREATE INDEX IF NOT EXISTS \"field_{number}_{}_{stored:?}\" ON document ({expression}) \
                 WHERE entity_set={number}",
                path.join("/")
            ),
            &[],
        )?;
        Ok(())
    }
}
