//! COPY of a file or a tree within its Box (RFC 4918 §9.8). The API has none; file managers do.
//!
//! A copy is made by one transaction and shares the contents of its source, so no byte of a file is copied. It has
//! the dead properties of its source. It has no ACL of its own, as if it had been made by PUT and MKCOL (RFC 3744
//! §7.4), and a file that is overwritten keeps the ACL that it has, as with PUT.

use saibo_dav::header::{Depth, Overwrite};
use saibo_dav::href;
use saibo_model::acl::{Acl, SchemaAuthz};
use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_store::{ReadTx, WriteTx};

use super::delete::{is_empty, remove};
use super::served::{SERVICE_SOURCE, is_source};
use super::transfer::{self, Method, Replace, Transfer, Transferred, Under};
use super::{Request, Resource, Served, check_room, content};
use crate::access::{InBox, Target, authorize};

/// Copies a file, or a collection alone or with everything below it. What is at the destination is replaced,
/// unless `Overwrite` says otherwise: a file, or a collection in which all is plain.
///
/// # Errors
/// Why whoever asks may not read all of it or write there; those of the headers;
/// [`ErrorCode::ResourceNotFound`], [`ErrorCode::ResourceEtagMismatch`], [`ErrorCode::MoveBox`],
/// [`ErrorCode::MoveServiceSource`], [`ErrorCode::CopyOData`], [`ErrorCode::CollectionTooDeep`],
/// [`ErrorCode::TooManyChildren`]; [`ErrorCode::ResourceNameInvalid`] and what else is wrong with the
/// destination; the store's.
pub fn copy(request: &Request, headers: &Transfer) -> Result<Transferred> {
    let method = Method {
        check_source,
        depth: Depth::of_copy,
        overwrite: Overwrite::True,
        replace: Replace::PlainTrees,
    };
    transfer::run(request, headers, method, |tx, under| {
        let Under { request, source, to, target, depth, replace } = under;
        check_target(source, to, target, depth, replace)?;
        Copying { request, source, depth }.put(tx, to, target)
    })
}

fn check_source(request: &Request, resource: &Resource) -> Result<()> {
    let served = resource.served();
    if matches!(served, Served::InOData | Served::InService | Served::InStream) {
        return Err(ErrorCode::MethodNotAllowed.into());
    }
    request.authorize(resource, Privilege::Read)?;
    match served {
        Served::Box => Err(ErrorCode::MoveBox.into()),
        Served::Source => Err(ErrorCode::MoveServiceSource.into()),
        Served::Missing | Served::SourceMissing => Err(request.not_found()),
        _ => Ok(()),
    }
}

/// Checks the destination: first whether whoever asks may write there, so that nobody else learns what there is.
/// Over a file it takes what PUT and PROPPATCH would (RFC 3744, appendix B).
fn check_target(
    source: &Resource,
    to: &Request,
    target: &Resource,
    depth: Depth,
    replace: Replace,
) -> Result<()> {
    let node = source.last();
    match target.node() {
        None => to.authorize_parent(target, Privilege::Bind)?,
        Some(old) if both_files(node, old) => {
            to.authorize(target, Privilege::WriteContent)?;
            to.authorize(target, Privilege::WriteProperties)?;
        }
        Some(_) => {
            to.authorize_parent(target, Privilege::Bind)?;
            to.authorize_parent(target, Privilege::Unbind)?;
        }
    }
    // Below itself it would have no end, and what is above the source cannot make room for its copy.
    let endless = depth == Depth::Infinity && transfer::leads_through(target, node);
    if endless || target.node().is_some_and(|old| transfer::leads_through(source, old)) {
        return Err(transfer::invalid(to));
    }
    transfer::check_destination(node, to, target, replace).map(drop)
}

fn both_files(one: &Node, other: &Node) -> bool {
    one.kind == NodeKind::File && other.kind == NodeKind::File
}

/// A copy being made.
struct Copying<'a> {
    request: &'a Request,
    source: &'a Resource,
    depth: Depth,
}

/// A collection that is copied, but not yet what is in it.
struct Collection {
    seq: i64,
    kind: NodeKind,
    url: String,
    schema_authz: SchemaAuthz,
    copy: i64,
    /// How many names lead to the copy from the Box.
    level: usize,
}

