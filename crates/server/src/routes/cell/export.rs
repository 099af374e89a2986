//! `{cell}__export` (API pages 501 and 502).

use saibo_archive::Lock;
use saibo_core::export::Request;
use saibo_core::job::JobKind;
use saibo_core::{Access, Cell, Unit, export};
use saibo_model::{ErrorCode, Result};
use serde_json::{Map, Value};

use super::job::{self, Standing};
use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET`: whether an export runs, and how far it is.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    job::get(&context, JobKind::Export, look).await
}

fn look(unit: &Unit, cell: &Cell, access: &Access) -> Result<Standing> {
    Ok(Standing { status: export::status(unit, cell, access)?, dry_run: None })
}

/// `POST`: begins one: of everything, or of the `Boxes` that are named; without passwords' hashes if `Credentials` is
/// false; with a copy that people can read if `Readable` is true; or of what was changed `Since` another.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    // Whether they may comes before what they sent.
    let allowed = caller.clone();
    context
        .blocking(move |unit| {
            allowed.enter(unit).and_then(|(cell, access)| export::status(unit, &cell, &access))
        })
        .await?;
    let body = job::body(&mut context, true).await?;
    let request = Request {
        name: job::text(&body, "Name")?,
        boxes: job::names(&body, "Boxes")?,
        since: job::text(&body, "Since")?,
        without_credentials: job::switch(&body, "Credentials")? == Some(false),
        readable: job::switch(&body, "Readable")? == Some(true),
        lock: lock(&body)?,
    };
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            export::start(unit, &cell, &access, request)
        })
        .await?;
    Ok(Response::empty(202).header("location", &format!("{}__export", context.cell_url())))
}

/// `Encrypt`: `{"Recipients": ["age1…"]}` or `{"Passphrase": "…"}`.
fn lock(body: &Map<String, Value>) -> Result<Option<Lock>> {
    let wrong =
        || ErrorCode::BodyKeyFormat.with(["Encrypt", "an object with either Recipients or Passphrase"]);
    let encrypt = match body.get("Encrypt") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(encrypt)) => encrypt,
        Some(_) => return Err(wrong()),
    };
    let lock = match (job::names(encrypt, "Recipients")?, job::text(encrypt, "Passphrase")?) {
        (Some(keys), None) => Lock::recipients(&keys),
        (None, Some(passphrase)) => Lock::passphrase(passphrase),
        _ => return Err(wrong()),
    };
    lock.map(Some).map_err(job::locked)
}

/// `DELETE`: cancels the one that runs.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    job::cancel(context, JobKind::Export, export::cancel).await
}

/// `GET` of `{cell}__export/history`: what became of the last ones.
pub(in crate::routes) async fn history(context: Context) -> Result<Response> {
    job::history(context, export::history).await
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    get(context).await?;
    Ok(Response::allow(["GET", "POST", "DELETE"]))
}
