//! PROPPATCH (API pages 308 and 313; RFC 4918 §9.2).

use saibo_dav::request::Proppatch;
use saibo_model::node::Node;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};

use super::view::{properties_of, set_properties};
use super::{Found, Request, Resource, Served, etag_of};

/// Changes dead properties, and says which.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceNotFound`]; those of [`Proppatch::parse`]; the store's.
pub fn proppatch(request: &Request, body: &[u8]) -> Result<Found> {
    request.read(|_, resource| check(request, &resource))?;
    let patch = Proppatch::parse(body)?;
    request.write(
        |_, request, resource| check(request, resource),
        move |tx, request, resource| {
            let mut node = resource.node_to_change(tx, &request.cell)?;
            let found = apply(&patch, &request.url(), &mut node, request.now)?;
            tx.put_node(&mut node)?;
            Ok(found)
        },
    )
}

/// Changes the dead properties of a node, which counts as a change even if none was allowed.
pub(super) fn apply(patch: &Proppatch, href: &str, node: &mut Node, now: i64) -> Result<Found> {
    let mut properties = properties_of(node)?;
    let multistatus = patch.apply(href, &mut properties);
    set_properties(node, &properties);
    node.touch(now);
    Ok(Found { etag: etag_of(node), multistatus })
}

fn check(request: &Request, resource: &Resource) -> Result<()> {
    match resource.served() {
        Served::Source | Served::InOData | Served::InService | Served::InStream => {
            Err(ErrorCode::MethodNotAllowed.into())
        }
        Served::Missing | Served::SourceMissing => {
            request.authorize(resource, Privilege::WriteProperties)?;
            Err(request.not_found())
        }
        _ => request.authorize(resource, Privilege::WriteProperties),
    }
}
