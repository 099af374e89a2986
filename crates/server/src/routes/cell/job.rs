//! What exports and imports say of themselves, and what starts them.

use saibo_core::export::iso8601;
use saibo_core::job::{Job, Running};
use saibo_model::{ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::routes::Context;

/// The four keys of the API (pages 502 and 508), then those of ours.
pub(super) fn in_progress(running: &Running, status: &str, name_key: &str) -> Value {
    let seen = running.progress.snapshot();
    let mut body = described(&running.job, seen.percent, status, name_key);
    body.extend([
        ("phase".to_owned(), json!(seen.phase.name())),
        ("items_done".to_owned(), json!(seen.items_done)),
        ("items_total".to_owned(), json!(seen.items_total)),
        ("bytes_done".to_owned(), json!(seen.bytes_done)),
        ("bytes_total".to_owned(), json!(seen.bytes_total)),
        ("bytes_per_second".to_owned(), json!(seen.bytes_per_second)),
        ("seconds_left".to_owned(), json!(seen.seconds_left)),
    ]);
    Value::Object(body)
}

/// The four keys of the API.
pub(super) fn described(job: &Job, percent: u64, status: &str, name_key: &str) -> Map<String, Value> {
    Map::from_iter([
        ("status".to_owned(), json!(status)),
        ("started_at".to_owned(), json!(iso8601(job.started_at))),
        ("progress".to_owned(), json!(format!("{percent}%"))),
        (name_key.to_owned(), json!(job.name)),
    ])
}

/// Nothing runs.
pub(super) fn ready() -> Value {
    json!({ "status": "ready" })
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
