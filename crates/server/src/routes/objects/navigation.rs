//! What is behind a navigation property.

use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::Collection;
use saibo_core::odata::objects::Objects;
use saibo_model::privilege::Access;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{ListOptions, Parameters};

use crate::http::Response;
use crate::routes::odata::{Call, created, listed};

pub(super) fn serve(
    call: &Call,
    objects: &Objects<'_>,
    path: EntityPath<'_>,
    property: &str,
    keyed: bool,
) -> Result<Response> {
    if keyed {
        // Whatever the method, but only of an object whose URL is right.
        objects.check(path)?;
        return Err(ErrorCode::LinksKeyForbidden.into());
    }
    let parameters = Parameters::parse(&call.query);
    match call.method.as_str() {
        "GET" | "HEAD" => {
            objects.may_follow(path, property, Access::Read)?;
            let options = ListOptions::parse(&parameters)?;
            Ok(listed(objects.list_navigation(path, property, &options)?, Format::Json))
        }
        "POST" => {
            objects.may_follow(path, property, Access::Write)?;
            let format = Collection::created_format(parameters.get("$format"))?;
            let credential = call.credential.as_deref();
            let made = objects.create_navigation(path, property, &call.body, credential, format)?;
            Ok(created(&made.location, made.body, made.version, format))
        }
        "OPTIONS" => {
            objects.may_know_methods(path)?;
            Ok(Response::allow(["GET", "POST"]))
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
