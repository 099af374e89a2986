//! `{cell}__introspect` (API page 297).

use saibo_core::token;
use saibo_model::Result;
use saibo_oauth::grant::Form;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// `POST`: what a token says, to whom it concerns.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let authorization = context.request.header("authorization").map(str::to_owned);
    let body = context.request.body.read_to_limit(Form::MAX_BODY as u64).await?;
    let found = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            let form = Form::parse_any(&body).unwrap_or_default();
            let authorization = authorization.as_deref();
            token::introspect(unit, &cell, &access, authorization, form.get("token"), caller.now)
        })
        .await?;
    Ok(Response::json(200, &found).header("cache-control", "no-store"))
}
