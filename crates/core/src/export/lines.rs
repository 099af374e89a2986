//! What stands in a snapshot of the Cell, of a link's types and of a node.

use saibo_archive::{DocumentLine, NodeMeta};
use saibo_model::node::{Node, NodeKind};
use saibo_model::{Document, EntitySet, Id, Kind, Result};

use crate::document::Extra;

/// The Cell's own document. Who owns it stays behind: it is whoever imports it that will.
pub(super) fn cell_line<'a>(own: &'a Document, extra: &'a Extra) -> DocumentLine<'a> {
    DocumentLine {
        id: own.id.as_str().into(),
        kind: Kind::Cell,
        cell: None,
        box_id: None,
        collection: None,
        entity_type: None,
        published: own.published,
        updated: own.updated,
        fields: &own.body,
        hidden: Some("{}"),
        dynamic: Some(extra.dynamic.as_deref().unwrap_or("{}")),
        acl: Some(extra.acl.as_deref().unwrap_or("{}")),
        links: Some(Vec::new()),
        entity_links: None,
        unknown: Vec::new(),
    }
}

/// `t1` and `t2` of a link.
pub(super) fn link_type(set: &EntitySet) -> &str {
    set.entity_type.as_ref().map_or(set.kind.name(), Id::as_str)
}

/// The `.pmeta` of a node.
pub(super) fn meta(node: &Node) -> Result<NodeMeta> {
    let extra = Extra::parse(node.extra.as_deref())?;
    let members = extra.unknown();
    let text = |name: &str| {
        members
            .iter()
            .find(|(key, _)| key == name)
            .and_then(|(_, json)| serde_json::from_str::<String>(json).ok())
    };
    let is_file = node.kind == NodeKind::File;
    Ok(NodeMeta {
        id: node.id.to_string(),
        kind: node.kind,
        published: node.published,
        updated: node.updated,
        version: node.version,
        cell_status: text("cs"),
        content_type: node.content_type.clone(),
        length: node.content.as_ref().map(|content| content.length),
        encryption: is_file.then(|| "NONE".to_owned()),
        acl: Some(node.acl.clone().unwrap_or_else(|| "{}".to_owned())),
        properties: Some(node.properties.clone().unwrap_or_else(|| "{}".to_owned())),
        unknown: members
            .iter()
            .filter(|(name, _)| name != "cs")
            .map(|(name, json)| (name.to_string(), (*json).to_owned()))
            .collect(),
    })
}
