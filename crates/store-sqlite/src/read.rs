//! The reading verbs, on any connection.

use rusqlite::types::Value as Sqlite;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::query::{Filter, Query};
use saibo_model::{Document, EntitySet, Id, Kind, Node, NodeKind, Result};
use saibo_store::{Error, ErrorKind, ReadTx, Scan, Value};

use crate::error::while_doing;
use crate::sql::Sql;

/// A view of a connection inside a transaction.
pub(crate) struct SqliteReadTx<'c> {
    pub(crate) connection: &'c Connection,
}

const DOCUMENT: &str = "d.seq,d.key,d.parent,d.peer,d.id,d.version,d.published,d.updated,d.body,d.hidden,d.extra";
const NODE: &str = "n.seq,n.parent,n.name,n.id,n.kind,n.version,n.published,n.updated,n.content_type,n.hash,\
                    n.acl,n.properties,n.extra,c.crc32,c.length";
const NODE_FROM: &str = "node n LEFT JOIN content c ON c.hash=n.hash";

impl<'c> SqliteReadTx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// The number of a set, if it was ever used.
    pub(crate) fn set_number(&self, set: &EntitySet) -> Result<Option<i64>, Error> {
        let doing = while_doing("looking for an entity set");
        self.connection
            .prepare_cached("SELECT id FROM entity_set WHERE kind=? AND collection=? AND entity_type=?")
            .and_then(|mut statement| {
                statement.query_row(set_key(set), |row| row.get(0)).optional()
            })
            .map_err(doing)
    }

    fn one_document(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<Document>> {
        let doing = while_doing("reading a document");
        let mut statement = self.connection.prepare_cached(sql).map_err(&doing)?;
        let mut rows = statement.query(values).map_err(&doing)?;
        match rows.next().map_err(&doing)? {
            Some(row) => {
                let set = set_of(row, 11).map_err(&doing)??;
                Ok(Some(document_of(row, set).map_err(&doing)?))
            }
            None => Ok(None),
        }
    }

    fn one_node(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<Node>> {
        let doing = while_doing("reading a node");
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {NODE} FROM {NODE_FROM} WHERE {condition}"))
            .map_err(&doing)?;
        let mut rows = statement.query(values).map_err(&doing)?;
        match rows.next().map_err(&doing)? {
            Some(row) => Ok(Some(node_of(row).map_err(&doing)??)),
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
        let mut sql = Sql::default();
        sql.text = format!("SELECT {what} FROM document d WHERE d.entity_set={number}");
        if let Some(filter) = filter {
            sql.text.push_str(" AND ");
            sql.filter(filter)?;
        }
        sql.text.push_str(if what == "1" { " LIMIT 1" } else { "" });
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        let found = statement.query_row(params_from_iter(sql.values), read).optional().map_err(&doing)?;
        Ok(found.unwrap_or(otherwise))
    }
}

impl ReadTx for SqliteReadTx<'_> {
    fn document(&self, set: &EntitySet, parent: Option<&Id>, key: &str) -> Result<Option<Document>> {
        let Some(number) = self.set_number(set)? else { return Ok(None) };
        let doing = while_doing("reading a document");
        let sql = format!("SELECT {DOCUMENT} FROM document d WHERE d.entity_set=? AND d.key=? AND d.parent=?");
        let mut statement = self.connection.prepare_cached(&sql).map_err(&doing)?;
        statement
            .query_row(params![number, key, parent.map_or("", Id::as_str)], |row| {
                document_of(row, set.clone())
            })
            .optional()
            .map_err(|e| doing(e).into())
    }

    fn document_by_id(&self, id: &Id) -> Result<Option<Document>> {
        let sql = format!(
            "SELECT {DOCUMENT},s.kind,s.collection,s.entity_type \
             FROM document d JOIN entity_set s ON s.id=d.entity_set WHERE d.id=?"
        );
        self.one_document(&sql, &[&id.as_str()])
    }

    fn documents(&self, set: &EntitySet, query: &Query, each: Scan<'_, Document>) -> Result<()> {
        let Some(number) = self.set_number(set)? else { return Ok(()) };
        let doing = while_doing("listing documents");
        let mut sql = Sql::default();
        sql.text = format!("SELECT {DOCUMENT} FROM document d WHERE d.entity_set={number}");
        if let Some(filter) = &query.filter {
            sql.text.push_str(" AND ");
            sql.filter(filter)?;
        }
        sql.order(&query.order_by)?;
        sql.text.push_str(" LIMIT ? OFFSET ?");
        sql.values.push(Sqlite::Integer(query.top.map_or(-1, |top| i64::try_from(top).unwrap_or(i64::MAX))));
        sql.values.push(Sqlite::Integer(i64::try_from(query.skip).unwrap_or(i64::MAX)));
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        let mut rows = statement.query(params_from_iter(sql.values)).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            each(document_of(row, set.clone()).map_err(&doing)?)?;
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
            .and_then(|mut statement| statement.query_row([one, other], |row| link_of(row)).optional())
            .map_err(|e| doing(e).into())
    }

    fn all_documents(&self, kind: Kind, each: Scan<'_, (Document, Vec<(Id, Id)>)>) -> Result<()> {
        let doing = while_doing("reading every document");
        // Both run by `seq`, so the to-one links are merged in as the documents come by.
        let mut held = self
            .connection
            .prepare_cached(
                "SELECT l.first,s.entity_type,d.id FROM link l JOIN document d ON d.seq=l.second \
                 JOIN entity_set s ON s.id=d.entity_set WHERE l.to_one=1 ORDER BY l.first,l.second",
            )
            .map_err(&doing)?;
        let mut held = held.query([]).map_err(&doing)?;
        let mut next = next_held(&mut held)?;
        let sql = format!(
            "SELECT {DOCUMENT},s.kind,s.collection,s.entity_type FROM document d \
             CROSS JOIN entity_set s ON s.id=d.entity_set WHERE s.kind=? ORDER BY d.seq"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(&doing)?;
        let mut rows = statement.query([kind.name()]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let set = set_of(row, 11).map_err(&doing)??;
            let document = document_of(row, set).map_err(&doing)?;
            let mut links = Vec::new();
            while let Some((first, link)) = next.take() {
                if first > document.seq {
                    next = Some((first, link));
                    break;
                }
                if first == document.seq {
                    links.push(link);
                }
                next = next_held(&mut held)?;
            }
            each((document, links))?;
        }
        Ok(())
    }

    fn all_links(&self, each: Scan<'_, (Link, (EntitySet, Id), (EntitySet, Id))>) -> Result<()> {
        let doing = while_doing("reading every link");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT l.first,l.second,l.to_one,l.published,l.updated,\
                 a.id,s.kind,s.collection,s.entity_type,b.id,t.kind,t.collection,t.entity_type FROM link l \
                 CROSS JOIN document a ON a.seq=l.first CROSS JOIN entity_set s ON s.id=a.entity_set \
                 CROSS JOIN document b ON b.seq=l.second CROSS JOIN entity_set t ON t.id=b.entity_set \
                 WHERE l.to_one=0 ORDER BY l.first,l.second",
            )
            .map_err(&doing)?;
        let mut rows = statement.query([]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let first = (set_of(row, 6).map_err(&doing)??, id_of(row, 5).map_err(&doing)?);
            let second = (set_of(row, 10).map_err(&doing)??, id_of(row, 9).map_err(&doing)?);
            each((link_of(row).map_err(&doing)?, first, second))?;
        }
        Ok(())
    }

    fn link_count(&self) -> Result<u64> {
        let doing = while_doing("counting links");
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM link WHERE to_one=0")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map(|count| u64::try_from(count).unwrap_or(0))
            .map_err(|e| doing(e).into())
    }

    fn node(&self, seq: i64) -> Result<Option<Node>> {
        self.one_node("n.seq=?", &[&seq])
    }

    fn child(&self, parent: i64, name: &str) -> Result<Option<Node>> {
        self.one_node("n.parent=? AND n.name=?", &[&parent, &name])
    }

    fn node_by_id(&self, id: &Id) -> Result<Option<Node>> {
        self.one_node("n.id=?", &[&id.as_str()])
    }

    fn children(&self, parent: i64, each: Scan<'_, Node>) -> Result<()> {
        let doing = while_doing("listing a collection");
        let sql = format!("SELECT {NODE} FROM {NODE_FROM} WHERE n.parent=? ORDER BY n.name");
        let mut statement = self.connection.prepare_cached(&sql).map_err(&doing)?;
        let mut rows = statement.query([parent]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            each(node_of(row).map_err(&doing)??)?;
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
        let sql = format!(
            "WITH RECURSIVE below(seq,depth,name) AS (\
             SELECT seq,1,name FROM node WHERE parent=? UNION ALL \
             SELECT c.seq,below.depth+1,c.name FROM below CROSS JOIN node c ON c.parent=below.seq \
             ORDER BY 2 DESC,3) \
             SELECT {NODE},below.depth FROM below CROSS JOIN node n ON n.seq=below.seq \
             LEFT JOIN content c ON c.hash=n.hash"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(&doing)?;
        let mut rows = statement.query([parent]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let depth = row.get(15).map_err(&doing)?;
            each((depth, node_of(row).map_err(&doing)??))?;
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

    fn small_content(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let doing = while_doing("reading a content");
        self.connection
            .prepare_cached("SELECT data FROM content WHERE hash=?")
            .and_then(|mut statement| {
                statement.query_row([&hash[..]], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()
            })
            .map(Option::flatten)
            .map_err(|e| doing(e).into())
    }

    fn has_content(&self, hash: &[u8; 32]) -> Result<bool> {
        let doing = while_doing("looking for a content");
        self.connection
            .prepare_cached("SELECT 1 FROM content WHERE hash=?")
            .and_then(|mut statement| statement.exists([&hash[..]]))
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

pub(crate) fn set_key(set: &EntitySet) -> [&str; 3] {
    [
        set.kind.name(),
        set.collection.as_ref().map_or("", Id::as_str),
        set.entity_type.as_ref().map_or("", Id::as_str),
    ]
}

/// A row of the held to-one links: holder's `seq`, then (EntityType, document).
fn next_held(rows: &mut rusqlite::Rows<'_>) -> Result<Option<(i64, (Id, Id))>, Error> {
    let doing = while_doing("reading to-one links");
    match rows.next().map_err(&doing)? {
        Some(row) => Ok(Some((
            row.get(0).map_err(&doing)?,
            (id_of(row, 1).map_err(&doing)?, id_of(row, 2).map_err(&doing)?),
        ))),
        None => Ok(None),
    }
}

fn id_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Id> {
    row.get::<_, String>(column).map(Id::from)
}

fn set_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Result<EntitySet, Error>> {
    let name: String = row.get(column)?;
    let Some(kind) = Kind::from_name(&name) else {
        return Ok(Err(Error::new(ErrorKind::Corrupt, format!("reading a document of the kind {name}"))));
    };
    let id = |text: String| (!text.is_empty()).then(|| Id::from(text));
    Ok(Ok(EntitySet { kind, collection: id(row.get(column + 1)?), entity_type: id(row.get(column + 2)?) }))
}

fn document_of(row: &Row<'_>, set: EntitySet) -> rusqlite::Result<Document> {
    let parent: String = row.get(2)?;
    Ok(Document {
        seq: row.get(0)?,
        set,
        key: row.get(1)?,
        parent: (!parent.is_empty()).then(|| Id::from(parent)),
        peer: row.get::<_, Option<String>>(3)?.map(Id::from),
        id: id_of(row, 4)?,
        version: row.get(5)?,
        published: row.get(6)?,
        updated: row.get(7)?,
        body: row.get(8)?,
        hidden: row.get(9)?,
        extra: row.get(10)?,
    })
}

fn link_of(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        first: row.get(0)?,
        second: row.get(1)?,
        to_one: row.get(2)?,
        published: row.get(3)?,
        updated: row.get(4)?,
    })
}

fn node_of(row: &Row<'_>) -> rusqlite::Result<Result<Node, Error>> {
    let name: String = row.get(4)?;
    let Some(kind) = NodeKind::from_name(&name) else {
        return Ok(Err(Error::new(ErrorKind::Corrupt, format!("reading a node of the kind {name}"))));
    };
    let content = match row.get::<_, Option<[u8; 32]>>(9)? {
        Some(hash) => {
            Some(Content { hash, crc32: row.get(13)?, length: row.get::<_, i64>(14).map(unsigned)? })
        }
        None => None,
    };
    Ok(Ok(Node {
        seq: row.get(0)?,
        parent: row.get(1)?,
        name: row.get(2)?,
        id: id_of(row, 3)?,
        kind,
        version: row.get(5)?,
        published: row.get(6)?,
        updated: row.get(7)?,
        content_type: row.get(8)?,
        content,
        acl: row.get(10)?,
        properties: row.get(11)?,
        extra: row.get(12)?,
    }))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
