//! `{cell}__mypassword` (API page 294).

use saibo_core::token;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// `PUT`: gives whoever asks the password of the header `X-Personium-Credential`.
pub(in crate::routes) async fn put(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let password = context.request.header("x-personium-credential").map(str::to_owned);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            token::change(unit, &cell, &access, password.as_deref(), caller.now)
        })
        .await?;
    Ok(Response::empty(204))
}
