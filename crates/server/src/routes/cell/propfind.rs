//! `PROPFIND {cell}` (API page 290).

use saibo_core::dav;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::box_::multistatus;
use crate::routes::{Caller, Context};

pub(in crate::routes) async fn propfind(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let depth = context.request.header("depth").map(str::to_owned);
    let limit = context.app.config.limits.body_bytes;
    let body = context.request.body.read_to_limit(limit).await?;
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            Ok(multistatus(&dav::cell::propfind(&cell, &access, depth.as_deref(), &body)?))
        })
        .await
}
