//! What COPY and MOVE have in common: their headers, their answer, and where something can be put.

use saibo_dav::header::{Destination, ETag, Overwrite};
use saibo_model::node::{Node, NodeKind};
use saibo_model::{Error, ErrorCode, Result, name};
use saibo_store::WriteTx;

use super::served::is_source;
use super::{Request, Resource, Served, etag_of, sweep};

/// The headers of a COPY or MOVE.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    /// `Depth`.
    pub depth: Option<String>,
    /// `Overwrite`.
    pub overwrite: Option<String>,
    /// `Destination`.
    pub destination: Option<String>,
    /// `If-Match`, which is about the source.
    pub if_match: Option<String>,
}

/// What became of a COPY or MOVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The version of what is at the destination now.
    pub etag: ETag,
    /// Its URL.
    pub location: String,
    /// Whether there was nothing at the destination.
    pub created: bool,
}

/// What may be replaced at a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replace {
    /// Nothing.
    Nothing,
    /// A file.
    Files,
    /// A file, or a plain collection with everything below it.
    PlainTrees,
}

/// Where COPY and MOVE differ before anything is put anywhere.
pub(super) struct Method<D> {
    /// Checks whether whoever asks may take the source, and whether it can be taken.
    pub(super) check_source: fn(&Request, &Resource) -> Result<()>,
    /// Reads `Depth`.
    pub(super) depth: fn(Option<&str>) -> Result<D>,
    /// What no `Overwrite` means.
    pub(super) overwrite: Overwrite,
    /// What may be replaced where `Overwrite` allows it.
    pub(super) replace: Replace,
}

/// A transfer within its transaction.
pub(super) struct Under<'a, D> {
    /// The request, which is about the source.
    pub(super) request: &'a Request,
    pub(super) source: &'a Resource,
    /// The same request, about the destination.
    pub(super) to: &'a Request,
    pub(super) target: &'a Resource,
    pub(super) depth: D,
    pub(super) replace: Replace,
}

/// Runs a COPY or MOVE in one transaction. `put` puts the source at the destination: the node that is there then, and
/// whether contents outside the store may have lost their last reference.
///
/// # Errors
/// Those of the headers, of `method` and of `put`; the store's.
pub(super) fn run<D: Send + 'static>(
    request: &Request,
    headers: &Transfer,
    method: Method<D>,
    put: impl FnOnce(&mut dyn WriteTx, Under<'_, D>) -> Result<(Node, bool)> + Send + 'static,
) -> Result<Transferred> {
    let check_source = method.check_source;
    request.read(|_, resource| check_source(request, &resource))?;
    let depth = (method.depth)(headers.depth.as_deref())?;
    let replace = match Overwrite::parse(headers.overwrite.as_deref(), method.overwrite)? {
        Overwrite::True => method.replace,
        Overwrite::False => Replace::Nothing,
    };
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
            let under = Under { request, source: &source, to: &to, target: &target, depth, replace };
            let (node, large) = put(tx, under)?;
            Ok((etag_of(&node), target.node().is_none(), large))
        },
    )?;
    sweep(request, large);
    Ok(Transferred { etag, location, created })
}

/// Checks that a node can be put at a destination; the collection that it would be in.
pub(super) fn check_destination<'a>(
    node: &Node,
    to: &Request,
    target: &'a Resource,
    replace: Replace,
) -> Result<&'a Node> {
    let parent = match target.rest().len() {
        0 => target.parent(),
        1 => Some(target.last()),
        _ => None,
    }
    .ok_or_else(|| to.no_parent())?;
    match target.node() {
        Some(_) if replace == Replace::Nothing => return Err(ErrorCode::DestinationExists.into()),
        Some(old) if is_source(parent.kind, &old.name) => {
            return Err(ErrorCode::MoveOverServiceSource.into());
        }
        Some(old) => match old.kind {
            NodeKind::File => {}
            NodeKind::WebDav if replace == Replace::PlainTrees => {}
            _ => return Err(ErrorCode::MoveOverCollection.into()),
        },
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
    let name = to.path.last().map(String::as_str).unwrap_or_default();
    if target.node().is_none() && !name::is_resource_name(name) {
        return Err(ErrorCode::ResourceNameInvalid.with([name]));
    }
    Ok(parent)
}

/// That a destination is no place for this source.
pub(super) fn invalid(to: &Request) -> Error {
    ErrorCode::DavHeaderInvalid.with(["Destination", &to.url()])
}

/// Whether a path leads to a node or below it.
pub(super) fn leads_through(path: &Resource, node: &Node) -> bool {
    path.nodes.iter().any(|on_the_way| on_the_way.seq == node.seq)
}
