//! Links between entities (API pages 375 to 378).

use percent_encoding::percent_decode_str;
use saibo_core::odata::entities::{Collection, EntityPath};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use super::{Call, changed, listed};
use crate::http::Response;

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
            let options = ListOptions::parse(&page(&call.query))?;
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

/// Of a query what says which page of the list to show; nothing else counts, and so nothing else can be wrong.
fn page(query: &str) -> Parameters {
    let counts = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(percent_decode_str(name).decode_utf8_lossy().as_ref(), "$top" | "$skip")
    };
    Parameters::parse(&query.split('&').filter(counts).collect::<Vec<_>>().join("&"))
}
