//! Building a Cell beside the live one: a bulk load without syncs, indexes last, everything synced at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use saibo_model::node::Content;
use saibo_model::query::Field;
use saibo_model::{Document, EntitySet, Id, Kind, Node, Removed};
use saibo_store::builder::{Built, Defect};
use saibo_store::{BlobWriter, Builder, Error, ErrorKind, Origin, ReadTx, Result};

use crate::amend::Amend;
use crate::cell::OpenCell;
use crate::content::{BLOBS, ContentWriter};
use crate::defects::Search;
use crate::draft::DraftFolder;
use crate::encryption::Keys;
use crate::error::while_doing;
use crate::making::Making;
use crate::read::SqliteReadTx;
use crate::readers::in_view;
use crate::rows::set_key;
use crate::write::register_content;
use crate::{built, connection, fork, schema};

/// Beside the database, not in it, where it would leave a hole: links, by the ids they name, until every
/// document has its row number; where documents came from, as runs of rows that lay line by line; and what whoever builds
/// has to know to go on.
const WAITING: &str = "
CREATE TABLE waiting.link (
    first_seq INTEGER,
    first TEXT,
    second TEXT NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    line INTEGER NOT NULL
) STRICT;
CREATE TABLE waiting.run (seq INTEGER PRIMARY KEY, line INTEGER NOT NULL) STRICT;
CREATE TABLE waiting.checkpoint (
    state TEXT NOT NULL,
    amends INTEGER NOT NULL,
    is_checked INTEGER NOT NULL
) STRICT";

const WAITING_FILE: &str = "waiting.db";

/// See [`Builder`].
pub(crate) struct SqliteBuilder {
    connection: Connection,
    /// The generation's folder while it is being made.
    folder: DraftFolder,
    tmp: PathBuf,
    /// The Cell's folder, which the generation will be in.
    cell: PathBuf,
    /// Of the Cell's contents.
    keys: Option<Arc<Keys>>,
    sets: std::collections::HashMap<EntitySet, i64>,
    last: i64,
    last_times: (i64, i64),
    last_line: i64,
    /// Whether the index is there that finds a node by its name.
    finds_children: bool,
    /// Whether what is added may be there already.
    amends: bool,
    /// The generation that it began as a copy of, with its indexes and contents.
    source: Option<Arc<OpenCell>>,
}

impl SqliteBuilder {
    pub(crate) fn new(cell: PathBuf, tmp: &Path, keys: Option<Arc<Keys>>) -> Result<Self> {
        let folder = DraftFolder::create(tmp)?;
        let connection = connection::bulk(&folder.path().join(built::FILE))?;
        Self::begin(connection, folder, cell, tmp, keys)
    }

