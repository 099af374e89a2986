//! `{cell}__sign`: signs a document with the Cell's key.

use saibo_core::token;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// `POST`.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let document = context.request.body.read_to_limit(context.app.config.limits.body_bytes).await?;
    let signed = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            token::sign(&cell, &access, &document)
        })
        .await?;
    Ok(Response::bytes(200, "application/jose", signed))
}
