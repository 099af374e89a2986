//! Control objects and schema objects: `{unit}__ctl/`, `{cell}__ctl/` and `{collection}/$metadata/` (API pages 100 to
//! 104, 201 to 276 and 318 to 363).
//!
//! What is asked for was parsed before; a file for each kind of resource says which methods it has.

mod entity;
mod link;
mod list;
mod navigation;
mod service;

use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::{Objects, Scope};
use saibo_model::{Error, ErrorCode, Result};
use saibo_odata::uri::Resource;

use super::box_::not_allowed;
use super::odata::Call;
use super::{Caller, Context};
use crate::http::Response;

/// Any method of any path in `{unit}__ctl`.
pub(super) async fn of_unit(mut context: Context) -> Result<Response> {
    let (caller, resource) = (Caller::of(&context), resource(&context));
    let call = Call::of(&mut context).await?;
    let root = format!("{}__ctl/", context.app.unit_url().as_str());
    let shape = resource.clone();
    let answer = context
        .blocking(move |unit| {
            let access = caller.at_unit(unit)?;
            serve(&call, &Objects::new(unit, Scope::Unit, &access, &root, caller.now)?, &resource)
        })
        .await;
    let realm = context.app.unit_url().to_string();
    answer.or_else(|error| refuse(error, &context, &shape, realm))
}

/// Any method of any path in `{cell}__ctl`.
pub(super) async fn of_cell(mut context: Context) -> Result<Response> {
    let (caller, resource) = (Caller::of(&context), resource(&context));
    let call = Call::of(&mut context).await?;
    let root = format!("{}__ctl/", context.cell_url());
    let shape = resource.clone();
    let answer = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            serve(&call, &Objects::new(unit, Scope::Cell(&cell), &access, &root, caller.now)?, &resource)
        })
        .await;
    let realm = context.cell_url();
    answer.or_else(|error| refuse(error, &context, &shape, realm))
}

/// Serves what is asked of a service.
///
/// # Errors
/// The use cases'; 405 for other methods.
pub(super) fn serve(call: &Call, objects: &Objects<'_>, resource: &Resource) -> Result<Response> {
    match resource {
        Resource::Service => service::document(call, objects),
        Resource::Metadata => service::metadata(call, objects),
        Resource::EntitySet { set } => list::serve(call, objects, set),
        Resource::Entity { set, predicate } => entity::serve(call, objects, EntityPath { set, predicate }),
        Resource::Navigation { set, predicate, property, keyed } => {
            navigation::serve(call, objects, EntityPath { set, predicate }, property, *keyed)
        }
        Resource::Links { set, predicate, property, target } => {
            link::serve(call, objects, EntityPath { set, predicate }, property, target.as_deref())
        }
        // The API has batches of entities alone.
        Resource::Batch => Err(ErrorCode::MethodNotImplemented.into()),
        Resource::Schema(_) | Resource::Unknown => Err(ErrorCode::UnknownUrl.into()),
    }
}

fn resource(context: &Context) -> Resource {
    let path = context.rest().iter().map(|segment| segment.raw.as_str()).collect::<Vec<_>>().join("/");
    Resource::parse(&path)
}

/// RFC 9110 section 15.5.6: which methods there are depends on the resource, so the table cannot tell.
fn refuse(error: Error, context: &Context, resource: &Resource, realm: String) -> Result<Response> {
    if error.code() != ErrorCode::MethodNotAllowed {
        return Err(error);
    }
    let refused = context.request.method.as_str();
    let methods: Vec<&str> = methods(resource).iter().copied().filter(|name| *name != refused).collect();
    Ok(not_allowed(&error, &methods, &context.request.key, realm))
}

/// The methods of a kind of resource beside OPTIONS, in the API's order.
fn methods(resource: &Resource) -> &'static [&'static str] {
    match resource {
        Resource::EntitySet { .. } | Resource::Navigation { .. } => &["GET", "POST"],
        Resource::Entity { .. } => &["GET", "PUT", "MERGE", "DELETE"],
        Resource::Links { .. } => &["GET", "DELETE", "PUT", "POST"],
        _ => &["GET"],
    }
}
