//! What exports and imports say of themselves, and what starts them.

use std::time::Duration;

use saibo_core::export::iso8601;
use saibo_core::import::Effects;
use saibo_core::import::dry::DryRun;
use saibo_core::job::{Job, JobKind, Past, Running, State, Status, too_late};
use saibo_core::{Access, Cell, Unit};
use saibo_model::{ErrorCode, Result};
use serde_json::{Map, Value, json};

use super::events;
use crate::http::{Response, error};
use crate::routes::{Caller, Context};

/// How the jobs of a kind stand.
pub(super) struct Standing {
    pub(super) status: Status,
    /// The last dry run, if it is to be told.
    pub(super) dry_run: Option<DryRun>,
}

/// What tells how the jobs of a kind stand, to those who may know.
pub(super) type Look = fn(&Unit, &Cell, &Access) -> Result<Standing>;

/// `GET`: how the jobs of a kind stand, once or as a stream of events.
pub(super) async fn get(context: &Context, kind: JobKind, look: Look) -> Result<Response> {
    let caller = Caller::of(context);
    let standing = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            look(unit, &cell, &access)
        })
        .await?;
    if events::are_wanted(context.request.header("accept")) {
        return events::respond(context, kind, standing);
    }
    let body = match standing.status {
        Status::Running(running) => in_progress(&running),
        Status::Over(last) => with_dry_run(over(kind, last.as_ref()), standing.dry_run.as_ref()),
    };
    Ok(Response::json(200, &body))
}

/// The use case that cancels the job of a kind, for those who may.
pub(super) type Cancel = fn(&Unit, &Cell, &Access) -> Result<Option<Running>>;

/// How often is looked whether a job that was cancelled has ended.
const LOOK: Duration = Duration::from_millis(10);

