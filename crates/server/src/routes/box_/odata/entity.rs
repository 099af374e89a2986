//! A single entity (API pages 366, 367, 369 and 370).

use saibo_core::odata::entities::{Collection, EntityPath, Purpose};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::etag;
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, Parameters};

use super::{Call, VERSION, changed};
use crate::http::Response;

pub(super) fn serve(call: &Call, collection: &Collection<'_>, path: EntityPath<'_>) -> Result<Response> {
    let update = |purpose| {
        let version = collection.update(path, &call.body, purpose, call.if_match.as_deref())?;
        Ok(changed(Some(version)))
    };
    match call.method.as_str() {
        "GET" | "HEAD" => get(call, collection, path),
        "PUT" => update(Purpose::Whole),
        "MERGE" => update(Purpose::Merge),
        "DELETE" => {
            collection.delete(path, call.if_match.as_deref())?;
            Ok(changed(None))
        }
        "OPTIONS" => {
            collection.authorize(Privilege::Read)?;
            Ok(Response::allow(["GET", "PUT", "MERGE", "DELETE"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

fn get(call: &Call, collection: &Collection<'_>, path: EntityPath<'_>) -> Result<Response> {
    collection.authorize(Privilege::Read)?;
    let parameters = Parameters::parse(&call.query);
    let format = Format::negotiate(call.accept.as_deref(), parameters.get("$format"))?;
    let options = EntityOptions::parse(&parameters)?;
    let found = collection.get(path, &options, format)?;
    let (version, updated) = (found.version.version, found.version.updated);
    if etag::none_match(call.if_none_match.as_deref(), version, updated) {
        return Ok(Response::empty(304));
    }
    Ok(Response::bytes(200, format.media_type(), found.body)
        .header(VERSION.0, VERSION.1)
        .header("etag", &etag::format(version, updated)))
}
