//! The service document, `$metadata`, and the schema objects below it (API pages 316 to 363 and 371).

use saibo_core::odata::entities::Collection;
use saibo_core::odata::objects::{Objects, Scope};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::{Format, wants_service_document};
use saibo_odata::options::Parameters;
use saibo_odata::uri::Resource;

use super::Place;
use crate::http::Response;
use crate::routes::objects;
use crate::routes::odata::{self, Call};

/// `{collection}/`: which EntityTypes there are. All other methods of the collection itself are WebDAV's.
pub(super) fn document(call: &Call, collection: &Collection<'_>) -> Result<Response> {
    match call.method.as_str() {
        "GET" | "HEAD" => {
            collection.authorize(Privilege::Read)?;
            let format = odata::description_format(Parameters::parse(&call.query).get("$format"))?;
            Ok(odata::service_document(collection.service_document(format)?, format))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

/// `{collection}/$metadata`: the EDMX of the entities, or if it is asked for the service document of the schema.
pub(super) fn metadata(
    call: &Call,
    collection: &Collection<'_>,
    place: &Place,
    root: &str,
) -> Result<Response> {
    match call.method.as_str() {
        "GET" | "HEAD" => {
            let format = Parameters::parse(&call.query);
            if !wants_service_document(call.accept.as_deref(), format.get("$format")) {
                return Ok(odata::metadata(collection.metadata()?));
            }
            with_objects(place, root, |objects| {
                Ok(odata::service_document(objects.service_document(Format::Atom)?, Format::Atom))
            })
        }
        "OPTIONS" => {
            collection.authorize(Privilege::Read)?;
            Ok(Response::allow(["GET"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

/// `{collection}/$metadata/…`: the schema objects.
pub(super) fn serve(call: &Call, place: &Place, root: &str, resource: &Resource) -> Result<Response> {
    with_objects(place, root, |objects| objects::serve(call, objects, resource))
}

fn with_objects(
    place: &Place,
    root: &str,
    work: impl FnOnce(&Objects<'_>) -> Result<Response>,
) -> Result<Response> {
    let request = &place.request;
    let root = format!("{root}$metadata/");
    let scope = Scope::Collection(&request.cell, &place.resolved.resource);
    work(&Objects::new(&request.unit, scope, &request.access, &root, request.now)?)
}
