//! `{cell}__export/schedule`: exports by themselves. The API has nothing like it.

use saibo_core::export::iso8601;
use saibo_core::schedule::{self, Last, Outcome, Plan, Standing};
use saibo_model::{ErrorCode, Result};
use serde_json::{Map, Value, json};

use super::job;
use crate::http::Response;
use crate::plan::plan_body;
use crate::routes::{Caller, Context};

/// What a body may have. Anything else may be meant to matter, such as how it is encrypted.
const KEYS: [&str; 8] =
    ["Cron", "Incremental", "FullEvery", "Keep", "Recipients", "Boxes", "Credentials", "Readable"];

/// `GET`: the schedule, when it runs next, what the last run came to.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let standing = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            schedule::get(unit, &cell, &access)
        })
        .await?;
    Ok(Response::json(200, &shown(&standing)))
}

/// `PUT`: sets it.
pub(in crate::routes) async fn put(mut context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    may(&context).await?;
    let plan = plan(&job::body(&mut context, false).await?)?;
    let (standing, is_new) = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            schedule::set(unit, &cell, &access, plan)
        })
        .await?;
    Ok(Response::json(if is_new { 201 } else { 200 }, &shown(&standing)))
}

/// `DELETE`: removes it; the snapshots stay.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            schedule::remove(unit, &cell, &access)
        })
        .await?;
    Ok(Response::empty(204))
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    may(&context).await?;
    Ok(Response::allow(["GET", "PUT", "DELETE"]))
}

/// Whether they may comes before what they sent, and before whether there is one.
async fn may(context: &Context) -> Result<()> {
    let caller = Caller::of(context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            schedule::authorize(&cell, &access)
        })
        .await
}

fn plan(body: &Map<String, Value>) -> Result<Plan> {
    if let Some(unknown) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(ErrorCode::BodyKeyUnknown.with([unknown]));
    }
    let keep = number(body, "Keep")?.map(|keep| usize::try_from(keep).unwrap_or(usize::MAX));
    Ok(Plan {
        cron: job::text(body, "Cron")?.ok_or_else(|| ErrorCode::BodyKeyMissing.with(["Cron"]))?,
        incremental: job::switch(body, "Incremental")? == Some(true),
        full_every: number(body, "FullEvery")?,
        keep: keep.unwrap_or(Plan::KEEP),
        recipients: job::names(body, "Recipients")?,
        boxes: job::names(body, "Boxes")?,
        without_credentials: job::switch(body, "Credentials")? == Some(false),
        readable: job::switch(body, "Readable")? == Some(true),
    })
}

/// A number of the body, absent or null.
fn number(body: &Map<String, Value>, key: &str) -> Result<Option<u32>> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| ErrorCode::BodyKeyFormat.with([key, "a whole number"]))
        }
    }
}

/// The schedule as it can be sent again, and how it stands.
fn shown(standing: &Standing) -> Value {
    let mut body = plan_body(&standing.plan);
    body.insert("next_at".to_owned(), json!(iso8601(standing.next_at)));
    if let Some(name) = &standing.running {
        body.insert("running".to_owned(), json!(name));
    }
    if let Some(last) = &standing.last {
        body.insert("last".to_owned(), told(last));
    }
    body.insert("kept".to_owned(), json!(standing.kept));
    Value::Object(body)
}

fn told(last: &Last) -> Value {
    let mut told = Map::from_iter([
        ("name".to_owned(), json!(last.name)),
        ("outcome".to_owned(), json!(last.outcome.name())),
        ("incremental".to_owned(), json!(last.is_incremental)),
        ("started_at".to_owned(), json!(iso8601(last.began))),
        ("ended_at".to_owned(), json!(iso8601(last.ended))),
    ]);
    if let Outcome::Failed { code, message } = &last.outcome {
        told.insert("code".to_owned(), json!(code));
        told.insert("message".to_owned(), json!(message));
    }
    Value::Object(told)
}
