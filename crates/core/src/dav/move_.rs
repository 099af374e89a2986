//! MOVE of a file or collection within its Box (API page 309; RFC 4918 §9.9).

use saibo_dav::header::{Depth, Overwrite};
use saibo_model::node::Node;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_store::WriteTx;

use super::delete::remove;
use super::transfer::{self, Method, Replace, Transfer, Transferred, Under};
use super::{Request, Resource, Served, check_room};

/// Moves a file, or a collection with everything below it. A file at the destination may be replaced, a
/// collection never is.
///
/// # Errors
/// Why whoever asks may not move it away or to there; those of the headers;
/// [`ErrorCode::ResourceNotFound`], [`ErrorCode::ResourceEtagMismatch`], [`ErrorCode::MoveBox`],
/// [`ErrorCode::MoveServiceSource`]; what is wrong with the destination; the store's.
pub fn move_(request: &Request, headers: &Transfer) -> Result<Transferred> {
    let method = Method {
        check_source,
        depth: Depth::check_move,
        overwrite: Overwrite::False,
        replace: Replace::Files,
    };
    transfer::run(request, headers, method, |tx, Under { source, to, target, replace, .. }| {
        let mut node = source.last().clone();
        // Into itself or below: there would be no way to it any more.
        if transfer::leads_through(target, &node) {
            return Err(transfer::invalid(to));
        }
        let parent = transfer::check_destination(&node, to, target, replace)?;
        if target.node().is_none() && node.parent != parent.seq {
            check_room(tx.read(), to, parent)?;
        }
        to.authorize_parent(target, Privilege::Bind)?;
        let large = match target.node() {
            Some(old) => {
                to.authorize_parent(target, Privilege::Unbind)?;
                remove(tx, old)?
            }
            None => false,
        };
        put_at(tx, &mut node, to, target)?;
        Ok((node, large))
    })
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
