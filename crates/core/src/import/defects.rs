//! What a built Cell has that cannot be right, said so that it can be found in the snapshot.

use std::collections::HashMap;
use std::fmt;

use saibo_model::node::{CELL_NODE, MAIN_BOX, NodeKind};
use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::builder::Defect;
use saibo_store::{Builder, ReadTx};
use serde::{Deserialize, Serialize};

/// Where in a snapshot a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whence {
    #[serde(with = "kind_name")]
    pub(super) kind: Kind,
    pub(super) line: u64,
}

/// A kind by its name.
mod kind_name {
    use saibo_model::Kind;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(deserializer)?;
        Kind::from_name(&name).ok_or_else(|| D::Error::custom("an unknown kind"))
    }
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}", saibo_archive::documents_entry(self.kind), self.line)
    }
}

/// Something names what is not there.
pub(super) fn missing(what: String) -> saibo_model::Error {
    ErrorCode::NavigationKeyNotFound.with([what])
}

/// The error that a defect makes, the first of so many; no more than `limit` were looked for.
///
/// # Errors
/// The store's, while looking for where it stands.
pub(super) fn error(
    builder: &dyn Builder,
    defect: &Defect,
    count: usize,
    limit: usize,
) -> Result<saibo_model::Error> {
    let more = match count {
        1 => String::new(),
        count if count == limit => format!(" (and at least {} more)", count - 1),
        count => format!(" (and {} more)", count - 1),
    };
    let at = |id: &Id| place(builder, id);
    Ok(match defect {
        Defect::Duplicate { id } => {
            let at = at(id)?;
            ErrorCode::FieldInvalid.with([format!("{at}: {id}: there is another of that id or key{more}")])
        }
        Defect::DanglingLink { missing: id, line, to_one: false } => {
            missing(format!("10_odata/80_link.pjson: line {line}: document {id}{more}"))
        }
        Defect::DanglingLink { missing: id, line, to_one: true } => {
            let at = Whence { kind: Kind::UserData, line: *line };
            missing(format!("{at}: `ll` names {id}{more}"))
        }
        Defect::DanglingParent { id, missing: other } => {
            missing(format!("{}: `l` names {other}{more}", at(id)?))
        }
        Defect::DanglingCollection { id, missing: other } => {
            missing(format!("{}: the OData collection {other}{more}", at(id)?))
        }
        Defect::Unreachable { id } => missing(format!("the collection that {id} is in{more}")),
        Defect::DanglingEntityType { id, missing: other } => {
            missing(format!("{}: the EntityType {other}{more}", at(id)?))
        }
    })
}

/// Where a document or resource of that id stands; the later document, if there are two.
fn place(builder: &dyn Builder, id: &Id) -> Result<String> {
    if let Some((kind, line)) = builder.line_of(id)? {
        return Ok(Whence { kind, line }.to_string());
    }
    let mut found = None;
    builder.read_with(&mut |tx| {
        found = resource(tx, id)?;
        Ok(())
    })?;
    Ok(found.unwrap_or_else(|| "a document".to_owned()))
}

fn resource(tx: &dyn ReadTx, id: &Id) -> Result<Option<String>> {
    let Some(node) = tx.node_by_id(id)? else { return Ok(None) };
    let (mut path, mut parent) = (node.name, node.parent);
    while let Some(above) = tx.node(parent)?.filter(|above| !above.name.is_empty()) {
        path = format!("{}/{path}", above.name);
        parent = above.parent;
    }
    Ok(Some(format!("20_webdav/{path}/.pmeta")))
}

/// Every Box folder belongs to a Box, and every OData collection is in the Box that its documents name.
pub(super) fn check_boxes(tx: &dyn ReadTx, boxes: &HashMap<Id, (String, Whence)>, from: &Id) -> Result<()> {
    tx.children(CELL_NODE, &mut |node| {
        let known = node.name == MAIN_BOX
            || tx
                .document_by_id(&Id::from(node.name.as_str()))?
                .is_some_and(|found| found.set.kind == Kind::Box);
        if known {
            return Ok(());
        }
        Err(missing(format!("20_webdav/{}/: the Box of that id", node.name)))
    })?;
    for (collection, (box_id, at)) in boxes {
        let mut node = tx.node_by_id(collection)?;
        while let Some(at) = node.take_if(|node| node.kind != NodeKind::Box) {
            node = tx.node(at.parent)?;
        }
        let name = if box_id == from.as_str() { MAIN_BOX } else { box_id };
        if node.is_none_or(|node| node.name != name) {
            return Err(missing(format!("{at}: the collection {collection} in the Box {box_id}")));
        }
    }
    Ok(())
}
