//! Building a Cell beside the live one: a bulk load without journal, indexes last, synced at the end.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use saibo_model::node::Content;
use saibo_model::{Document, EntitySet, Id, Node};
use saibo_store::builder::{Built, BuiltCell, Defect};
use saibo_store::{BlobWriter, Builder, Error, ErrorKind, Origin, ReadTx, Result};

use crate::blobs::ContentWriter;
use crate::error::while_doing;
use crate::read::{SqliteReadTx, set_key};
use crate::store::in_view;
use crate::{connection, folder, schema};

/// Links wait here, by the ids they name, until every document has its row number.
const PENDING: &str = "
CREATE TABLE pending (
    first_seq INTEGER,
    first TEXT,
    second TEXT NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    line INTEGER NOT NULL
) STRICT";

/// See [`Builder`].
pub(crate) struct SqliteBuilder {
    connection: Connection,
    /// The generation's folder while it is being made.
    folder: tempfile::TempDir,
    tmp: PathBuf,
    /// The Cell's folder, which the generation will be in.
    cell: PathBuf,
    generation: u64,
    sets: std::collections::HashMap<EntitySet, i64>,
    last: i64,
    last_times: (i64, i64),
    /// Whether the index is there that finds a node by its name.
    finds_children: bool,
}

impl SqliteBuilder {
    pub(crate) fn new(cell: PathBuf, generation: u64, tmp: &Path) -> Result<Self> {
        let folder = tempfile::tempdir_in(tmp).map_err(|e| Error::io("beginning to build a Cell", e))?;
        let connection = connection::bulk(&folder.path().join("cell.db"))?;
        let doing = while_doing("beginning to build a Cell");
        connection.execute_batch(PENDING).map_err(&doing)?;
        connection.execute_batch("BEGIN").map_err(&doing)?;
        Ok(Self {
            connection,
            folder,
            tmp: tmp.to_owned(),
            cell,
            generation,
            sets: std::collections::HashMap::new(),
            last: 0,
            last_times: (0, 0),
            finds_children: false,
        })
    }

    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|_rows| ())
            .map_err(while_doing("building a Cell"))
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(while_doing("building a Cell"))
    }

    fn set_number(&mut self, set: &EntitySet) -> Result<i64> {
        if let Some(number) = self.sets.get(set) {
            return Ok(*number);
        }
        let [kind, collection, entity_type] = set_key(set);
        self.execute(
            "INSERT INTO entity_set (kind,collection,entity_type) VALUES (?,?,?)",
            &[&kind, &collection, &entity_type],
        )?;
        let number = self.connection.last_insert_rowid();
        self.sets.insert(set.clone(), number);
        Ok(number)
    }

    /// Rows of (id, missing id), made into defects.
    fn find(&self, sql: &str, limit: usize, defects: &mut Vec<Defect>, make: impl Fn(Id, Id) -> Defect) -> Result<()> {
        let doing = while_doing("checking a built Cell");
        let left = limit.saturating_sub(defects.len());
        let mut statement = self.connection.prepare(&format!("{sql} LIMIT {left}")).map_err(&doing)?;
        let mut rows = statement.query([]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let id = Id::from(row.get::<_, String>(0).map_err(&doing)?);
            let missing = Id::from(row.get::<_, String>(1).map_err(&doing)?);
            defects.push(make(id, missing));
        }
        Ok(())
    }

    fn find_dangling(&self, limit: usize, defects: &mut Vec<Defect>) -> Result<()> {
        self.find(
            "SELECT d.id,d.parent FROM document d WHERE d.parent<>'' \
             AND NOT EXISTS (SELECT 1 FROM document p WHERE p.id=d.parent)",
            limit,
            defects,
            |id, missing| Defect::DanglingParent { id, missing },
        )?;
        self.find(
            "SELECT d.id,d.peer FROM document d WHERE d.peer IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM document p WHERE p.id=d.peer)",
            limit,
            defects,
            |id, missing| Defect::DanglingParent { id, missing },
        )?;
        self.find(
            "SELECT (SELECT d.id FROM document d WHERE d.entity_set=s.id LIMIT 1),s.collection \
             FROM entity_set s WHERE s.collection<>'' \
             AND NOT EXISTS (SELECT 1 FROM node n WHERE n.id=s.collection AND n.kind='col.odata')",
            limit,
            defects,
            |id, missing| Defect::DanglingCollection { id, missing },
        )?;
        self.find(
            "SELECT (SELECT d.id FROM document d WHERE d.entity_set=s.id LIMIT 1),s.entity_type \
             FROM entity_set s WHERE s.entity_type<>'' AND NOT EXISTS (SELECT 1 FROM document p \
             JOIN entity_set t ON t.id=p.entity_set WHERE p.id=s.entity_type AND t.kind='EntityType')",
            limit,
            defects,
            |id, missing| Defect::DanglingEntityType { id, missing },
        )
    }

    fn resolve_links(&self, limit: usize, defects: &mut Vec<Defect>) -> Result<()> {
        let doing = while_doing("resolving links");
        let mut statement = self
            .connection
            .prepare(
                "SELECT CASE WHEN p.first_seq IS NULL AND a.seq IS NULL THEN p.first ELSE p.second END,\
                 p.line,p.first_seq IS NOT NULL FROM pending p LEFT JOIN document a ON a.id=p.first \
                 LEFT JOIN document b ON b.id=p.second \
                 WHERE COALESCE(p.first_seq,a.seq) IS NULL OR b.seq IS NULL LIMIT ?",
            )
            .map_err(&doing)?;
        let left = i64::try_from(limit.saturating_sub(defects.len())).unwrap_or(i64::MAX);
        let mut rows = statement.query([left]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            defects.push(Defect::DanglingLink {
                missing: Id::from(row.get::<_, String>(0).map_err(&doing)?),
                line: row.get::<_, i64>(1).map(|line| u64::try_from(line).unwrap_or(0)).map_err(&doing)?,
                to_one: row.get(2).map_err(&doing)?,
            });
        }
        drop(rows);
        self.batch(
            "INSERT OR IGNORE INTO link (first,second,to_one,published,updated) \
             SELECT COALESCE(p.first_seq,a.seq),b.seq,p.first_seq IS NOT NULL,p.published,p.updated \
             FROM pending p LEFT JOIN document a ON a.id=p.first JOIN document b ON b.id=p.second \
             WHERE COALESCE(p.first_seq,a.seq) IS NOT NULL ORDER BY 1,2;\
             DROP TABLE pending",
        )
    }

    /// Makes an index; where rows collide, finds which.
    fn index(&self, sql: &str, table: &str, columns: &str, limit: usize, defects: &mut Vec<Defect>) -> Result<()> {
        match self.connection.execute_batch(sql).map_err(while_doing("indexing a built Cell")) {
            Err(e) if e.kind() == ErrorKind::Conflict => {
                self.find(
                    &format!("SELECT MAX(id),'' FROM {table} GROUP BY {columns} HAVING COUNT(*)>1"),
                    limit,
                    defects,
                    |id, _| Defect::Duplicate { id },
                )?;
                // Not unique, so that the other checks can go on.
                self.batch(&sql.replace("UNIQUE ", ""))
            }
            result => result,
        }
    }
}

