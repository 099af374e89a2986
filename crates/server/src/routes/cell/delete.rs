//! `DELETE {cell}`: the Cell with everything in it (API page 105).

use saibo_core::odata::objects;
use saibo_model::Result;

use crate::http::Response;
use crate::routes::{Caller, Context};

pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let recursive = context.request.header("x-personium-recursive").map(str::to_owned);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter_or_moved(unit)?;
            objects::delete_cell(unit, &cell, &access, recursive.as_deref())
        })
        .await?;
    Ok(Response::empty(204))
}
