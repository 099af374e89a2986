//! `{cell}__box` (API page 304).

use saibo_core::box_url;
use saibo_model::Result;
use serde_json::json;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET`: the URL of an app's Box.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let schema = context.request.query.get("schema");
    let url = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            box_url::find(unit, &cell, &access, schema.as_deref())
        })
        .await?;
    Ok(Response::json(200, &json!({ "Url": url }))
        .header("location", &url)
        .header("access-control-expose-headers", "Location"))
}
