//! MOVE of a file or collection (API page 309).

use saibo_core::dav::{self, Transfer, Transferred};
use saibo_model::Result;

use super::{Context, Place, header};
use crate::http::Response;

pub(super) async fn move_(context: Context, place: Place) -> Result<Response> {
    let headers = headers(&context);
    context.blocking(move |_| dav::move_(&place.request, &headers)).await.map(|moved| answer(&moved))
}

/// The headers of a MOVE, and of a COPY.
pub(super) fn headers(context: &Context) -> Transfer {
    Transfer {
        depth: header(context, "depth"),
        overwrite: header(context, "overwrite"),
        destination: header(context, "destination"),
        if_match: header(context, "if-match"),
    }
}

/// The answer to either.
pub(super) fn answer(done: &Transferred) -> Response {
    Response::empty(if done.created { 201 } else { 204 })
        .header("location", &done.location)
        .header("etag", &done.etag.to_string())
}
