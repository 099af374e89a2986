//! What is in a Box: collections and files, their properties and ACLs; and the same of the Cell itself.
//!
//! One file per WebDAV method. [`resolve`] says what a path leads to and who serves it; each use case then
//! checks for itself, in its own transaction, that it still finds what it is for.

mod acl;
mod box_;
pub mod cell;
pub mod content;
mod copy;
mod delete;
mod get;
mod mkcol;
mod move_;
mod options;
mod propfind;
mod proppatch;
mod put;
mod request;
pub mod resource;
mod served;
mod transfer;
pub(crate) mod view;

use saibo_dav::header::ETag;
use saibo_model::node::{Node, NodeKind};
use saibo_model::{ErrorCode, Result};
use saibo_store::{ReadTx, WriteTx};

pub use acl::acl;
pub use box_::{BoxMetadata, box_metadata, check_install, delete_box};
pub use copy::copy;
pub use delete::delete;
pub use get::{FileContent, Got, get};
pub use mkcol::{Made, mkcol};
pub use move_::move_;
pub use options::{authorize_service, options};
pub use propfind::{Found, propfind};
pub use proppatch::proppatch;
pub use put::{Put, Upload, Uploaded};
pub use request::Request;
pub use resource::{BoxOf, Resource};
pub use served::{Resolved, SERVICE_SOURCE, Served, missing, resolve, resolve_for_get};
pub use transfer::{Transfer, Transferred};

/// The entity tag of a node.
#[must_use]
pub fn etag_of(node: &Node) -> ETag {
    ETag { version: node.version, updated: node.updated }
}

/// Checks that the path's parent is a collection that can have one more child.
fn check_parent(tx: &dyn ReadTx, request: &Request, resource: &Resource) -> Result<()> {
    let parent = plain_parent(resource).ok_or_else(|| request.no_parent())?;
    check_room(tx, request, parent)
}

/// Checks that a collection can have one more child (API page 306).
fn check_room(tx: &dyn ReadTx, request: &Request, collection: &Node) -> Result<()> {
    let limit = request.unit.settings().limits.dav_children;
    // A Box that was never written to has no node yet, and no children.
    if collection.seq != 0 && tx.child_count(collection.seq)? >= limit {
        return Err(ErrorCode::TooManyChildren.into());
    }
    Ok(())
}

/// The parent, if it is of those collections whose children are made by WebDAV.
fn plain_parent(resource: &Resource) -> Option<&Node> {
    resource.parent().filter(|parent| matches!(parent.kind, NodeKind::Box | NodeKind::WebDav))
}

/// The collection in which something is made, itself made if it is a Box that was never written to.
fn parent_for_new(tx: &mut dyn WriteTx, request: &Request, resource: &Resource) -> Result<Node> {
    let parent = plain_parent(resource).ok_or_else(|| request.no_parent())?;
    match parent.seq {
        0 => resource.in_box.make_node(tx, &request.cell),
        _ => Ok(parent.clone()),
    }
}

/// Frees the space of contents that were replaced or deleted, where any was outside the store. The change
/// itself is done, so a failure is only logged: the next sweep makes up for it.
fn sweep(request: &Request, needed: bool) {
    if needed && let Err(error) = request.cell.blobs().sweep() {
        tracing::warn!(%error, cell = request.cell.name(), "unused contents could not be swept");
    }
}