/// `DELETE`: cancels the job of a kind, and answers when nothing of it is left.
pub(super) async fn cancel(context: Context, kind: JobKind, cancel: Cancel) -> Result<Response> {
    let caller = Caller::of(&context);
    let cancelled = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            cancel(unit, &cell, &access)
        })
        .await?;
    let Some(running) = cancelled else {
        return Ok(nothing_runs(kind));
    };
    // It notices at its next step; and a unit that stops does not wait for it.
    let ended = loop {
        match running.ended() {
            Some(ended) => break ended,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    match ended.state {
        State::Cancelled { .. } => Ok(Response::empty(204)),
        State::Running => Err(ErrorCode::UnderMaintenance.into()),
        State::Done { .. } | State::Failed { .. } => Err(too_late(kind)),
    }
}

/// Where nothing runs there is nothing to cancel, and DELETE is no method of the resource: so the API has it.
fn nothing_runs(kind: JobKind) -> Response {
    let code = ErrorCode::MethodNotAllowed;
    let why = format!("No {} of this Cell is running that could be cancelled.", kind.name());
    error::message(code.status(), code.code(), &why).header("allow", "OPTIONS, GET, POST")
}

/// One runs: the four keys of the API (pages 502 and 508), then those of ours.
pub(super) fn in_progress(running: &Running) -> Value {
    let seen = running.progress.snapshot();
    let status = match running.job.kind {
        JobKind::Export => "exportation in progress",
        JobKind::Import | JobKind::Check => "importation in progress",
        JobKind::Move => "move in progress",
    };
    let mut body = described(&running.job, seen.percent, status);
    body.extend([
        ("phase".to_owned(), json!(seen.phase.name())),
        ("items_done".to_owned(), json!(seen.items_done)),
        ("items_total".to_owned(), json!(seen.items_total)),
        ("bytes_done".to_owned(), json!(seen.bytes_done)),
        ("bytes_total".to_owned(), json!(seen.bytes_total)),
        ("bytes_per_second".to_owned(), json!(seen.bytes_per_second)),
        ("seconds_left".to_owned(), json!(seen.seconds_left)),
    ]);
    if running.job.kind == JobKind::Check {
        body.insert("dry_run".to_owned(), json!(true));
    }
    Value::Object(body)
}

/// A status, and what the last dry run found.
pub(super) fn with_dry_run(mut body: Value, dry_run: Option<&DryRun>) -> Value {
    if let (Some(body), Some(DryRun { job, report })) = (body.as_object_mut(), dry_run) {
        let report = report.as_ref().map(|report| json!(report));
        body.insert("dry_run".to_owned(), found(job, report));
    }
    body
}

/// How a dry run ended, and what it found.
fn found(job: &Job, report: Option<Value>) -> Value {
    let mut found = told(&job.name, job.started_at, &job.state);
    if let Some(Value::Object(report)) = report {
        found.extend(report);
    }
    Value::Object(found)
}

/// The end of a job for those who have waited for it.
pub(super) fn ended_now(job: &Job, result: Option<&str>) -> Value {
    match job.kind {
        JobKind::Check => {
            let report = result.and_then(|text| serde_json::from_str(text).ok());
            json!({ "status": "ready", "dry_run": found(job, report) })
        }
        JobKind::Export | JobKind::Import | JobKind::Move => ended(job.kind, Some(job)),
    }
}

/// The four keys of the API.
fn described(job: &Job, percent: u64, status: &str) -> Map<String, Value> {
    let name_key = match job.kind {
        JobKind::Export => "exportation_name",
        JobKind::Import | JobKind::Check => "importation_name",
        JobKind::Move => "move_name",
    };
    Map::from_iter([
        ("status".to_owned(), json!(status)),
        ("started_at".to_owned(), json!(iso8601(job.started_at))),
        ("progress".to_owned(), json!(format!("{percent}%"))),
        (name_key.to_owned(), json!(job.name)),
    ])
}

/// None runs. The API's answer is `ready`, and nothing is added to it as long as all is well; an import that failed has
/// a status of its own.
pub(super) fn over(kind: JobKind, last: Option<&Job>) -> Value {
    match last.map(|last| (last, &last.state)) {
        Some((last, State::Failed { percent, code, message, .. }))
            if kind == JobKind::Import || kind == JobKind::Move =>
        {
            let status = if kind == JobKind::Move { "move failed" } else { "import failed" };
            let mut body = described(last, *percent, status);
            let message = json!({ "code": code, "message": { "lang": "en", "value": message } });
            body.insert("message".to_owned(), message);
            Value::Object(body)
        }
        // What an import with a mode has done is told until the next one.
        Some((last, State::Done { .. })) if last.effects.is_some() => {
            json!({ "status": "ready", "last": outcome(last) })
        }
        Some((last, State::Failed { .. } | State::Cancelled { .. })) => {
            json!({ "status": "ready", "last": outcome(last) })
        }
        _ => json!({ "status": "ready" }),
    }
}

/// The same for those who have waited for it: how the last one ended is told in any case.
pub(super) fn ended(kind: JobKind, last: Option<&Job>) -> Value {
    let mut body = over(kind, last);
    if let (Some(body), Some(last)) = (body.as_object_mut(), last) {
        body.insert("last".to_owned(), outcome(last));
    }
    body
}

/// How a job ended.
fn outcome(job: &Job) -> Value {
    let mut told = told(&job.name, job.started_at, &job.state);
    tell_effects(&mut told, job.effects.as_ref());
    tell_warnings(&mut told, &job.warnings);
    Value::Object(told)
}

/// What did not go along.
fn tell_warnings(told: &mut Map<String, Value>, warnings: &[String]) {
    if !warnings.is_empty() {
        told.insert("warnings".to_owned(), json!(warnings));
    }
}

/// What an import with a mode has done, by type.
fn tell_effects(told: &mut Map<String, Value>, effects: Option<&Effects>) {
    if let Some(effects) = effects {
        told.insert("effects".to_owned(), json!(effects));
    }
}

fn told(name: &str, started_at: i64, state: &State) -> Map<String, Value> {
    let mut told = Map::from_iter([
        ("name".to_owned(), json!(name)),
        ("outcome".to_owned(), json!(state.name())),
        ("started_at".to_owned(), json!(iso8601(started_at))),
    ]);
    if let Some(finished_at) = state.finished_at() {
        told.insert("ended_at".to_owned(), json!(iso8601(finished_at)));
    }
    if let State::Failed { code, message, .. } = state {
        told.insert("code".to_owned(), json!(code));
        told.insert("message".to_owned(), json!(message));
    }
    told
}

/// The use case that tells what became of the jobs of a kind, to those who may know.
pub(super) type Remember = fn(&Unit, &Cell, &Access) -> Result<Vec<Past>>;

/// `GET` of the history: the jobs of a kind that are over, the latest first.
pub(super) async fn history(context: Context, remember: Remember) -> Result<Response> {
    let caller = Caller::of(&context);
    let past = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            remember(unit, &cell, &access)
        })
        .await?;
    Ok(told_of(&past))
}

