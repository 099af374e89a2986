//! COPY of a file or collection (RFC 4918 §9.8).

use saibo_core::dav;
use saibo_model::Result;

use super::move_::{answer, headers};
use super::{Context, Place};
use crate::http::Response;

pub(super) async fn copy(context: Context, place: Place) -> Result<Response> {
    let headers = headers(&context);
    context.blocking(move |_| dav::copy(&place.request, &headers)).await.map(|copied| answer(&copied))
}
