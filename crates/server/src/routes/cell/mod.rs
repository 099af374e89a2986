//! What is served of a Cell beside its boxes.

pub(super) mod acl;
pub(super) mod authz;
pub(super) mod box_url;
pub(super) mod certs;
pub(super) mod delete;
mod events;
pub(super) mod export;
pub(super) mod html;
pub(super) mod import;
pub(super) mod introspect;
mod job;
pub(super) mod message;
pub(super) mod mypassword;
pub(super) mod openid;
pub(super) mod options;
pub(super) mod propfind;
pub(super) mod proppatch;
pub(super) mod relocation;
pub(super) mod role;
pub(super) mod root;
pub(super) mod schedule;
pub(super) mod sign;
pub(super) mod snapshot;
pub(super) mod token;
pub(super) mod upload;

use saibo_model::Result;

use super::Context;

/// 404 for a Cell that does not exist comes before 405, whatever the method.
pub(super) async fn exists(context: Context) -> Result<Context> {
    let name = context.cell().to_owned();
    context.blocking(move |unit| unit.cell(&name).map(|_cell| ())).await?;
    Ok(context)
}

/// The same, but one that has moved can be deleted here still.
pub(super) async fn exists_or_goes(context: Context) -> Result<Context> {
    match context.request.method.as_str() {
        "DELETE" => existed(context).await,
        _ => exists(context).await,
    }
}

/// The same, but a Cell that has moved is none that does not exist.
pub(super) async fn existed(context: Context) -> Result<Context> {
    let name = context.cell().to_owned();
    context.blocking(move |unit| unit.cell_or_moved(&name).map(|_cell| ())).await?;
    Ok(context)
}
