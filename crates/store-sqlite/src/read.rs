//! The reading verbs, on any connection.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::query::{Field, Filter, OrderBy, Query, Related};
use saibo_model::{Document, EntitySet, Id, Kind, Moment, Node, Removed, Result};
use saibo_store::tx::Linked;
use saibo_store::{ChangeTotals, Error, ReadTx, Scan, Value};

use crate::encryption::{self, Keys, is_encrypted, stream};
use crate::error::while_doing;
use crate::list::{self, List};
use crate::making::Making;
use crate::rows::{document_columns, document_of, link_of, node_columns, node_of, set_key, set_of, unsigned};
use crate::{changes, export};

/// A view of a connection inside a transaction.
pub(crate) struct SqliteReadTx<'c> {
    pub(crate) connection: &'c Connection,
    /// Of the contents of a Cell.
    pub(crate) keys: Option<&'c Keys>,
}

macro_rules! node {
    ($rest:literal) => {
        concat!("SELECT ", node_columns!(), " FROM node n LEFT JOIN content c ON c.hash=n.hash", $rest)
    };
}

impl<'c> SqliteReadTx<'c> {
    pub(crate) fn new(connection: &'c Connection, keys: Option<&'c Keys>) -> Self {
        Self { connection, keys }
    }

    /// The number of a set, if it was ever used.
    pub(crate) fn set_number(&self, set: &EntitySet) -> Result<Option<i64>, Error> {
        let doing = while_doing("looking for an entity set");
        self.connection
            .prepare_cached("SELECT id FROM entity_set WHERE kind=? AND collection=? AND entity_type=?")
            .and_then(|mut statement| statement.query_row(set_key(set), |row| row.get(0)).optional())
            .map_err(doing)
    }

    /// Whether there is an index of that name.
    pub(crate) fn has_index(&self, name: &str) -> Result<bool, Error> {
        self.connection
            .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type='index' AND name=?")
            .and_then(|mut statement| statement.exists([name]))
            .map_err(while_doing("looking for an index"))
    }

    fn one_node(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<Node>> {
        let doing = while_doing("reading a node");
        let mut statement = self.connection.prepare_cached(sql).map_err(&doing)?;
        let mut rows = statement.query(values).map_err(&doing)?;
        match rows.next().map_err(&doing)? {
            Some(row) => Ok(Some(node_of(row, self.keys).map_err(&doing)??)),
            None => Ok(None),
        }
    }

    fn select<T>(
        &self,
        what: &str,
        set: &EntitySet,
        filter: Option<&Filter>,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
        otherwise: T,
    ) -> Result<T> {
        let Some(number) = self.set_number(set)? else { return Ok(otherwise) };
        let doing = while_doing("counting documents");
        let above = self.above(set, filter)?;
        let way = self.way_to_all(number, above, filter)?;
        let mut sql = list::select(what, number, above, filter, &way)?;
        sql.text.push_str(if what == "1" { " LIMIT 1" } else { "" });
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        let found = statement.query_row(params_from_iter(sql.values), read).optional().map_err(&doing)?;
        Ok(found.unwrap_or(otherwise))
    }
}

impl ReadTx for SqliteReadTx<'_> {
    fn document(&self, set: &EntitySet, parent: Option<&Id>, key: &str) -> Result<Option<Document>> {
        let doing = while_doing("reading a document");
        const SQL: &str = concat!(
            "SELECT ",
            document_columns!(),
            " FROM document d WHERE d.entity_set=(SELECT id FROM entity_set \
              WHERE kind=? AND collection=? AND entity_type=?) AND d.key=? AND d.parent=?"
        );
        let [kind, collection, entity_type] = set_key(set);
        self.connection
            .prepare_cached(SQL)
            .and_then(|mut statement| {
                statement
                    .query_row(
                        params![kind, collection, entity_type, key, parent.map_or("", Id::as_str)],
                        |row| document_of(row, set.clone()),
                    )
                    .optional()
            })
            .map_err(|e| doing(e).into())
    }

    fn document_by_id(&self, id: &Id) -> Result<Option<Document>> {
        let doing = while_doing("reading a document");
        const SQL: &str = concat!(
            "SELECT ",
            document_columns!(),
            ",s.kind,s.collection,s.entity_type \
             FROM document d JOIN entity_set s ON s.id=d.entity_set WHERE d.id=?"
        );
        let mut statement = self.connection.prepare_cached(SQL).map_err(&doing)?;
        let mut rows = statement.query([id.as_str()]).map_err(&doing)?;
        match rows.next().map_err(&doing)? {
            Some(row) => {
                let set = set_of(row, 11).map_err(&doing)??;
                Ok(Some(document_of(row, set).map_err(&doing)?))
            }
            None => Ok(None),
        }
    }