    /// One that a process before this one began, as it was at its last checkpoint, with what that said.
    pub(crate) fn again(
        cell: PathBuf,
        tmp: &Path,
        keys: Option<Arc<Keys>>,
        folder: DraftFolder,
    ) -> Result<Option<(Self, String)>> {
        let doing = while_doing("going on with building a Cell");
        let waiting = folder.path().join(WAITING_FILE);
        if !waiting.exists() {
            return Ok(None);
        }
        let connection = connection::bulk_again(&folder.path().join(built::FILE))?;
        attach(&connection, &waiting)?;
        let sql = "SELECT state,amends,is_checked FROM waiting.checkpoint";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, bool>(2)?));
        let kept = connection.prepare(sql).and_then(|mut statement| statement.query_row([], row).optional());
        // Killed before its tables were there.
        let Ok(Some((state, amends, is_checked))) = kept else { return Ok(None) };
        if !is_checked {
            connection.execute_batch("BEGIN").map_err(&doing)?;
        }
        let mut builder = Self::over_tables(connection, folder, cell, tmp, keys);
        builder.amends = amends;
        Ok(Some((builder, state)))
    }

    /// One that begins as a copy of a generation, for a later state to be put over it.
    pub(crate) fn over(
        source: Arc<OpenCell>,
        cell: PathBuf,
        tmp: &Path,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Self> {
        let (folder, connection) = fork::copy(&source, tmp, progress)?;
        let keys = source.keys.clone();
        let mut builder = Self::begin(connection, folder, cell, tmp, keys)?;
        builder.finds_children = true;
        builder.source = Some(source);
        builder.amend()?;
        Ok(builder)
    }

    fn begin(
        connection: Connection,
        folder: DraftFolder,
        cell: PathBuf,
        tmp: &Path,
        keys: Option<Arc<Keys>>,
    ) -> Result<Self> {
        let doing = while_doing("beginning to build a Cell");
        let waiting = folder.path().join(WAITING_FILE);
        // Not every connection may make files.
        std::fs::File::create(&waiting).map_err(|e| Error::io("beginning to build a Cell", e))?;
        attach(&connection, &waiting)?;
        connection.execute_batch(WAITING).map_err(&doing)?;
        connection.execute_batch("BEGIN").map_err(&doing)?;
        Ok(Self::over_tables(connection, folder, cell, tmp, keys))
    }

    fn over_tables(
        connection: Connection,
        folder: DraftFolder,
        cell: PathBuf,
        tmp: &Path,
        keys: Option<Arc<Keys>>,
    ) -> Self {
        Self {
            connection,
            folder,
            tmp: tmp.to_owned(),
            cell,
            keys,
            sets: std::collections::HashMap::new(),
            last: 0,
            last_times: (0, 0),
            // No line comes after it, so that the first one begins a run.
            last_line: -1,
            finds_children: false,
            amends: false,
            source: None,
        }
    }

    /// Runs a statement; how many rows it changed.
    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(while_doing("building a Cell"))
    }

    /// What is there is looked for and changed by it.
    fn amending(&self) -> Amend<'_> {
        Amend { connection: &self.connection, over_copy: self.source.is_some() }
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(while_doing("building a Cell"))
    }

    fn set_number(&mut self, set: &EntitySet) -> Result<i64> {
        if let Some(number) = self.sets.get(set) {
            return Ok(*number);
        }
        let [kind, collection, entity_type] = set_key(set);
        if let Some(number) = self.amending().set_number([kind, collection, entity_type])? {
            self.sets.insert(set.clone(), number);
            return Ok(number);
        }
        self.execute(
            "INSERT INTO entity_set (kind,collection,entity_type) VALUES (?,?,?)",
            &[&kind, &collection, &entity_type],
        )?;
        let number = self.connection.last_insert_rowid();
        self.sets.insert(set.clone(), number);
        Ok(number)
    }
}

impl Builder for SqliteBuilder {
    fn document(&mut self, document: &Document, origin: Origin) -> Result<()> {
        let set = self.set_number(&document.set)?;
        self.amending().make_way_for_document(document, set)?;
        if self.amends
            && let Some(seq) = self.amending().document(document, set)?
        {
            self.last = seq;
            self.last_times = (document.published, document.updated);
            return Ok(());
        }
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
        if self.amends {
            return self.amending().index(set, self.last);
        }
        let line = line_of(origin);
        if line != self.last_line + 1 {
            self.execute("INSERT INTO waiting.run (seq,line) VALUES (?,?)", &[&self.last, &line])?;
        }
        self.last_line = line;
        Ok(())
    }

    fn to_one_link(&mut self, second: &Id, origin: Origin) -> Result<()> {
        self.execute(
            "INSERT INTO waiting.link (first_seq,second,published,updated,line) VALUES (?,?,?,?,?)",
            params![self.last, second.as_str(), self.last_times.0, self.last_times.1, line_of(origin)],
        )
        .map(|_rows| ())
    }

    fn link(&mut self, first: &Id, second: &Id, published: i64, updated: i64, origin: Origin) -> Result<()> {
        if self.amends {
            self.amending().unlink(first, second)?;
        }
        self.execute(
            "INSERT INTO waiting.link (first,second,published,updated,line) VALUES (?,?,?,?,?)",
            params![first.as_str(), second.as_str(), published, updated, line_of(origin)],
        )
        .map(|_rows| ())
    }

