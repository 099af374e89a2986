//! What a service collection serves: its scripts, run by the engine (API page 379).

use saibo_core::dav;
use saibo_model::{ErrorCode, Result};

use super::{Context, Place};
use crate::http::Response;

pub(super) async fn serve(context: Context, place: Place) -> Result<Response> {
    match context.request.method.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" => {
            dav::authorize_service(&place.request, &place.resolved.resource)?;
            Err(ErrorCode::EngineConnection.into())
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
