//! What serves a path: the kind of the last collection on it decides.

use std::io::ErrorKind;

use saibo_model::node::NodeKind;
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::{ReadSeek, ReadTx, StoreExt as _};

use super::{Request, Resource, content};

/// Name of the collection in an engine service collection that holds its scripts (API page 381).
pub const SERVICE_SOURCE: &str = "__src";

/// What a path leads to, as far as it matters for which methods it has and who answers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Served {
    /// A Box.
    Box,
    /// A plain collection.
    Collection,
    /// A file.
    File,
    /// Nothing; something could be made here if the parent is there.
    Missing,
    /// The source collection of a service.
    Source,
    /// A file in it.
    SourceFile,
    /// Nothing in it.
    SourceMissing,
    /// An OData collection itself.
    OData,
    /// Something that an OData collection answers for.
    InOData,
    /// A service collection itself.
    Service,
    /// One of its services.
    InService,
    /// A stream collection itself.
    Stream,
    /// A queue or topic of it.
    InStream,
}

impl Resource {
    /// What serves the path.
    #[must_use]
    pub fn served(&self) -> Served {
        let rest = self.rest();
        let in_source = self
            .nodes
            .windows(2)
            .any(|pair| matches!(pair, [service, source] if is_source(service.kind, &source.name)));
        match self.last().kind {
            NodeKind::OData if rest.is_empty() => Served::OData,
            NodeKind::OData => Served::InOData,
            NodeKind::Stream if rest.is_empty() => Served::Stream,
            NodeKind::Stream => Served::InStream,
            NodeKind::Service => match rest.first() {
                None => Served::Service,
                // Only an archive from elsewhere can have a service without it.
                Some(name) if name == SERVICE_SOURCE => Served::Missing,
                Some(_) => Served::InService,
            },
            _ if !rest.is_empty() && in_source => Served::SourceMissing,
            _ if !rest.is_empty() => Served::Missing,
            NodeKind::File if in_source => Served::SourceFile,
            NodeKind::File => Served::File,
            NodeKind::Box | NodeKind::Cell => Served::Box,
            NodeKind::WebDav if in_source && self.is_source() => Served::Source,
            NodeKind::WebDav => Served::Collection,
        }
    }

    /// Whether the end of the path is a service's source collection.
    fn is_source(&self) -> bool {
        self.parent().is_some_and(|parent| is_source(parent.kind, &self.last().name))
    }
}

/// Whether a child of that name of a collection of that kind is a service's source collection.
pub(crate) fn is_source(parent: NodeKind, name: &str) -> bool {
    parent == NodeKind::Service && name == SERVICE_SOURCE
}

/// What a path leads to, found once for whoever serves it.
pub struct Resolved {
    /// What was found.
    pub resource: Resource,
    /// What serves it.
    pub served: Served,
    /// A file's content, if it was asked for.
    pub(crate) content: Option<Box<dyn ReadSeek>>,
}

/// Finds what a path leads to. Authorises nothing.
///
/// # Errors
/// [`ErrorCode::BoxNotFound`], or the store's.
pub fn resolve(request: &Request) -> Result<Resolved> {
    request.read(|_, resource| Ok(Resolved { served: resource.served(), resource, content: None }))
}

/// Like [`resolve`], and opens the content of a file at once, on the same view of the store.
///
/// # Errors
/// [`ErrorCode::BoxNotFound`]; [`ErrorCode::FileInconsistency`] if a content is gone; the store's.
pub fn resolve_for_get(request: &Request) -> Result<Resolved> {
    let attempt = || {
        request.cell.store().read(|tx| {
            let resource = request.find(tx)?;
            let content = open_content(tx, request, &resource)?;
            Ok(Resolved { served: resource.served(), resource, content })
        })
    };
    match attempt() {
        // Between the view and the opening the file may have been replaced and its content swept.
        Err(error) if error.code() == ErrorCode::FileInconsistency => attempt(),
        other => other,
    }
}

/// What to answer where there is nothing: to those who may know, that there is nothing.
#[must_use]
pub fn missing(request: &Request, resource: &Resource, needed: Privilege) -> Error {
    request.authorize(resource, needed).err().unwrap_or_else(|| request.not_found())
}

fn open_content(
    tx: &dyn ReadTx,
    request: &Request,
    resource: &Resource,
) -> Result<Option<Box<dyn ReadSeek>>> {
    match resource.node().filter(|node| node.kind == NodeKind::File) {
        None => Ok(None),
        Some(node) => {
            let stored = node.content.as_ref().ok_or_else(|| {
                Error::from(ErrorCode::FileInconsistency).because(std::io::Error::from(ErrorKind::NotFound))
            })?;
            content::open(tx, request.cell.blobs().as_ref(), stored).map(Some)
        }
    }
}
