//! `$batch` (API page 368).

use saibo_core::odata::entities::{Collection, PartAnswer};
use saibo_model::{ErrorCode, Result};
use saibo_odata::batch::{self, Answer, Batch, Part};
use saibo_odata::etag;
use serde_json::json;

use crate::http::Response;
use crate::http::error;
use crate::routes::odata::{Call, VERSION};

/// The boundary of each changeset that there is; none for a request on its own.
type Boundaries = Vec<Option<String>>;

pub(super) fn serve(call: &Call, collection: &Collection<'_>) -> Result<Response> {
    match call.method.as_str() {
        "POST" => {}
        "OPTIONS" => return Ok(Response::allow(["POST"])),
        _ => return Err(ErrorCode::MethodNotAllowed.into()),
    }
    collection.authorize_batch()?;
    let content_type = call.content_type.as_deref().unwrap_or_default();
    let parts = batch::parse(content_type, &call.body)?;
    let boundaries: Boundaries = parts.iter().map(boundary).collect();
    let mut batch = Batch::new(batch::boundary(content_type).unwrap_or_default());
    for (answers, boundary) in collection.batch(parts)?.into_iter().zip(boundaries) {
        let answers: Vec<Answer> = answers.into_iter().map(answer).collect();
        match boundary {
            Some(boundary) => batch.changeset(&boundary, &answers),
            None => answers.iter().for_each(|answer| batch.single(answer)),
        }
    }
    let content_type = batch.content_type();
    Ok(Response::bytes(202, &content_type, batch.finish()).header(VERSION.0, VERSION.1))
}

fn boundary(part: &Part) -> Option<String> {
    match part {
        Part::Single(_) => None,
        Part::Changeset { boundary, .. } => Some(boundary.clone()),
    }
}

fn answer(part: PartAnswer) -> Answer {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let version = header(VERSION.0, VERSION.1.to_owned());
    let json = header("Content-Type", "application/json".to_owned());
    match part {
        PartAnswer::Created(created) => Answer {
            status: 201,
            headers: vec![
                header("ETag", etag::format(created.version, created.updated)),
                version,
                json,
                header("Location", created.location),
            ],
            body: text(created.body),
        },
        PartAnswer::Shown(body) => Answer { status: 200, headers: vec![version, json], body: text(body) },
        PartAnswer::Updated(tag) => Answer {
            status: 204,
            headers: vec![header("ETag", etag::format(tag.version, tag.updated)), version],
            body: String::new(),
        },
        PartAnswer::Done => Answer { status: 204, headers: vec![version], body: String::new() },
        PartAnswer::Failed(failure) => {
            error::log(&failure, "$batch");
            let code = failure.code();
            let message = json!({ "lang": "en", "value": failure.message() });
            let body = json!({ "code": code.code(), "message": message }).to_string();
            Answer { status: code.status(), headers: vec![json], body }
        }
    }
}

/// What was rendered is always UTF-8.
fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap_or_default()
}