    fn node(&mut self, node: &Node) -> Result<i64> {
        self.amending().make_way_for_node(node)?;
        if self.amends
            && let Some(seq) = self.amending().node(node)?
        {
            return Ok(seq);
        }
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
                node.content.as_ref().map(|content| &content.name[..]),
                node.acl,
                node.properties,
                node.extra
            ],
        )?;
        let seq = self.connection.last_insert_rowid();
        if let Some(content) = &node.content {
            let counted =
                self.execute("UPDATE content SET uses=uses+1 WHERE hash=?", &[&&content.name[..]])?;
            if counted == 0 {
                return Err(Error::new(
                    ErrorKind::Corrupt,
                    "adding a file whose content was never registered",
                ));
            }
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
        Ok(Box::new(ContentWriter::bulk(&self.folder.path().join(BLOBS), &self.tmp, self.keys.clone())))
    }

    fn content(&mut self, content: &Content, small: Option<&[u8]>) -> Result<()> {
        register_content(&self.connection, self.keys.as_deref(), content, small)
    }

    fn value(&mut self, scope: &str, name: &str, value: &str) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO value (scope,name,value) VALUES (?,?,?)",
            &[&scope, &name, &value],
        )
        .map(|_rows| ())
    }

    fn amend(&mut self) -> Result<()> {
        self.amends = true;
        self.amending().prepare()
    }

    fn remove(&mut self, removed: &Removed) -> Result<()> {
        self.amending().remove(removed)
    }

    fn check(&mut self, limit: usize) -> Result<Vec<Defect>> {
        let mut search = Search::new(&self.connection, limit);
        if self.source.is_some() {
            search.make_unique_again()?;
        }
        search.index()?;
        search.resolve_links()?;
        if self.amends {
            self.amending().tidy(self.folder.path())?;
            search.find_unreachable()?;
        }
        search.find_dangling()?;
        let defects = search.into_defects();
        schema::estimate(&self.connection)?;
        // What was kept before is no more what is there.
        self.batch("DELETE FROM waiting.checkpoint; COMMIT")?;
        Ok(defects)
    }

    fn index(&mut self, set: &EntitySet, field: &Field) -> Result<()> {
        match Making::new(set, field)? {
            Some(making) => making.make_at_once(&self.connection),
            None => Ok(()),
        }
    }

    fn line_of(&self, id: &Id) -> Result<Option<(Kind, u64)>> {
        if self.amends {
            return Ok(None);
        }
        let doing = while_doing("looking for where a document came from");
        let found = self
            .connection
            .prepare_cached(
                "SELECT s.kind,r.line+d.seq-r.seq FROM document d JOIN entity_set s ON s.id=d.entity_set \
                 JOIN waiting.run r ON r.seq<=d.seq WHERE d.id=? ORDER BY d.seq DESC,r.seq DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
                statement.query_row([id.as_str()], row).optional()
            });
        let found = found.map_err(doing)?;
        Ok(found.and_then(|(kind, line)| Some((Kind::from_name(&kind)?, u64::try_from(line).ok()?))))
    }

    fn read_with(
        &self,
        work: &mut dyn FnMut(&dyn ReadTx) -> saibo_model::Result<()>,
    ) -> saibo_model::Result<()> {
        in_view(&self.connection, |connection| work(&SqliteReadTx::new(connection, self.keys.as_deref())))
    }

    fn name(&self) -> &str {
        self.folder.name()
    }

    fn checkpoint(&mut self, state: &str) -> Result<()> {
        self.batch("DELETE FROM waiting.checkpoint")?;
        let is_checked = self.connection.is_autocommit();
        self.execute(
            "INSERT INTO waiting.checkpoint (state,amends,is_checked) VALUES (?,?,?)",
            &[&state, &self.amends, &is_checked],
        )?;
        if is_checked { Ok(()) } else { self.batch("COMMIT; BEGIN") }
    }

    fn leave(self: Box<Self>) -> Result<()> {
        let SqliteBuilder { connection, folder, .. } = *self;
        // What was not kept goes with it.
        connection.flush_prepared_statement_cache();
        connection.close().map_err(|(_, e)| while_doing("leaving a Cell that is being built")(e))?;
        folder.leave()
    }

    fn finish(self: Box<Self>) -> Result<Built> {
        let SqliteBuilder { connection, folder, tmp, cell, source, .. } = *self;
        if let Some(source) = source {
            fork::link_contents(&connection, folder.path(), &[source])?;
        }
        self::sync_all(connection, &folder)?;
        let built = built::settle(folder.path(), tmp, &cell)?;
        folder.moved();
        Ok(built)
    }
}

fn line_of(origin: Origin) -> i64 {
    i64::try_from(origin.line).unwrap_or(i64::MAX)
}

/// Closes the database in the form it is opened with later, and puts the whole folder on disk with one call.
fn sync_all(connection: Connection, folder: &DraftFolder) -> Result<()> {
    let doing = while_doing("finishing a built Cell");
    connection.flush_prepared_statement_cache();
    connection.execute_batch("DETACH waiting").map_err(&doing)?;
    // From here on it is no use to whoever would go on with it.
    folder.unmark()?;
    for file in [WAITING_FILE.to_owned(), built::journal(WAITING_FILE)] {
        built::remove_if_there(&folder.path().join(file))?;
    }
    built::close(connection, folder.path())
}

/// Another database for what waits.
fn attach(connection: &Connection, waiting: &Path) -> Result<()> {
    connection
        .execute("ATTACH ? AS waiting", [waiting.to_string_lossy()])
        .map_err(while_doing("building a Cell"))?;
    connection::journaled(connection, "waiting")
}