/// The jobs that are over, as an answer.
pub(super) fn told_of(past: &[Past]) -> Response {
    let jobs: Vec<Value> = past.iter().map(remembered).collect();
    Response::json(200, &json!({ "history": jobs }))
}

fn remembered(past: &Past) -> Value {
    let mut told = told(&past.name, past.started_at, &past.state);
    let counts = &past.counts;
    told.extend([
        ("kind".to_owned(), json!(past.kind.name())),
        ("documents".to_owned(), json!(counts.documents)),
        ("links".to_owned(), json!(counts.links)),
        ("files".to_owned(), json!(counts.files)),
        ("bytes".to_owned(), json!(counts.bytes)),
    ]);
    tell_effects(&mut told, past.effects.as_ref());
    tell_warnings(&mut told, &past.warnings);
    if let Some(content) = past.content {
        told.insert("content".to_owned(), json!(content));
    }
    let percent = match past.state {
        State::Cancelled { percent, .. } | State::Failed { percent, .. } => percent,
        State::Done { .. } | State::Running => 100,
    };
    told.insert("progress".to_owned(), json!(format!("{percent}%")));
    Value::Object(told)
}

/// The JSON object of a request's body; an empty body is an empty object only where `may_be_empty`.
pub(super) async fn body(context: &mut Context, may_be_empty: bool) -> Result<Map<String, Value>> {
    let limit = context.app.config.limits.body_bytes;
    let bytes = context.request.body.read_to_limit(limit).await?;
    if bytes.is_empty() && may_be_empty {
        return Ok(Map::new());
    }
    let invalid = |why: String| ErrorCode::BodyJsonParse.with([why]);
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(invalid("the body must be an object".to_owned())),
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// A text of the body, absent or null.
pub(super) fn text(body: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ErrorCode::BodyKeyFormat.with([key, "a string"])),
    }
}

/// A switch of the body, absent or null.
pub(super) fn switch(body: &Map<String, Value>, key: &str) -> Result<Option<bool>> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(on)) => Ok(Some(*on)),
        Some(_) => Err(ErrorCode::BodyKeyFormat.with([key, "true or false"])),
    }
}

/// A list of texts of the body, absent or null.
pub(super) fn names(body: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>> {
    let wrong = || ErrorCode::BodyKeyFormat.with([key, "a list of strings"]);
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(names)) => {
            let texts = names.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong));
            texts.collect::<Result<Vec<String>>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}

/// Why a secret or a public key is none.
pub(super) fn locked(error: saibo_archive::Error) -> saibo_model::Error {
    match &error {
        saibo_archive::Error::Locked { why } => ErrorCode::SnapshotLocked.with([why]),
        other => ErrorCode::SnapshotLocked.with([other.to_string()]),
    }
}
