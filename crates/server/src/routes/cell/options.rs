//! `OPTIONS {cell}`.

use saibo_core::dav;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// The methods, for those who may know. Every other one can be sent as a POST (API page 003).
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            dav::cell::options(&cell, &access)
        })
        .await?;
    Ok(Response::allow(["GET", "POST", "DELETE", "PROPFIND", "PROPPATCH", "ACL"]))
}
