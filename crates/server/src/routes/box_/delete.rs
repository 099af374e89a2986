//! DELETE of a file or collection (API pages 310 and 314), and of a Box with everything in it (page 295).

use saibo_core::dav::{self, Served};
use saibo_model::Result;

use super::{Context, Place, header};
use crate::http::Response;

pub(super) async fn delete(context: Context, place: Place) -> Result<Response> {
    let (if_match, recursive) = (header(&context, "if-match"), header(&context, "x-personium-recursive"));
    let Place { request, resolved } = place;
    let is_box = resolved.served == Served::Box;
    context
        .blocking(move |_| match is_box {
            true => dav::delete_box(&request, recursive.as_deref()),
            false => dav::delete(&request, if_match.as_deref(), recursive.as_deref()),
        })
        .await?;
    Ok(Response::empty(204))
}
