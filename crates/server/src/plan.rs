//! What a schedule does, as requests and answers have it.

use saibo_core::schedule::Plan;
use serde_json::{Map, Value, json};

/// The body that sets it.
pub(crate) fn plan_body(plan: &Plan) -> Map<String, Value> {
    let mut body = Map::from_iter([
        ("Cron".to_owned(), json!(plan.cron)),
        ("Incremental".to_owned(), json!(plan.incremental)),
        ("Keep".to_owned(), json!(plan.keep)),
        ("Credentials".to_owned(), json!(!plan.without_credentials)),
        ("Readable".to_owned(), json!(plan.readable)),
    ]);
    if plan.incremental {
        body.insert("FullEvery".to_owned(), json!(plan.full_every.unwrap_or(Plan::FULL_EVERY)));
    }
    if let Some(recipients) = &plan.recipients {
        body.insert("Recipients".to_owned(), json!(recipients));
    }
    if let Some(boxes) = &plan.boxes {
        body.insert("Boxes".to_owned(), json!(boxes));
    }
    body
}
