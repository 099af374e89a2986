//! `{cell}__import` (API pages 507 and 508).

use saibo_core::import::{self, Status};
use saibo_core::job::State;
use saibo_model::Result;
use serde_json::{Value, json};

use super::job;
use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET`: whether an import runs and how far it is, or why the last one failed.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let status = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            import::status(unit, &cell, &access)
        })
        .await?;
    let body = match status {
        Status::Ready => job::ready(),
        Status::Running(running) => job::in_progress(&running, "importation in progress", "importation_name"),
        Status::Failed(failed) => {
            let State::Failed { percent, code, message, .. } = &failed.state else {
                return Ok(Response::json(200, &job::ready()));
            };
            let mut body = job::described(&failed, *percent, "import failed", "importation_name");
            let message = json!({ "code": code, "message": { "lang": "en", "value": message } });
            body.insert("message".to_owned(), message);
            Value::Object(body)
        }
    };
    Ok(Response::json(200, &body))
}

/// `POST`: begins one; or, with `{"Undo": true}`, brings back what the last one replaced.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    // Whether they may comes before what they sent.
    let allowed = caller.clone();
    context.blocking(move |unit| allowed.enter(unit).and_then(|(cell, access)| import::status(unit, &cell, &access))).await?;
    let body = job::body(&mut context, false).await?;
    let undo = body.get("Undo") == Some(&Value::Bool(true));
    let name = job::text(&body, "Name")?;
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            if undo { import::undo(unit, &cell, &access) } else { import::start(unit, &cell, &access, name) }
        })
        .await?;
    if undo {
        return Ok(Response::empty(204));
    }
    Ok(Response::empty(202).header("location", &format!("{}__import", context.cell_url())))
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    get(context).await?;
    Ok(Response::allow(["GET", "POST"]))
}
