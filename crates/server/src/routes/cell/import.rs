//! `{cell}__import` (API pages 507 and 508).

use saibo_archive::Key;
use saibo_core::import::{Mode, Request};
use saibo_core::job::JobKind;
use saibo_core::{Access, Cell, Unit, import};
use saibo_model::{ErrorCode, Result};
use serde_json::{Map, Value};

use super::job::{self, Standing};
use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET`: whether an import runs and how far it is, or why the last one failed.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    job::get(&context, JobKind::Import, look).await
}

fn look(unit: &Unit, cell: &Cell, access: &Access) -> Result<Standing> {
    Ok(Standing {
        status: import::status(unit, cell, access)?,
        dry_run: import::dry::last(unit, cell, access)?,
    })
}

/// `POST`: begins one, that replaces the Cell's content or, with a `Mode`, puts the snapshot beside it; or, with
/// `{"DryRun": true}`, looks what it would do; or, with `{"Undo": true}`, brings back what the last one replaced.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    // Whether they may comes before what they sent.
    let allowed = caller.clone();
    context
        .blocking(move |unit| {
            allowed.enter(unit).and_then(|(cell, access)| import::status(unit, &cell, &access))
        })
        .await?;
    let body = job::body(&mut context, false).await?;
    let undo = body.get("Undo") == Some(&Value::Bool(true));
    let on = |key| job::switch(&body, key).map(|on| on == Some(true));
    let (dry_run, hashes) = (on("DryRun")?, on("Hashes")?);
    let request = Request {
        name: job::text(&body, "Name")?,
        mode: job::text(&body, "Mode")?.map(|mode| mode_of(&mode)).transpose()?,
        boxes: job::names(&body, "Boxes")?,
        key: key(&body)?,
        more_follows: on("MoreFollows")?,
    };
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            match (undo, dry_run) {
                (true, _) => import::undo(unit, &cell, &access),
                (false, true) => import::dry::start(unit, &cell, &access, request, hashes),
                (false, false) => import::start(unit, &cell, &access, request),
            }
        })
        .await?;
    if undo {
        return Ok(Response::empty(204));
    }
    Ok(Response::empty(202).header("location", &format!("{}__import", context.cell_url())))
}

/// What decrypts the snapshot: `Passphrase`, or `Identity` with secret keys, one a line.
fn key(body: &Map<String, Value>) -> Result<Option<Key>> {
    let key = match (job::text(body, "Passphrase")?, job::text(body, "Identity")?) {
        (None, None) => return Ok(None),
        (Some(passphrase), None) => Key::passphrase(passphrase),
        (None, Some(identity)) => Key::identities(&identity),
        (Some(_), Some(_)) => return Err(ErrorCode::BodyKeyFormat.with(["Identity", "without Passphrase"])),
    };
    key.map(Some).map_err(job::locked)
}

fn mode_of(name: &str) -> Result<Mode> {
    Mode::from_name(name).ok_or_else(|| ErrorCode::BodyKeyFormat.with(["Mode", "overwrite, skip or merge"]))
}

/// `DELETE`: cancels the one that runs.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    job::cancel(context, JobKind::Import, import::cancel).await
}

/// `GET` of `{cell}__import/history`: what became of the last ones.
pub(in crate::routes) async fn history(context: Context) -> Result<Response> {
    job::history(context, import::history).await
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    get(context).await?;
    Ok(Response::allow(["GET", "POST", "DELETE"]))
}
