//! DELETE of a file or collection (API pages 310 and 314).

use std::collections::HashSet;

use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::{ReadTx, WriteTx};

use super::served::SERVICE_SOURCE;
use super::{Request, Resource, Served, content, etag_of, sweep};

/// Name of the header that asks for everything below a collection to be deleted as well.
const RECURSIVE: &str = "X-Personium-Recursive";

/// The kinds of documents that lie in an OData collection.
const IN_COLLECTION: [Kind; 6] = [
    Kind::EntityType,
    Kind::ComplexType,
    Kind::Property,
    Kind::ComplexTypeProperty,
    Kind::AssociationEnd,
    Kind::UserData,
];

/// Deletes a file, or a collection: an empty one or, if `recursive` says so, with everything below it.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceNotFound`]; [`ErrorCode::ResourceEtagMismatch`] of a file;
/// [`ErrorCode::DavHeaderInvalid`] or [`ErrorCode::HasChildren`] of a collection; the store's.
pub fn delete(request: &Request, if_match: Option<&str>, recursive: Option<&str>) -> Result<()> {
    let (if_match, recursive) = (if_match.map(str::to_owned), recursive.map(str::to_owned));
    let large = request.write(
        move |tx, request, resource| check(tx, request, resource, if_match.as_deref(), recursive.as_deref()),
        |tx, _, resource| remove(tx, resource.last()),
    )?;
    sweep(request, large);
    Ok(())
}

fn check(
    tx: &dyn ReadTx,
    request: &Request,
    resource: &Resource,
    if_match: Option<&str>,
    recursive: Option<&str>,
) -> Result<()> {
    let served = resource.served();
    match served {
        Served::Missing | Served::SourceMissing => {
            request.authorize_parent(resource, Privilege::Unbind)?;
            Err(request.not_found())
        }
        Served::File | Served::SourceFile => {
            request.authorize_parent(resource, Privilege::Unbind)?;
            etag_of(resource.last()).check_if_match(if_match)
        }
        Served::Collection | Served::OData | Served::Service | Served::Stream => {
            // The header is looked at first, as the API does.
            let recursive = parse_recursive(recursive)?;
            request.authorize_parent(resource, Privilege::Unbind)?;
            if !recursive && !is_empty(tx, resource.last())? {
                return Err(ErrorCode::HasChildren.into());
            }
            Ok(())
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

fn parse_recursive(value: Option<&str>) -> Result<bool> {
    match value {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => Err(ErrorCode::DavHeaderInvalid.with([RECURSIVE, value])),
    }
}

/// Whether a collection holds nothing that somebody put there: an OData collection has no schema, a service no
/// source.
pub(super) fn is_empty(tx: &dyn ReadTx, collection: &Node) -> Result<bool> {
    match collection.kind {
        NodeKind::OData => {
            // Everything else in it belongs to an EntityType or a ComplexType.
            for kind in [Kind::EntityType, Kind::ComplexType] {
                if tx.any(&EntitySet::schema(kind, collection.id.clone()), None)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        NodeKind::Service => match tx.child(collection.seq, SERVICE_SOURCE)? {
            Some(source) => Ok(tx.child_count(source.seq)? == 0),
            None => Ok(true),
        },
        _ => Ok(tx.child_count(collection.seq)? == 0),
    }
}

/// Removes a node with everything below it, the documents of OData collections included. Whether contents
/// outside the store may have lost their last reference.
pub(super) fn remove(tx: &mut dyn WriteTx, node: &Node) -> Result<bool> {
    let mut collections = HashSet::new();
    let mut large = false;
    let mut see = |node: Node| {
        large |= node.content.as_ref().is_some_and(content::is_in_blobs);
        if node.kind == NodeKind::OData {
            collections.insert(node.id);
        }
    };
    see(node.clone());
    tx.read().descendants(node.seq, &mut |(_, below)| {
        see(below);
        Ok(())
    })?;
    remove_documents(tx, &collections)?;
    tx.delete_node(node.seq)?;
    Ok(large)
}

fn remove_documents(tx: &mut dyn WriteTx, collections: &HashSet<Id>) -> Result<()> {
    if collections.is_empty() {
        return Ok(());
    }
    for kind in IN_COLLECTION {
        for set in tx.read().entity_sets(kind)? {
            if set.collection.as_ref().is_some_and(|id| collections.contains(id)) {
                tx.delete_entity_set(&set)?;
            }
        }
    }
    Ok(())
}
