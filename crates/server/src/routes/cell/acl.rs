//! `ACL {cell}` (API page 289).

use saibo_core::dav;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::{Caller, Context};

pub(in crate::routes) async fn acl(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let limit = context.app.config.limits.body_bytes;
    let body = context.request.body.read_to_limit(limit).await?;
    let etag = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            dav::cell::acl(unit, &cell, &access, &body)
        })
        .await?;
    Ok(Response::empty(200).header("etag", &etag.to_string()))
}
