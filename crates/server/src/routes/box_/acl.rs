//! ACL in a Box (API page 315).

use saibo_core::dav;
use saibo_model::Result;

use super::{Context, Place, body};
use crate::http::Response;

pub(super) async fn acl(mut context: Context, place: Place) -> Result<Response> {
    let body = body(&mut context).await?;
    let etag = context.blocking(move |_| dav::acl(&place.request, &body)).await?;
    Ok(Response::empty(200).header("etag", &etag.to_string()))
}