    fn documents(&self, set: &EntitySet, query: &Query, each: Scan<'_, Document>) -> Result<()> {
        let Some(number) = self.set_number(set)? else { return Ok(()) };
        let doing = while_doing("listing documents");
        let above = self.above(set, query.filter.as_ref())?;
        let way = self.way_to(number, above, query)?;
        let (statements, mut skip, mut left) = match list::list(number, above, query, &way)? {
            List::Page(sql) => (vec![sql], 0, u64::MAX),
            List::Two(both) => (both.into(), query.skip, query.top.unwrap_or(u64::MAX)),
        };
        for sql in statements {
            if left == 0 {
                break;
            }
            let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
            let mut rows = statement.query(params_from_iter(sql.values)).map_err(&doing)?;
            while left > 0
                && let Some(row) = rows.next().map_err(&doing)?
            {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                left -= 1;
                each(document_of(row, set.clone()).map_err(&doing)?)?;
            }
        }
        Ok(())
    }

    fn related(
        &self,
        set: &EntitySet,
        to: &Related,
        order_by: &[OrderBy],
        top: u64,
        each: Scan<'_, (usize, Document)>,
    ) -> Result<()> {
        let Some(number) = self.set_number(set)? else { return Ok(()) };
        let doing = while_doing("listing related documents");
        let sql = list::related(number, to, order_by, top)?;
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        let mut rows = statement.query(params_from_iter(sql.values)).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let at = row.get::<_, i64>(11).map(unsigned).map_err(&doing)?;
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            each((at, document_of(row, set.clone()).map_err(&doing)?))?;
        }
        Ok(())
    }

    fn count(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<u64> {
        let count = self.select("COUNT(*)", set, filter, |row| row.get::<_, i64>(0), 0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn any(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<bool> {
        self.select("1", set, filter, |_row| Ok(true), false)
    }

    fn is_indexed(&self, set: &EntitySet, field: &Field) -> Result<bool> {
        match Making::new(set, field)? {
            Some(making) => making.is_done(self.connection),
            None => Ok(true),
        }
    }

    fn entity_sets(&self, kind: Kind) -> Result<Vec<EntitySet>> {
        let doing = while_doing("listing entity sets");
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind,collection,entity_type FROM entity_set WHERE kind=? ORDER BY id")
            .map_err(&doing)?;
        let mut rows = statement.query([kind.name()]).map_err(&doing)?;
        let mut sets = Vec::new();
        while let Some(row) = rows.next().map_err(&doing)? {
            sets.push(set_of(row, 0).map_err(&doing)??);
        }
        Ok(sets)
    }

    fn link(&self, one: i64, other: i64) -> Result<Option<Link>> {
        let doing = while_doing("reading a link");
        self.connection
            .prepare_cached(
                "SELECT first,second,to_one,published,updated FROM link \
                 WHERE (first=?1 AND second=?2) OR (first=?2 AND second=?1)",
            )
            .and_then(|mut statement| statement.query_row([one, other], link_of).optional())
            .map_err(|e| doing(e).into())
    }

    fn all_documents(&self, kind: Kind, each: Scan<'_, (Document, Vec<(Id, Id)>)>) -> Result<()> {
        export::all_documents(self.connection, kind, each)
    }

    fn all_links(&self, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()> {
        export::all_links(self.connection, each)
    }

    fn link_count(&self) -> Result<u64> {
        let doing = while_doing("counting links");
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM link WHERE to_one=0")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map(|count| u64::try_from(count).unwrap_or(0))
            .map_err(|e| doing(e).into())
    }

    fn knows_changes_since(&self, moment: &Moment) -> Result<bool> {
        changes::knows(self.connection, moment)
    }

    fn change_totals(&self, since: &Moment) -> Result<ChangeTotals> {
        changes::totals(self.connection, since)
    }

    fn changed_documents(
        &self,
        kind: Kind,
        since: &Moment,
        each: Scan<'_, (Document, Vec<(Id, Id)>)>,
    ) -> Result<()> {
        changes::documents(self.connection, kind, since, each)
    }

    fn changed_links(&self, since: &Moment, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()> {
        changes::links(self.connection, since, each)
    }

    fn changed_nodes(&self, since: &Moment, each: Scan<'_, (u32, Node)>) -> Result<()> {
        changes::nodes(self.connection, self.keys, since, each)
    }

    fn removed(&self, since: &Moment, each: Scan<'_, Removed>) -> Result<()> {
        changes::removed(self.connection, since, each)
    }

    fn node(&self, seq: i64) -> Result<Option<Node>> {
        self.one_node(node!(" WHERE n.seq=?"), &[&seq])
    }

    fn child(&self, parent: i64, name: &str) -> Result<Option<Node>> {
        self.one_node(node!(" WHERE n.parent=? AND n.name=?"), &[&parent, &name])
    }

    fn node_by_id(&self, id: &Id) -> Result<Option<Node>> {
        self.one_node(node!(" WHERE n.id=?"), &[&id.as_str()])
    }

    fn children(&self, parent: i64, each: Scan<'_, Node>) -> Result<()> {
        let doing = while_doing("listing a collection");
        let mut statement =
            self.connection.prepare_cached(node!(" WHERE n.parent=? ORDER BY n.name")).map_err(&doing)?;
        let mut rows = statement.query([parent]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            each(node_of(row, self.keys).map_err(&doing)??)?;
        }
        Ok(())
    }

    fn child_count(&self, parent: i64) -> Result<u64> {
        let doing = while_doing("counting a collection");
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM node WHERE parent=?")
            .and_then(|mut statement| statement.query_row([parent], |row| row.get::<_, i64>(0)))
            .map(|count| u64::try_from(count).unwrap_or(0))
            .map_err(|e| doing(e).into())
    }

    fn descendants(&self, parent: i64, each: Scan<'_, (u32, Node)>) -> Result<()> {
        let doing = while_doing("walking a tree");
        // SQLite takes from the queue the deepest row first, so a folder's content follows it at once and the
        // queue holds no more than the siblings on the way down.
        const SQL: &str = concat!(
            "WITH RECURSIVE below(seq,depth,name) AS (\
             SELECT seq,1,name FROM node WHERE parent=? UNION ALL \
             SELECT c.seq,below.depth+1,c.name FROM below CROSS JOIN node c ON c.parent=below.seq \
             ORDER BY 2 DESC,3) \
             SELECT ",
            node_columns!(),
            ",below.depth FROM below CROSS JOIN node n ON n.seq=below.seq \
             LEFT JOIN content c ON c.hash=n.hash"
        );
        let mut statement = self.connection.prepare_cached(SQL).map_err(&doing)?;
        let mut rows = statement.query([parent]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let depth = row.get(16).map_err(&doing)?;
            each((depth, node_of(row, self.keys).map_err(&doing)??))?;
        }
        Ok(())
    }

    fn node_totals(&self) -> Result<(u64, u64, u64)> {
        let doing = while_doing("counting nodes");
        self.connection
            .prepare_cached(
                "SELECT COUNT(*),COUNT(n.hash),COALESCE(SUM(c.length),0) \
                 FROM node n LEFT JOIN content c ON c.hash=n.hash",
            )
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })
            })
            .map(|(nodes, files, bytes)| (unsigned(nodes), unsigned(files), unsigned(bytes)))
            .map_err(|e| doing(e).into())
    }

    fn small_content(&self, content: &Content) -> Result<Option<Vec<u8>>> {
        let doing = while_doing("reading a content");
        let data = self
            .connection
            .prepare_cached("SELECT data FROM content WHERE hash=?")
            .and_then(|mut statement| {
                statement.query_row([&content.name[..]], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()
            })
            .map_err(doing)?
            .flatten();
        match data {
            Some(data) if is_encrypted(content) => {
                Ok(Some(stream::decrypt(encryption::needed(self.keys)?, content, &data)?))
            }
            data => Ok(data),
        }
    }

    fn has_content(&self, name: &[u8; 32]) -> Result<bool> {
        let doing = while_doing("looking for a content");
        self.connection
            .prepare_cached("SELECT 1 FROM content WHERE hash=?")
            .and_then(|mut statement| statement.exists([&name[..]]))
            .map_err(|e| doing(e).into())
    }

    fn value(&self, scope: &str, name: &str) -> Result<Option<String>> {
        let doing = while_doing("reading a value");
        self.connection
            .prepare_cached("SELECT value FROM value WHERE scope=? AND name=?")
            .and_then(|mut statement| statement.query_row([scope, name], |row| row.get(0)).optional())
            .map_err(|e| doing(e).into())
    }

    fn values(&self, scope: &str) -> Result<Vec<Value>> {
        let doing = while_doing("reading values");
        self.connection
            .prepare_cached("SELECT name,value FROM value WHERE scope=? ORDER BY name")
            .and_then(|mut statement| {
                statement.query_map([scope], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .map_err(|e| doing(e).into())
    }
}