impl Copying<'_> {
    /// Puts the copy at its destination; also whether contents outside the store may have lost their last
    /// reference.
    fn put(&self, tx: &mut dyn WriteTx, to: &Request, target: &Resource) -> Result<(Node, bool)> {
        let source = self.source.last();
        let (Some(parent), Some(name)) = (target.parent(), to.path.last()) else {
            return Err(to.no_parent());
        };
        let large = match target.node() {
            Some(old) if both_files(source, old) => return self.overwrite(tx, source, old),
            Some(old) => {
                check_plain(tx.read(), old)?;
                remove(tx, old)?
            }
            None => {
                check_room(tx.read(), to, parent)?;
                false
            }
        };
        let (level, schema_authz) = (to.path.len(), self.source.schema_authz());
        let url = self.request.url();
        self.check_collection(tx.read(), source, parent.kind, &url, level)?;
        let copy = self.put_copy(tx, source, parent.seq, name)?;
        let mut waiting = Vec::new();
        if self.depth == Depth::Infinity && source.kind.is_collection() {
            let (seq, kind) = (source.seq, source.kind);
            waiting.push(Collection { seq, kind, url, schema_authz, copy: copy.seq, level });
        } else if source.kind == NodeKind::Service {
            // No service is without one.
            let mut empty = Node::collection(NodeKind::WebDav, copy.seq, SERVICE_SOURCE, self.request.now);
            tx.put_node(&mut empty)?;
        }
        while let Some(collection) = waiting.pop() {
            self.put_members(tx, &collection, &mut waiting)?;
        }
        Ok((copy, large))
    }

    /// The file at the destination stays the resource that it is, as with PUT.
    fn overwrite(&self, tx: &mut dyn WriteTx, source: &Node, old: &Node) -> Result<(Node, bool)> {
        let mut node = Node {
            content: source.content.clone(),
            content_type: source.content_type.clone(),
            properties: source.properties.clone(),
            ..old.clone()
        };
        node.touch(self.request.now);
        tx.put_node(&mut node)?;
        let replaced = old.content.as_ref().filter(|old| node.content.as_ref() != Some(old));
        let large = replaced.is_some_and(content::is_in_blobs);
        Ok((node, large))
    }

    /// Copies what is in a collection. Those of its members that are collections wait for their turn.
    fn put_members(
        &self,
        tx: &mut dyn WriteTx,
        collection: &Collection,
        waiting: &mut Vec<Collection>,
    ) -> Result<()> {
        let mut members = Vec::new();
        tx.read().children(collection.seq, &mut |member| {
            members.push(member);
            Ok(())
        })?;
        let level = collection.level + 1;
        for member in members {
            let url = format!("{}/{}", collection.url, href::segment(&member.name));
            let schema_authz = self.check_readable(&member, collection.schema_authz)?;
            self.check_collection(tx.read(), &member, collection.kind, &url, level)?;
            let copy = self.put_copy(tx, &member, collection.copy, &member.name)?.seq;
            if member.kind.is_collection() {
                let (seq, kind) = (member.seq, member.kind);
                waiting.push(Collection { seq, kind, url, schema_authz, copy, level });
            }
        }
        Ok(())
    }

    fn put_copy(&self, tx: &mut dyn WriteTx, source: &Node, parent: i64, name: &str) -> Result<Node> {
        let mut copy = Node {
            content: source.content.clone(),
            content_type: source.content_type.clone(),
            properties: source.properties.clone(),
            ..Node::collection(source.kind, parent, name, self.request.now)
        };
        tx.put_node(&mut copy)?;
        Ok(copy)
    }

    /// What may be read in a collection may be read below it, for ACLs add up; but something below may ask more of
    /// apps. What it asks, itself or as the collection does.
    fn check_readable(&self, member: &Node, inherited: SchemaAuthz) -> Result<SchemaAuthz> {
        let own = Acl::parse(member.acl.as_deref()).require_schema_authz;
        let Some(schema_authz) = own.filter(|own| *own != inherited) else { return Ok(inherited) };
        let target = self.source.target(&self.request.cell);
        let in_box = target.in_box.map(|in_box| InBox { schema_authz, ..in_box });
        authorize(&self.request.access, Target { in_box, ..target }, Privilege::Read)?;
        Ok(schema_authz)
    }

    /// Checks that a collection can be copied, and to so deep a place (API page 306).
    fn check_collection(
        &self,
        tx: &dyn ReadTx,
        node: &Node,
        parent: NodeKind,
        url: &str,
        level: usize,
    ) -> Result<()> {
        // A service's source is not counted, as when the service is made.
        let counts = node.kind.is_collection() && !is_source(parent, &node.name);
        if counts && level > self.request.unit.settings().limits.dav_depth {
            return Err(ErrorCode::CollectionTooDeep.into());
        }
        if node.kind == NodeKind::OData && self.depth == Depth::Infinity && !is_empty(tx, node)? {
            return Err(ErrorCode::CopyOData.with([url]));
        }
        Ok(())
    }
}

/// Checks that a tree has nothing in it but plain collections and files. What else there is takes more than an
/// `Overwrite` that was never sent to be deleted.
fn check_plain(tx: &dyn ReadTx, node: &Node) -> Result<()> {
    tx.descendants(node.seq, &mut |(_, below)| match below.kind {
        NodeKind::WebDav | NodeKind::File => Ok(()),
        _ => Err(ErrorCode::MoveOverCollection.into()),
    })
}
