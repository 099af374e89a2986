//! `{cell}__move`: taking a Cell to another unit. The API has no page about it.

use saibo_core::export::iso8601;
use saibo_core::job::JobKind;
use saibo_core::relocation::{self, Moved, Request};
use saibo_core::settings::Secret;
use saibo_core::{Access, Cell, Unit};
use saibo_model::{ErrorCode, Result};
use serde_json::json;

use super::job::{self, Standing};
use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET`: whether the Cell is being moved, and how far that is; of one that has moved, where to: for everybody.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    loop {
        let name = context.cell().to_owned();
        let moved = context.blocking(move |unit| Ok(unit.cell_or_moved(&name)?.moved().cloned())).await?;
        if let Some(moved) = moved {
            return Ok(record(&moved));
        }
        match job::get(&context, JobKind::Move, look).await {
            // It has this very moment.
            Err(error) if error.code() == ErrorCode::CellMoved => {}
            told => return told,
        }
    }
}

fn record(moved: &Moved) -> Response {
    let body = json!({ "status": "moved", "moved_to": moved.to, "moved_at": iso8601(moved.at) });
    Response::json(200, &body)
}

fn look(unit: &Unit, cell: &Cell, access: &Access) -> Result<Standing> {
    Ok(Standing { status: relocation::status(unit, cell, access)?, dry_run: None })
}

/// What is asked for.
enum Asked {
    /// To be moved.
    Move(Request),
    /// To know of itself that it has come from elsewhere.
    Arrive(String),
    /// To be here again.
    Undo,
}

/// `POST`: moves the Cell to the URL `To`, with a `Token` for it; or, with `{"From": …}`, tells a Cell that has come from
/// there; or, with `{"Undo": true}`, takes back that it has moved.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    // Whether they may comes before what they sent.
    let allowed = caller.clone();
    context
        .blocking(move |unit| {
            let (cell, access) = allowed.enter_or_moved(unit)?;
            relocation::status(unit, &cell, &access)
        })
        .await?;
    let body = job::body(&mut context, false).await?;
    let on = |key| job::switch(&body, key).map(|on| on == Some(true));
    let asked = match (job::text(&body, "To")?, job::text(&body, "From")?, on("Undo")?) {
        (Some(to), None, false) => {
            let token =
                job::text(&body, "Token")?.ok_or_else(|| ErrorCode::BodyKeyMissing.with(["Token"]))?;
            Asked::Move(Request { to, token: Secret::new(token), replace: on("Replace")? })
        }
        (None, Some(from), false) => Asked::Arrive(from),
        (None, None, true) => Asked::Undo,
        _ => return Err(ErrorCode::BodyKeyMissing.with(["To"])),
    };
    let is_begun = matches!(asked, Asked::Move(_));
    context
        .blocking(move |unit| match asked {
            Asked::Move(request) => {
                let (cell, access) = caller.enter(unit)?;
                relocation::start(unit, &cell, &access, request)
            }
            Asked::Arrive(from) => {
                let (cell, access) = caller.enter(unit)?;
                relocation::arrive(unit, &cell, &access, &from)
            }
            Asked::Undo => {
                let (cell, access) = caller.enter_or_moved(unit)?;
                relocation::undo(unit, &cell, &access)
            }
        })
        .await?;
    if is_begun {
        return Ok(Response::empty(202).header("location", &format!("{}__move", context.cell_url())));
    }
    Ok(Response::empty(204))
}

/// `DELETE`: cancels the move that runs.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    job::cancel(context, JobKind::Move, relocation::cancel).await
}

/// `GET` of `{cell}__move/former`: the URLs that it had before, for everybody.
pub(in crate::routes) async fn former(context: Context) -> Result<Response> {
    let name = context.cell().to_owned();
    let former = context.blocking(move |unit| relocation::former(unit, &unit.cell(&name)?)).await?;
    Ok(Response::json(200, &json!({ "former": former })))
}

/// `GET` of `{cell}__move/history`: what became of the last ones, also of a Cell that has moved.
pub(in crate::routes) async fn history(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let past = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter_or_moved(unit)?;
            relocation::history(unit, &cell, &access)
        })
        .await?;
    Ok(job::told_of(&past))
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    get(context).await?;
    Ok(Response::allow(["GET", "POST", "DELETE"]))
}
