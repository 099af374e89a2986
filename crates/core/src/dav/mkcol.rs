//! MKCOL (API page 306; RFC 5689).

use saibo_dav::header::ETag;
use saibo_dav::request::{Mkcol, MkcolRefusal};
use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result, name};
use saibo_store::ReadTx;

use super::served::SERVICE_SOURCE;
use super::{Request, Resource, Served, check_parent, etag_of, parent_for_new};

/// What became of a MKCOL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// The collection is there.
    Created(ETag),
    /// The body asks for what the API cannot make.
    Refused(MkcolRefusal),
}

/// Makes a collection of the kind that the body asks for; a plain one without a body.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceAlreadyExists`], [`ErrorCode::ParentNotFound`],
/// [`ErrorCode::ResourceNameInvalid`], [`ErrorCode::CollectionTooDeep`], [`ErrorCode::TooManyChildren`]; those
/// of [`Mkcol::parse`]; the store's.
pub fn mkcol(request: &Request, body: &[u8]) -> Result<Made> {
    request.read(|_, resource| check_place(request, &resource))?;
    let kind = match Mkcol::parse(body)? {
        Mkcol::Create(kind) => kind,
        Mkcol::Refuse(refusal) => return Ok(Made::Refused(refusal)),
    };
    let etag = request.write(check, move |tx, request, resource| {
        let parent = parent_for_new(tx, request, &resource)?;
        let name = request.path.last().ok_or(ErrorCode::MethodNotAllowed)?;
        let mut node = Node::collection(kind, parent.seq, name, request.now);
        tx.put_node(&mut node)?;
        if kind == NodeKind::Service {
            tx.put_node(&mut Node::collection(NodeKind::WebDav, node.seq, SERVICE_SOURCE, request.now))?;
        }
        Ok(etag_of(&node))
    })?;
    Ok(Made::Created(etag))
}

fn check(tx: &dyn ReadTx, request: &Request, resource: &Resource) -> Result<()> {
    check_place(request, resource)?;
    if request.path.len() > request.unit.settings().limits.dav_depth {
        return Err(ErrorCode::CollectionTooDeep.into());
    }
    check_parent(tx, request, resource)
}

fn check_place(request: &Request, resource: &Resource) -> Result<()> {
    let served = resource.served();
    match served {
        Served::Missing | Served::SourceMissing | Served::Collection => {
            request.authorize_parent(resource, Privilege::Bind)?;
        }
        _ => return Err(ErrorCode::MethodNotAllowed.into()),
    }
    // A source collection holds files only (API page 381).
    if served != Served::Missing {
        return Err(ErrorCode::ResourceAlreadyExists.into());
    }
    if resource.parent().is_none() {
        return Err(request.no_parent());
    }
    let name = request.path.last().map(String::as_str).unwrap_or_default();
    if !name::is_resource_name(name) {
        return Err(ErrorCode::ResourceNameInvalid.with([name]));
    }
    Ok(())
}
