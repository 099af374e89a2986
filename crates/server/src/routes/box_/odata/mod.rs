//! What an OData collection serves: its service document, its schema and its entities (API pages 316 to 378).
//!
//! The collection is the place's last node; what follows it in the path, as it was sent, is OData's.

mod batch;
mod entity;
mod link;
mod list;
mod schema;

use saibo_core::dav::{Request, Resolved};
use saibo_core::odata::entities::{Collection, Created, EntityPath, Version};
use saibo_model::{ErrorCode, Result};
use saibo_odata::etag;
use saibo_odata::media::Format;
use saibo_odata::uri::Resource;

use super::{Context, Place, body, header};
use crate::http::Response;

/// The version of OData that answers follow.
const VERSION: (&str, &str) = ("DataServiceVersion", "2.0");

/// A request for something in an OData collection, ready to leave the async threads.
struct Call {
    request: Request,
    resolved: Resolved,
    /// The URL of the collection, with a slash at the end.
    root: String,
    method: String,
    /// As sent, without its question mark.
    query: String,
    accept: Option<String>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    body: bytes::Bytes,
}

/// Serves any method of any path in an OData collection.
pub(super) async fn serve(mut context: Context, place: Place) -> Result<Response> {
    let depth = place.resolved.resource.nodes.len() - 1;
    let (above, below) = context.rest().split_at(depth);
    let mut root = format!("{}{}/", context.cell_url(), segment(&context, "box"));
    for name in above {
        root.push_str(&name.raw);
        root.push('/');
    }
    let path = below.iter().map(|segment| segment.raw.as_str()).collect::<Vec<_>>().join("/");
    let resource = Resource::parse(&path);
    if let Resource::Service | Resource::Metadata | Resource::Schema(_) = resource {
        return schema::serve(context, place, resource).await;
    }
    let content_type = header(&context, "content-type");
    let call = Call {
        root,
        method: context.request.method.clone(),
        query: context.request.query.raw().to_owned(),
        accept: header(&context, "accept"),
        if_match: header(&context, "if-match"),
        if_none_match: header(&context, "if-none-match"),
        body: body(&mut context).await?,
        request: place.request,
        resolved: place.resolved,
    };
    context.blocking(move |_unit| call.serve(&resource, content_type.as_deref())).await
}

fn segment<'c>(context: &'c Context, name: &str) -> &'c str {
    context.segment(name).map(|segment| segment.raw.as_str()).unwrap_or_default()
}

impl Call {
    fn serve(&self, resource: &Resource, content_type: Option<&str>) -> Result<Response> {
        let request = &self.request;
        let collection = Collection::new(
            &request.unit,
            &request.cell,
            &request.access,
            &self.resolved.resource,
            &self.root,
            request.now,
        )?;
        match resource {
            Resource::EntitySet { set } => list::serve(self, &collection, set),
            Resource::Entity { set, predicate } => {
                entity::serve(self, &collection, EntityPath { set, predicate })
            }
            Resource::Navigation { keyed: true, .. } => Err(ErrorCode::LinksKeyForbidden.into()),
            Resource::Navigation { set, predicate, property, .. } => {
                list::navigation(self, &collection, EntityPath { set, predicate }, property)
            }
            Resource::Links { set, predicate, property, target } => {
                link::serve(self, &collection, EntityPath { set, predicate }, property, target.as_deref())
            }
            Resource::Batch => batch::serve(self, &collection, content_type),
            _ => Err(ErrorCode::UnknownUrl.into()),
        }
    }
}

/// The answer to a create.
fn created(created: Created, format: Format) -> Response {
    let tag = etag::format(created.version, created.updated);
    Response::bytes(201, format.media_type(), created.body)
        .header(VERSION.0, VERSION.1)
        .header("location", &created.location)
        .header("etag", &tag)
}

/// The answer to a change that leaves nothing to show.
fn changed(version: Option<Version>) -> Response {
    let response = Response::empty(204).header(VERSION.0, VERSION.1);
    match version {
        Some(Version { version, updated }) => response.header("etag", &etag::format(version, updated)),
        None => response,
    }
}

/// The answer with a list.
fn listed(list: Vec<u8>, format: Format) -> Response {
    Response::bytes(200, format.list_media_type(), list).header(VERSION.0, VERSION.1)
}
