//! The service document and `$metadata` (API pages 275, 276 and 371).

use saibo_core::odata::objects::Objects;
use saibo_model::{ErrorCode, Result};
use saibo_odata::options::Parameters;

use crate::http::Response;
use crate::routes::odata::{self, Call};

pub(super) fn document(call: &Call, objects: &Objects<'_>) -> Result<Response> {
    match call.method.as_str() {
        "GET" | "HEAD" => {
            objects.may_describe()?;
            let format = odata::description_format(Parameters::parse(&call.query).get("$format"))?;
            Ok(odata::service_document(objects.service_document(format)?, format))
        }
        "OPTIONS" => {
            objects.may_describe()?;
            Ok(Response::allow(["GET"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

pub(super) fn metadata(call: &Call, objects: &Objects<'_>) -> Result<Response> {
    match call.method.as_str() {
        "GET" | "HEAD" => Ok(odata::metadata(objects.metadata()?)),
        "OPTIONS" => {
            // Told to whom it is shown.
            objects.metadata()?;
            Ok(Response::allow(["GET"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
