//! MKCOL of a Box: its installation from a bar file (API page 301).

use saibo_core::dav;
use saibo_model::{ErrorCode, Result};

use super::{Caller, Context, enter, header};
use crate::http::Response;

pub(super) async fn mkcol(context: Context) -> Result<Response> {
    let (caller, name) = (Caller::of(&context), context.parameter("box").to_owned());
    let content_type = header(&context, "content-type");
    context
        .blocking(move |unit| {
            let request = enter(unit, &caller, name, Vec::new())?;
            dav::check_install(&request, content_type.as_deref())
        })
        .await?;
    Err(ErrorCode::NotImplemented.with(["installing a Box from a bar file"]))
}
