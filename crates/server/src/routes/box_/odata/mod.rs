//! What an OData collection serves: its service document, its schema and its entities (API pages 316 to 378).
//!
//! The collection is the place's last node; what follows it in the path, as it was sent, is OData's.

mod batch;
mod entity;
mod link;
mod list;
mod schema;

use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::{Collection, Created};
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::uri::Resource;

use super::{Context, Place};
use crate::http::Response;
use crate::routes::odata::{self, Call};

/// A request that may be for something in an OData collection.
pub(super) struct Asked {
    call: Call,
    /// The URL of the Box, with a slash at the end.
    box_url: String,
    /// What follows it, as it was sent.
    path: Vec<String>,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub(super) async fn of(context: &mut Context) -> Result<Self> {
        let name = context.segment("box").map(|segment| segment.raw.as_str()).unwrap_or_default();
        let box_url = format!("{}{name}/", context.cell_url());
        let path = context.rest().iter().map(|segment| segment.raw.clone()).collect();
        Ok(Self { call: Call::of(context).await?, box_url, path })
    }

    /// The answer, if the path was found to lead into an OData collection.
    ///
    /// # Errors
    /// The use cases'.
    pub(super) fn answer(&self, place: &Place) -> Result<Response> {
        let depth = place.resolved.resource.nodes.len() - 1;
        let (above, below) = self.path.split_at(depth);
        let mut root = self.box_url.clone();
        for name in above {
            root.push_str(name);
            root.push('/');
        }
        serve_in(&self.call, place, &root, &Resource::parse(&below.join("/")))
    }
}

/// Serves any method of any path in an OData collection.
pub(super) async fn serve(mut context: Context, place: Place) -> Result<Response> {
    let asked = Asked::of(&mut context).await?;
    context.blocking(move |_unit| asked.answer(&place)).await
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
