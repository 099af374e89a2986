//! PROPFIND (API pages 305 and 307; RFC 4918 §9.1). The API shows all properties whatever is asked for.

use saibo_dav::header::{Depth, ETag};
use saibo_dav::href;
use saibo_dav::request::Propfind;
use saibo_dav::response::{AceView, Multistatus, Resource as Shown};
use saibo_model::Result;
use saibo_model::acl::Acl;
use saibo_model::node::Node;
use saibo_model::privilege::Privilege;
use saibo_store::ReadTx;

use super::view::{AclShower, show};
use super::{Request, Resource, etag_of};
use crate::access::may_read_acl;

/// What a PROPFIND or PROPPATCH gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The version of the resource itself.
    pub etag: ETag,
    /// What is said of it and its children.
    pub multistatus: Multistatus,
}

/// Shows a resource and, with depth 1, its children. ACLs are shown to who may read that of the resource.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceNotFound`](saibo_model::ErrorCode::ResourceNotFound); those of
/// [`Propfind::parse`] and [`Depth::of_propfind`]; the store's.
pub fn propfind(request: &Request, depth: Option<&str>, body: &[u8]) -> Result<Found> {
    request.read(|tx, resource| {
        request.authorize(&resource, Privilege::ReadProperties)?;
        let node = resource.node().ok_or_else(|| request.not_found())?;
        Propfind::parse(body)?;
        let depth = Depth::of_propfind(depth, None)?;
        let mut shower = Shower::new(tx, request, &resource);
        let mut responses = vec![shower.resource(node)?.into()];
        if depth == Depth::One && node.seq != 0 {
            shower.descend()?;
            tx.children(node.seq, &mut |child| {
                responses.push(shower.child(&child)?.into());
                Ok(())
            })?;
        }
        Ok(Found { etag: etag_of(node), multistatus: Multistatus { responses } })
    })
}

/// Shows a resource, and then its children.
struct Shower<'a> {
    acls: Option<AclShower<'a>>,
    /// The ACLs of the resource and what is above it up to the Box, with the URLs that they are from.
    sources: Vec<(String, &'a Acl)>,
    /// What is inherited by what is shown next.
    inherited: Vec<AceView>,
}

impl<'a> Shower<'a> {
    fn new(tx: &'a dyn ReadTx, request: &'a Request, resource: &'a Resource) -> Self {
        let shows_acls = may_read_acl(&request.access, resource.target(&request.cell), Privilege::ReadAcl);
        // What is inherited from the Cell counts too, but the API shows it nowhere in a Box.
        let mut urls = vec![request.box_url()];
        for name in &request.path {
            urls.push(format!("{}/{}", urls[urls.len() - 1], href::segment(name)));
        }
        Self {
            acls: shows_acls.then(|| AclShower::new(tx, request.cell.url(), &request.box_name)),
            sources: urls.into_iter().rev().zip(&resource.acls).collect(),
            inherited: Vec::new(),
        }
    }

    fn resource(&mut self, node: &Node) -> Result<Shown> {
        let (url, own) = self.sources.first().cloned().unzip();
        if let Some(acls) = &mut self.acls {
            self.inherited =
                acls.inherited(self.sources.iter().skip(1).map(|(url, acl)| (url.as_str(), *acl)))?;
        }
        self.show(node, url.unwrap_or_default(), own.unwrap_or(&Acl::default()))
    }

    /// From now on shows children of the resource.
    fn descend(&mut self) -> Result<()> {
        if let Some(acls) = &mut self.acls {
            self.inherited = acls.inherited(self.sources.iter().map(|(url, acl)| (url.as_str(), *acl)))?;
        }
        Ok(())
    }

    fn child(&mut self, node: &Node) -> Result<Shown> {
        let parent = self.sources.first().map(|(url, _)| url.as_str()).unwrap_or_default();
        self.show(node, format!("{parent}/{}", href::segment(&node.name)), &Acl::parse(node.acl.as_deref()))
    }

    fn show(&mut self, node: &Node, href: String, own: &Acl) -> Result<Shown> {
        let mut shown = show(node, href)?;
        if let Some(acls) = &mut self.acls {
            shown.acl = Some(acls.show(own, &self.inherited)?);
        }
        Ok(shown)
    }
}
