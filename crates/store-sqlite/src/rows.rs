//! From rows to documents, links and nodes.

use rusqlite::Row;
use saibo_model::document::Link;
use saibo_model::node::Content;
use saibo_model::{Document, EntitySet, Id, Kind, Node, NodeKind, Result};
use saibo_store::{Error, ErrorKind};

use crate::encryption::{self, Keys};

/// The columns of a table, in the order in which they are read here; a macro, so that statements are
/// constants.
macro_rules! document_columns {
    () => {
        "d.seq,d.key,d.parent,d.peer,d.id,d.version,d.published,d.updated,d.body,d.hidden,d.extra"
    };
}
pub(crate) use document_columns;

/// Like [`document_columns`], for a node and its content.
macro_rules! node_columns {
    () => {
        "n.seq,n.parent,n.name,n.id,n.kind,n.version,n.published,n.updated,n.content_type,n.hash,\
         n.acl,n.properties,n.extra,c.crc32,c.length,c.sealed"
    };
}
pub(crate) use node_columns;

/// What an entity set is found by.
pub(crate) fn set_key(set: &EntitySet) -> [&str; 3] {
    [
        set.kind.name(),
        set.collection.as_ref().map_or("", Id::as_str),
        set.entity_type.as_ref().map_or("", Id::as_str),
    ]
}

pub(crate) fn id_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Id> {
    row.get::<_, String>(column).map(Id::from)
}

pub(crate) fn set_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Result<EntitySet, Error>> {
    let name: String = row.get(column)?;
    let Some(kind) = Kind::from_name(&name) else {
        return Ok(Err(Error::new(ErrorKind::Corrupt, format!("reading a document of the kind {name}"))));
    };
    let id = |text: String| (!text.is_empty()).then(|| Id::from(text));
    Ok(Ok(EntitySet { kind, collection: id(row.get(column + 1)?), entity_type: id(row.get(column + 2)?) }))
}

pub(crate) fn document_of(row: &Row<'_>, set: EntitySet) -> rusqlite::Result<Document> {
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

pub(crate) fn link_of(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        first: row.get(0)?,
        second: row.get(1)?,
        to_one: row.get(2)?,
        published: row.get(3)?,
        updated: row.get(4)?,
    })
}

pub(crate) fn node_of(row: &Row<'_>, keys: Option<&Keys>) -> rusqlite::Result<Result<Node, Error>> {
    let name: String = row.get(4)?;
    let Some(kind) = NodeKind::from_name(&name) else {
        return Ok(Err(Error::new(ErrorKind::Corrupt, format!("reading a node of the kind {name}"))));
    };
    let content = match row.get::<_, Option<[u8; 32]>>(9)? {
        Some(name) => match content_of(row, name, keys)? {
            Ok(content) => Some(content),
            Err(error) => return Ok(Err(error)),
        },
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

fn content_of(
    row: &Row<'_>,
    name: [u8; 32],
    keys: Option<&Keys>,
) -> rusqlite::Result<saibo_store::Result<Content>> {
    let length = row.get::<_, i64>(14).map(unsigned)?;
    Ok(match row.get_ref(15)?.as_blob_or_null()? {
        Some(sealed) => encryption::needed(keys).and_then(|keys| keys.describe(name, length, sealed)),
        None => Ok(Content { name, sha256: name, crc32: row.get(13)?, length }),
    })
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
