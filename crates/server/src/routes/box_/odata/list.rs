//! Entity sets, and what is behind navigation properties (API pages 364, 365, 373 and 374).

use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::Collection;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use super::created;
use crate::http::Response;
use crate::routes::odata::{Call, listed};

pub(super) fn serve(call: &Call, collection: &Collection<'_>, set: &str) -> Result<Response> {
    let parameters = Parameters::parse(&call.query);
    match call.method.as_str() {
        "GET" | "HEAD" => {
            // Who may not read is told so before what is wrong with the query.
            collection.authorize(Privilege::Read)?;
            let options = ListOptions::parse(&parameters)?;
            let format = Format::negotiate(call.accept.as_deref(), parameters.get("$format"))?;
            Ok(listed(collection.list(set, &options, format)?, format))
        }
        "POST" => {
            collection.authorize(Privilege::Write)?;
            let format = Collection::created_format(parameters.get("$format"))?;
            Ok(created(collection.create(set, &call.body, format)?, format))
        }
        "OPTIONS" => {
            collection.authorize(Privilege::Read)?;
            Ok(Response::allow(["GET", "POST"]))
        }
        _ => {
            collection.check_entity_set(set)?;
            Err(ErrorCode::MethodNotAllowed.into())
        }
    }
}

pub(super) fn navigation(
    call: &Call,
    collection: &Collection<'_>,
    path: EntityPath<'_>,
    property: &str,
) -> Result<Response> {
    let parameters = Parameters::parse(&call.query);
    match call.method.as_str() {
        "GET" | "HEAD" => {
            collection.authorize(Privilege::Read)?;
            let options = ListOptions::parse(&parameters)?;
            Ok(listed(collection.list_navigation(path, property, &options)?, Format::Json))
        }
        "POST" => {
            collection.authorize(Privilege::Write)?;
            let format = Collection::created_format(parameters.get("$format"))?;
            Ok(created(collection.create_navigation(path, property, &call.body, format)?, format))
        }
        "OPTIONS" => {
            collection.authorize(Privilege::Read)?;
            Ok(Response::allow(["GET", "POST"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
