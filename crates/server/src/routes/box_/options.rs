//! OPTIONS in a Box: which methods a resource has depends on its kind.

use saibo_core::dav::{self, Served};
use saibo_model::Result;

use super::Place;
use crate::http::Response;

pub(super) fn options(place: &Place) -> Result<Response> {
    dav::options(&place.request, &place.resolved.resource)?;
    // Class 1 (RFC 4918 §18.1): there are no locks.
    Ok(Response::allow(methods(place.resolved.served).iter().copied()).header("dav", "1"))
}

/// The methods of a kind of resource beside OPTIONS, in the API's order. Of what OData, services and streams
/// serve, they tell themselves.
pub(super) fn methods(served: Served) -> &'static [&'static str] {
    match served {
        Served::Box | Served::Missing | Served::SourceMissing => {
            &["GET", "PUT", "DELETE", "MKCOL", "PROPFIND", "PROPPATCH", "ACL"]
        }
        Served::Collection => {
            &["GET", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "ACL"]
        }
        Served::File | Served::SourceFile => {
            &["GET", "PUT", "DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "ACL"]
        }
        Served::OData => &["GET", "DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "ACL"],
        Served::Service | Served::Stream => &["DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "ACL"],
        Served::Source => &["PROPFIND"],
        Served::InOData | Served::InStream => &["GET", "POST", "PUT", "DELETE"],
        Served::InService => &["GET", "POST", "PUT", "DELETE"],
    }
}