impl Builder for SqliteBuilder {
    fn document(&mut self, document: &Document, _origin: Origin) -> Result<()> {
        let set = self.set_number(&document.set)?;
        self.execute(
            "INSERT INTO document (entity_set,key,parent,peer,id,version,published,updated,body,hidden,extra) \
             VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            params![
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
        )?;
        self.last = self.connection.last_insert_rowid();
        self.last_times = (document.published, document.updated);
        Ok(())
    }

    fn to_one_link(&mut self, second: &Id, origin: Origin) -> Result<()> {
        self.execute(
            "INSERT INTO pending (first_seq,second,published,updated,line) VALUES (?,?,?,?,?)",
            params![
                self.last,
                second.as_str(),
                self.last_times.0,
                self.last_times.1,
                i64::try_from(origin.line).unwrap_or(i64::MAX)
            ],
        )
    }

    fn link(&mut self, first: &Id, second: &Id, published: i64, updated: i64, origin: Origin) -> Result<()> {
        self.execute(
            "INSERT INTO pending (first,second,published,updated,line) VALUES (?,?,?,?,?)",
            params![
                first.as_str(),
                second.as_str(),
                published,
                updated,
                i64::try_from(origin.line).unwrap_or(i64::MAX)
            ],
        )
    }

    fn node(&mut self, node: &Node) -> Result<i64> {
        self.execute(
            "INSERT INTO node (parent,name,id,kind,version,published,updated,content_type,hash,acl,\
             properties,extra) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            params![
                node.parent,
                node.name,
                node.id.as_str(),
                node.kind.name(),
                node.version,
                node.published,
                node.updated,
                node.content_type,
                node.content.as_ref().map(|content| &content.hash[..]),
                node.acl,
                node.properties,
                node.extra
            ],
        )?;
        let seq = self.connection.last_insert_rowid();
        if let Some(content) = &node.content {
            self.execute("UPDATE content SET uses=uses+1 WHERE hash=?", &[&&content.hash[..]])?;
        }
        Ok(seq)
    }

    fn child(&mut self, parent: i64, name: &str) -> Result<Option<i64>> {
        if !self.finds_children {
            self.batch(schema::node_name())?;
            self.finds_children = true;
        }
        self.connection
            .prepare_cached("SELECT seq FROM node WHERE parent=? AND name=?")
            .and_then(|mut statement| statement.query_row(params![parent, name], |row| row.get(0)).optional())
            .map_err(while_doing("building a Cell"))
    }

    fn content_writer(&mut self) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(ContentWriter::bulk(&self.folder.path().join("blobs"), &self.tmp)))
    }

    fn content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()> {
        self.execute(
            "INSERT INTO content (hash,crc32,length,uses,data) VALUES (?,?,?,0,?) ON CONFLICT (hash) DO NOTHING",
            params![&content.hash[..], content.crc32, i64::try_from(content.length).unwrap_or(i64::MAX), small],
        )
    }

    fn value(&mut self, scope: &str, name: &str, value: &str) -> Result<()> {
        self.execute("INSERT OR REPLACE INTO value (scope,name,value) VALUES (?,?,?)", &[&scope, &name, &value])
    }

    fn check(&mut self, limit: usize) -> Result<Vec<Defect>> {
        let mut defects = Vec::new();
        for sql in schema::INDEXES {
            let (table, columns) = match sql {
                sql if sql.contains("document_id ") => ("document", "id"),
                sql if sql.contains("document_key ") => ("document", "entity_set,key,parent"),
                sql if sql.contains("node_id ") => ("node", "id"),
                _ => {
                    self.batch(sql)?;
                    continue;
                }
            };
            self.index(sql, table, columns, limit, &mut defects)?;
        }
        self.resolve_links(limit, &mut defects)?;
        self.find_dangling(limit, &mut defects)?;
        self.batch("COMMIT")?;
        Ok(defects)
    }

    fn read_with(&self, work: &mut dyn FnMut(&dyn ReadTx) -> saibo_model::Result<()>) -> saibo_model::Result<()> {
        in_view(&self.connection, |connection| work(&SqliteReadTx::new(connection)))
    }

    fn finish(self: Box<Self>) -> Result<Built> {
        let SqliteBuilder { connection, folder, tmp, cell, generation, .. } = *self;
        self::sync_all(connection, folder.path())?;
        folder::create(&cell)?;
        let place = cell.join(generation.to_string());
        folder::rename(folder.path(), &place)?;
        // The name is gone from `tmp`, so there is nothing left to remove.
        let _moved = folder.keep();
        Ok(Box::new(BuiltFolder { place, tmp, generation, keep: false }))
    }
}

/// Closes the database in the form it is opened with later, and puts the whole folder on disk with one call.
fn sync_all(connection: Connection, folder: &Path) -> Result<()> {
    let doing = while_doing("finishing a built Cell");
    connection
        .pragma_update_and_check(None, "locking_mode", "NORMAL", |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    connection::to_wal(&connection)?;
    connection.close().map_err(|(_connection, e)| doing(e))?;
    let handle = std::fs::File::open(folder).map_err(|e| Error::io("syncing a built Cell", e))?;
    rustix::fs::syncfs(&handle).map_err(|e| Error::io("syncing a built Cell", e.into()))
}

struct BuiltFolder {
    place: PathBuf,
    tmp: PathBuf,
    generation: u64,
    keep: bool,
}

impl BuiltCell for BuiltFolder {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn keep(mut self: Box<Self>) {
        self.keep = true;
    }
}

impl Drop for BuiltFolder {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = folder::remove(&self.place, &self.tmp)
        {
            tracing::warn!(%error, "a Cell that was built and not adopted could not be removed");
        }
    }
}
