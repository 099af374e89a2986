//! MOVE of a file or collection within its Box (API page 309; RFC 4918 §9.9).

use saibo_dav::header::{Depth, Destination, ETag, Overwrite};
use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result, name};
use saibo_store::{ReadTx, WriteTx};

use super::delete::remove;
use super::served::is_source;
use super::{Request, Resource, Served, check_room, etag_of, sweep};

/// The headers of a MOVE.
#[derive(Clone, Debug, Default)]
pub struct Move {
    /// `Depth`.
    pub depth: Option<String>,
    /// `Overwrite`.
    pub overwrite: Option<String>,
    /// `Destination`.
    pub destination: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
}

/// What became of a MOVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The resource's version, which it keeps.
    pub etag: ETag,
    /// Its new URL.
    pub location: String,
    /// Whether there was nothing at its destination.
    pub created: bool,
}

/// Moves a file, or a collection with everything below it. A file at the destination may be replaced, a
/// collection never is.
///
/// # Errors
/// Why whoever asks may not move it away or to there; those of the headers;
/// [`ErrorCode::ResourceNotFound`], [`ErrorCode::ResourceEtagMismatch`], [`ErrorCode::MoveBox`],
/// [`ErrorCode::MoveServiceSource`]; those of [`check_destination`]; the store's.
pub fn move_(request: &Request, headers: &Move) -> Result<Moved> {
    request.read(|_, resource| check_source(request, &resource))?;
    Depth::check_move(headers.depth.as_deref())?;
    let overwrite = Overwrite::parse(headers.overwrite.as_deref())?;
    let destination = Destination::parse(headers.destination.as_deref(), &request.url(), &request.box_url())?;
    let if_match = headers.if_match.clone();
    let Destination { url: location, path } = destination;
    let (etag, created, large) = request.write(
        move |_, request, resource| {
            check_source(request, resource)?;
            etag_of(resource.last()).check_if_match(if_match.as_deref())
        },
        move |tx, request, source| {
            let to = Request { path, ..request.clone() };
            let target = to.find(tx.read())?;
            let mut node = source.last().clone();
            check_destination(tx.read(), &node, &to, &target, overwrite)?;
            to.authorize_parent(&target, Privilege::Bind)?;
            let large = match target.node() {
                Some(old) => {
                    to.authorize_parent(&target, Privilege::Unbind)?;
                    remove(tx, old)?
                }
                None => false,
            };
            put_at(tx, &mut node, &to, &target)?;
            Ok((etag_of(&node), target.node().is_none(), large))
        },
    )?;
    sweep(request, large);
    Ok(Moved { etag, location, created })
}

fn put_at(tx: &mut dyn WriteTx, node: &mut Node, to: &Request, target: &Resource) -> Result<()> {
    let (Some(parent), Some(name)) = (target.parent(), to.path.last()) else { return Err(to.no_parent()) };
    node.parent = parent.seq;
    node.name.clone_from(name);
    tx.put_node(node)
}

fn check_source(request: &Request, resource: &Resource) -> Result<()> {
    match resource.served() {
        Served::Box => {
            request.authorize(resource, Privilege::Write)?;
            Err(ErrorCode::MoveBox.into())
        }
        Served::Source => {
            request.authorize(resource, Privilege::Write)?;
            Err(ErrorCode::MoveServiceSource.into())
        }
        Served::Missing | Served::SourceMissing => {
            request.authorize_parent(resource, Privilege::Unbind)?;
            Err(request.not_found())
        }
        Served::InOData | Served::InService | Served::InStream => Err(ErrorCode::MethodNotAllowed.into()),
        _ => request.authorize_parent(resource, Privilege::Unbind),
    }
}

/// Checks that a node can be put at a destination.
fn check_destination(
    tx: &dyn ReadTx,
    node: &Node,
    to: &Request,
    target: &Resource,
    overwrite: Overwrite,
) -> Result<()> {
    // Into itself or below: there would be no way to it any more. In the source's place there is nothing else.
    if target.nodes.iter().any(|on_the_way| on_the_way.seq == node.seq) {
        return Err(ErrorCode::DavHeaderInvalid.with(["Destination", &to.url()]));
    }
    let parent = match target.rest().len() {
        0 => target.parent(),
        1 => Some(target.last()),
        _ => None,
    }
    .ok_or_else(|| to.no_parent())?;
    match target.node() {
        Some(_) if overwrite == Overwrite::False => return Err(ErrorCode::DestinationExists.into()),
        Some(old) if is_source(parent.kind, &old.name) => {
            return Err(ErrorCode::MoveOverServiceSource.into());
        }
        Some(old) if old.kind != NodeKind::File => return Err(ErrorCode::MoveOverCollection.into()),
        Some(_) => {}
        None => match parent.kind {
            NodeKind::OData => return Err(ErrorCode::MoveIntoOData.into()),
            NodeKind::File => return Err(ErrorCode::MoveIntoFile.into()),
            // A stream has no members either.
            NodeKind::Service | NodeKind::Stream => return Err(ErrorCode::MoveIntoService.into()),
            NodeKind::Cell | NodeKind::Box | NodeKind::WebDav => {}
        },
    }
    if node.kind != NodeKind::File && matches!(target.served(), Served::SourceFile | Served::SourceMissing) {
        return Err(ErrorCode::CollectionInServiceSource.into());
    }
    if target.node().is_none() {
        if node.parent != parent.seq {
            check_room(tx, to, parent)?;
        }
        let name = to.path.last().map(String::as_str).unwrap_or_default();
        if !name::is_resource_name(name) {
            return Err(ErrorCode::ResourceNameInvalid.with([name]));
        }
    }
    Ok(())
}
