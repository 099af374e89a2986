//! MOVE of a file or collection (API page 309).

use saibo_core::dav::{self, Move, Moved};
use saibo_model::Result;

use super::{Context, Place, header};
use crate::http::Response;

pub(super) async fn move_(context: Context, place: Place) -> Result<Response> {
    let headers = Move {
        depth: header(&context, "depth"),
        overwrite: header(&context, "overwrite"),
        destination: header(&context, "destination"),
        if_match: header(&context, "if-match"),
    };
    let Moved { etag, location, created } =
        context.blocking(move |_| dav::move_(&place.request, &headers)).await?;
    Ok(Response::empty(if created { 201 } else { 204 })
        .header("location", &location)
        .header("etag", &etag.to_string()))
}
