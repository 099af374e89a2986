//! `{cell}__certs` (API page 298).

use saibo_core::token;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::Context;

/// `GET`: the Cell's public key, for whoever checks what the Cell has signed.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let name = context.cell().to_owned();
    let keys = context.blocking(move |unit| token::certificates(&unit.cell(&name)?)).await?;
    Ok(Response::json(200, &keys))
}
