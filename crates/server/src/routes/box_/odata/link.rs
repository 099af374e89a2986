//! Links between entities (API pages 375 to 378).

use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::Collection;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, changed, listed};

pub(super) fn serve(
    call: &Call,
    collection: &Collection<'_>,
    path: EntityPath<'_>,
    property: &str,
    target: Option<&str>,
) -> Result<Response> {
    let privilege = match call.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => Privilege::Read,
        _ => Privilege::Write,
    };
    collection.authorize(privilege)?;
    match (call.method.as_str(), target) {
        ("GET" | "HEAD", None) => {
            let options = ListOptions::parse(&Parameters::parse(&call.query).page_only())?;
            Ok(listed(collection.list_links(path, property, &options)?, Format::Json))
        }
        ("POST", None) => {
            collection.link(path, property, &call.body)?;
            Ok(changed(None))
        }
        ("DELETE", Some(target)) => {
            collection.unlink(path, property, target)?;
            Ok(changed(None))
        }
        ("GET" | "HEAD" | "POST", Some(_)) => Err(ErrorCode::LinksKeyForbidden.into()),
        ("PUT" | "DELETE", None) => Err(ErrorCode::LinksKeyRequired.into()),
        ("PUT", Some(_)) => Err(ErrorCode::MethodNotImplemented.into()),
        ("OPTIONS", _) => Ok(Response::allow(["GET", "DELETE", "PUT", "POST"])),
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
