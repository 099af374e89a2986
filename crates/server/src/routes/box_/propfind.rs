//! PROPFIND in a Box (API pages 305 and 307).

use saibo_core::dav::{self, Found};
use saibo_model::Result;

use super::{Context, Place, body, header};
use crate::http::Response;

pub(super) async fn propfind(mut context: Context, place: Place) -> Result<Response> {
    let depth = header(&context, "depth");
    let body = body(&mut context).await?;
    let answer = context
        .blocking(move |_| Ok(multistatus(&dav::propfind(&place.request, depth.as_deref(), &body)?)))
        .await?;
    Ok(answer)
}

/// 207 with what was found.
pub(in crate::routes) fn multistatus(found: &Found) -> Response {
    Response::xml(207, found.multistatus.to_xml()).header("etag", &found.etag.to_string())
}
