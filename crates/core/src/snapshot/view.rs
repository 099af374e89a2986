//! Snapshot files as PROPFIND shows them (API page 505): the collection has the dates, the status and the ACL of the
//! Cell, and the files inherit that ACL.

use saibo_dav::header::ETag;
use saibo_dav::response::{Body, Multistatus, Resource, Response};
use saibo_model::acl::Acl;
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::{ErrorCode, Result};
use saibo_store::{ReadTx, SnapshotInfo, StoreExt as _};

use crate::Cell;
use crate::dav::view::{AclShower, show};

/// The collection with files in it, and its ETag.
///
/// # Errors
/// The store's.
pub fn all(cell: &Cell, files: Vec<SnapshotInfo>) -> Result<(Multistatus, ETag)> {
    cell.store().read(|tx| {
        let root = root(tx)?;
        let acl = Acl::parse(root.acl.as_deref());
        let mut collection = show(&root, href(cell, None))?;
        collection.acl = Some(AclShower::new(tx, cell.url(), MAIN_BOX).show(&acl, &[])?);
        collection.properties.clear();
        let mut responses = vec![Response::from(collection)];
        for info in &files {
            responses.push(Response::from(file(tx, cell, &acl, info)?));
        }
        Ok((Multistatus { responses }, ETag { version: root.version, updated: root.updated }))
    })
}

/// A file, and its ETag.
///
/// # Errors
/// The store's.
pub fn one(cell: &Cell, info: &SnapshotInfo) -> Result<(Multistatus, ETag)> {
    cell.store().read(|tx| {
        let acl = Acl::parse(root(tx)?.acl.as_deref());
        let responses = vec![Response::from(file(tx, cell, &acl, info)?)];
        Ok((Multistatus { responses }, super::etag(info)))
    })
}

fn root(tx: &dyn ReadTx) -> Result<Node> {
    tx.node(CELL_NODE)?.ok_or_else(|| ErrorCode::DataInconsistency.into())
}

fn file(tx: &dyn ReadTx, cell: &Cell, acl: &Acl, info: &SnapshotInfo) -> Result<Resource> {
    let mut shower = AclShower::new(tx, cell.url(), MAIN_BOX);
    let inherited = shower.inherited([(cell.url(), acl)])?;
    Ok(Resource {
        href: href(cell, Some(&info.name)),
        kind: NodeKind::File,
        created: info.published,
        updated: info.updated,
        body: Some(Body { length: info.length, media_type: info.content_type.clone() }),
        cell_status: None,
        acl: Some(shower.show(&Acl::default(), &inherited)?),
        properties: Vec::new(),
    })
}

fn href(cell: &Cell, name: Option<&str>) -> String {
    let collection = format!("{}__snapshot", cell.url());
    name.map_or(collection.clone(), |name| format!("{collection}/{name}"))
}
