//! `{cell}__message`: messages to and from other Cells (API pages 267 and 271).

use std::sync::Arc;

use saibo_core::odata::objects::Created;
use saibo_core::{Access, Cell, Unit, message};
use saibo_model::Result;
use saibo_odata::media::Format;

use crate::http::Response;
use crate::routes::odata::{changed, created};
use crate::routes::{Caller, Context};

/// `POST …/send`: sends a message.
pub(in crate::routes) async fn send(context: Context) -> Result<Response> {
    make(context, message::send).await
}

/// `POST …/port`: takes a message of another Cell in.
pub(in crate::routes) async fn port(context: Context) -> Result<Response> {
    make(context, message::receive).await
}

/// What makes a message of a body.
type Maker = fn(&Arc<Unit>, &Cell, &Access, &str, &[u8], i64) -> Result<Created>;

async fn make(mut context: Context, maker: Maker) -> Result<Response> {
    let (caller, root) = (Caller::of(&context), root(&context));
    let body = context.request.body.read_to_limit(context.app.config.limits.body_bytes).await?;
    let made = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            maker(unit, &cell, &access, &root, &body, caller.now)
        })
        .await?;
    Ok(created(&made.location, made.body, made.version, Format::Json))
}

/// `POST …/received/{id}`: marks a message as read, or answers what it requests.
pub(in crate::routes) async fn received(mut context: Context) -> Result<Response> {
    let (caller, root) = (Caller::of(&context), root(&context));
    let id = context.parameter("id").to_owned();
    let body = context.request.body.read_to_limit(context.app.config.limits.body_bytes).await?;
    let version = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            message::answer(unit, &cell, &access, &root, &id, &body, caller.now)
        })
        .await?;
    Ok(changed(Some(version)))
}

/// The URL of the Cell's control objects, among which the messages are.
fn root(context: &Context) -> String {
    format!("{}__ctl/", context.cell_url())
}
