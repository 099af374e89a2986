//! A single object.

use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::{Change, Objects};
use saibo_model::privilege::Access;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, changed, shown};

pub(super) fn serve(call: &Call, objects: &Objects<'_>, path: EntityPath<'_>) -> Result<Response> {
    let update = |change| {
        let (credential, if_match) = (call.credential.as_deref(), call.if_match.as_deref());
        let version = objects.update(path, change, &call.body, credential, if_match)?;
        Ok(changed(Some(version)))
    };
    match call.method.as_str() {
        "GET" | "HEAD" => get(call, objects, path),
        "PUT" => update(Change::Replace),
        "MERGE" => update(Change::Merge),
        "DELETE" => {
            objects.delete(path, call.if_match.as_deref())?;
            Ok(changed(None))
        }
        "OPTIONS" => {
            objects.may_one(path, Access::Read)?;
            Ok(Response::allow(["GET", "PUT", "MERGE", "DELETE"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

fn get(call: &Call, objects: &Objects<'_>, path: EntityPath<'_>) -> Result<Response> {
    objects.may_one(path, Access::Read)?;
    let parameters = Parameters::parse(&call.query);
    let format = Format::negotiate(call.accept.as_deref(), parameters.get("$format"))?;
    let found = objects.get(path, &EntityOptions::parse(&parameters)?, format)?;
    Ok(shown(call, found.body, found.version, format))
}
