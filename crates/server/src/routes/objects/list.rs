//! Entity sets: listing, and creating an object.

use saibo_core::odata::entities::Collection;
use saibo_core::odata::objects::Objects;
use saibo_model::privilege::Access;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, created, listed};

pub(super) fn serve(call: &Call, objects: &Objects<'_>, set: &str) -> Result<Response> {
    let parameters = Parameters::parse(&call.query);
    match call.method.as_str() {
        "GET" | "HEAD" => {
            objects.may(set, Access::Read)?;
            let options = ListOptions::parse(&parameters)?;
            let format = Format::negotiate(call.accept.as_deref(), parameters.get("$format"))?;
            Ok(listed(objects.list(set, &options, format)?, format))
        }
        "POST" => {
            objects.may(set, Access::Write)?;
            let format = Collection::created_format(parameters.get("$format"))?;
            let made = objects.create(set, &call.body, call.credential.as_deref(), format)?;
            Ok(created(&made.location, made.body, made.version, format))
        }
        "OPTIONS" => {
            objects.may(set, Access::Read)?;
            Ok(Response::allow(["GET", "POST"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
