//! Links between objects.

use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::Objects;
use saibo_model::privilege::Access;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, changed, listed};

pub(super) fn serve(
    call: &Call,
    objects: &Objects<'_>,
    path: EntityPath<'_>,
    property: &str,
    target: Option<&str>,
) -> Result<Response> {
    let refused = |access, code: ErrorCode| match objects.may_link(path, property, access) {
        Ok(()) => Err(code.into()),
        Err(error) => Err(error),
    };
    if let Some(target) = target {
        objects.check_target(path, property, target)?;
    }
    match (call.method.as_str(), target) {
        ("GET" | "HEAD", None) => {
            objects.may_link(path, property, Access::Read)?;
            let options = ListOptions::parse(&Parameters::parse(&call.query).page_only())?;
            Ok(listed(objects.list_links(path, property, &options)?, Format::Json))
        }
        ("POST", None) => {
            objects.link(path, property, &call.body)?;
            Ok(changed(None))
        }
        ("DELETE", Some(target)) => {
            objects.unlink(path, property, target)?;
            Ok(changed(None))
        }
        ("GET" | "HEAD", Some(target)) => {
            objects.may_link(path, property, Access::Read)?;
            // The one error that the API tells in plain text.
            let told = format!("targetId should not be specified in $links GET. your value = ({target})");
            Ok(Response::text(400, told))
        }
        ("POST", Some(_)) => refused(Access::Write, ErrorCode::LinksKeyForbidden),
        ("PUT" | "DELETE", None) => refused(Access::Write, ErrorCode::LinksKeyRequired),
        ("PUT", Some(_)) => refused(Access::Write, ErrorCode::MethodNotImplemented),
        ("OPTIONS", _) => {
            objects.may_know_methods(path)?;
            Ok(Response::allow(["GET", "DELETE", "PUT", "POST"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
