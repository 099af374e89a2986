//! A single entity (API pages 366, 367, 369 and 370).

use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::{Collection, Purpose};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, changed, shown};

pub(super) fn serve(call: &Call, collection: &Collection<'_>, path: EntityPath<'_>) -> Result<Response> {
    let update = |purpose| {
        let version = collection.update(path, &call.body, purpose, call.if_match.as_deref())?;
        Ok(changed(Some((version.version, version.updated))))
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
    Ok(shown(call, found.body, (found.version.version, found.version.updated), format))
}
