//! What an OData collection serves: its service document, its schema and its entities (API pages 316 to 378).
//!
//! The collection is the place's last node; what follows it in the path, as it was sent, is OData's.

mod batch;
mod entity;
mod link;
mod list;
mod schema;

use saibo_core::odata::entities::{Collection, Created, EntityPath};
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::uri::Resource;

use super::{Context, Place};
use crate::http::Response;
use crate::routes::odata::{self, Call};

/// Serves any method of any path in an OData collection.
pub(super) async fn serve(mut context: Context, place: Place) -> Result<Response> {
    let depth = place.resolved.resource.nodes.len() - 1;
    let (above, below) = context.rest().split_at(depth);
    // With a slash at the end.
    let mut root = format!("{}{}/", context.cell_url(), segment(&context, "box"));
    for name in above {
        root.push_str(&name.raw);
        root.push('/');
    }
    let path = below.iter().map(|segment| segment.raw.as_str()).collect::<Vec<_>>().join("/");
    let resource = Resource::parse(&path);
    let call = Call::of(&mut context).await?;
    context.blocking(move |_unit| serve_in(&call, &place, &root, &resource)).await
}

fn segment<'c>(context: &'c Context, name: &str) -> &'c str {
    context.segment(name).map(|segment| segment.raw.as_str()).unwrap_or_default()
}

fn serve_in(call: &Call, place: &Place, root: &str, resource: &Resource) -> Result<Response> {
    let request = &place.request;
    let collection = Collection::new(
        &request.unit,
        &request.cell,
        &request.access,
        &place.resolved.resource,
        root,
        request.now,
    )?;
    match resource {
        Resource::Service => schema::document(call, &collection),
        Resource::Metadata => schema::metadata(call, &collection, place, root),
        Resource::Schema(inner) => schema::serve(call, place, root, inner),
        Resource::EntitySet { set } => list::serve(call, &collection, set),
        Resource::Entity { set, predicate } => {
            entity::serve(call, &collection, EntityPath { set, predicate })
        }
        Resource::Navigation { keyed: true, .. } => Err(ErrorCode::LinksKeyForbidden.into()),
        Resource::Navigation { set, predicate, property, .. } => {
            list::navigation(call, &collection, EntityPath { set, predicate }, property)
        }
        Resource::Links { set, predicate, property, target } => {
            link::serve(call, &collection, EntityPath { set, predicate }, property, target.as_deref())
        }
        Resource::Batch => batch::serve(call, &collection),
        Resource::Unknown => Err(ErrorCode::UnknownUrl.into()),
    }
}

/// The answer to a create.
fn created(created: Created, format: Format) -> Response {
    odata::created(&created.location, created.body, (created.version, created.updated), format)
}
