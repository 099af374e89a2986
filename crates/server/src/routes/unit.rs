//! `GET {unit}`: what a client must know about the unit before it can find a Cell (API page 107).

use saibo_model::Result;
use serde_json::json;

use super::Context;
use crate::http::Response;

/// Needs no authentication.
pub(super) async fn get(context: Context) -> Result<Response> {
    let app = &context.app;
    Ok(Response::json(
        200,
        &json!({ "unit": {
            "url": app.unit_url().as_str(),
            "path_based_cellurl_enabled": app.config.unit.path_based_cell_url,
        }}),
    ))
}
