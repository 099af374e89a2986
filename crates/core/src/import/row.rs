//! What a line of a snapshot becomes in the store.

use saibo_archive::{DocumentLine, NodeMeta};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Node, Result};

use super::defects::Whence;
use crate::document::{self, Extra};

/// The longest id that is believed: twice what the API ever makes of two of them.
pub(super) const MAX_ID: usize = 128;

/// What a document's line has to have.
pub(super) struct Shape<'l> {
    pub(super) id: &'l str,
    /// What tells it from the others of its set.
    pub(super) key: String,
    pub(super) parent: Option<&'l str>,
    pub(super) peer: Option<&'l str>,
    /// What else it is linked with.
    unknown: Vec<(&'l str, &'l str)>,
}

/// Checks the shape of a line.
pub(super) fn shape<'l>(line: &'l DocumentLine<'_>, at: Whence) -> Result<Shape<'l>> {
    let id = line.id.as_ref();
    if id.is_empty() || id.len() > MAX_ID {
        return Err(wrong(at, "`_id` is empty or too long"));
    }
    check_set(line, at)?;
    let mut shape = Shape { id, key: key_of(line, at)?, parent: None, peer: None, unknown: Vec::new() };
    for (name, id) in line.links.iter().flatten() {
        match end_of(line.kind, name) {
            End::Parent => shape.parent = Some(id.as_ref()),
            End::Peer => shape.peer = Some(id.as_ref()),
            End::Unknown => shape.unknown.push((name.as_ref(), id.as_ref())),
        }
    }
    Ok(shape)
}

/// What a document names by a member of its `l`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// What it belongs to.
    Parent,
    /// The other AssociationEnd.
    Peer,
    /// Something that nothing here acts on.
    Unknown,
}

/// What a document of a kind names by the member of its `l` of this name.
pub(super) fn end_of(kind: Kind, name: &str) -> End {
    if kind.parent().is_some_and(|parent| parent.name() == name) {
        End::Parent
    } else if kind == Kind::AssociationEnd && name == kind.name() {
        End::Peer
    } else {
        End::Unknown
    }
}

/// The document of a line.
pub(super) fn document(line: &DocumentLine<'_>, at: Whence) -> Result<Document> {
    let Shape { id, key, parent, peer, unknown } = shape(line, at)?;
    let set = EntitySet {
        kind: line.kind,
        collection: line.collection.as_deref().map(Id::from),
        entity_type: line.entity_type.as_deref().map(Id::from),
    };
    Ok(Document {
        seq: 0,
        key,
        id: Id::from(id),
        set,
        parent: parent.map(Id::from),
        peer: peer.map(Id::from),
        version: 1,
        published: line.published,
        updated: line.updated,
        body: line.fields.to_owned(),
        hidden: line.hidden.filter(|hidden| *hidden != "{}").map(str::to_owned),
        extra: Extra::to_text(line.dynamic, line.acl, &unknown, &line.unknown),
    })
}

fn check_set(line: &DocumentLine<'_>, at: Whence) -> Result<()> {
    if line.kind.is_in_collection() && line.collection.is_none() {
        return Err(wrong(at, "`n`, the id of its collection, is missing"));
    }
    if line.kind == Kind::UserData && line.entity_type.is_none() {
        return Err(wrong(at, "`t`, the id of its EntityType, is missing"));
    }
    Ok(())
}

/// What tells the document from the others of its set.
fn key_of(line: &DocumentLine<'_>, at: Whence) -> Result<String> {
    let field = document::key_field(line.kind);
    let member = saibo_archive::member(line.fields, field)
        .map_err(|e| wrong(at, "`s` is no JSON object").because(e))?;
    match member.map(serde_json::from_str::<String>) {
        Some(Ok(key)) => Ok(key),
        _ => Err(wrong(at, format!("`s` has no text {field:?}"))),
    }
}

/// The node of a `.pmeta`.
pub(super) fn node(meta: &NodeMeta, parent: i64, name: &str) -> Node {
    let object = |text: &Option<String>| text.clone().filter(|text| text != "{}");
    let cell_status = meta.cell_status.as_ref().map(|status| serde_json::json!(status).to_string());
    let mut unknown: Vec<(std::borrow::Cow<'_, str>, &str)> =
        meta.unknown.iter().map(|(name, json)| (name.as_str().into(), json.as_str())).collect();
    unknown.extend(cell_status.as_deref().map(|status| ("cs".into(), status)));
    Node {
        seq: 0,
        parent,
        name: name.to_owned(),
        id: Id::from(meta.id.as_str()),
        kind: meta.kind,
        version: meta.version,
        published: meta.published,
        updated: meta.updated,
        content_type: meta.content_type.clone(),
        content: None,
        acl: object(&meta.acl),
        properties: object(&meta.properties),
        extra: Extra::to_text(None, None, &[], &unknown),
    }
}

/// What is wrong with a line.
pub(super) fn wrong(at: Whence, why: impl std::fmt::Display) -> saibo_model::Error {
    ErrorCode::FieldInvalid.with([format!("{at}: {why}")])
}
