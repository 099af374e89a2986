//! A message on its way, as `__message/port` reads it.

use saibo_model::edm::Value;
use serde_json::{Map, Value as Json, json};

use super::request::Request;
use crate::odata::objects::Fields;

/// The JSON for one destination of all. `schema` is the application in whose Box the message belongs.
pub(super) fn write(fields: &Fields, from: &str, to: &str, all: &[String], schema: Option<&str>) -> String {
    let id = fields.text("__id").unwrap_or_default();
    let is_request = fields.text("Type") == Some("request");
    let others: Vec<&str> = all.iter().map(String::as_str).filter(|other| *other != to).collect();
    let mut message = json!({
        "__id": id,
        "InReplyTo": fields.text("InReplyTo"),
        "From": from,
        "MulticastTo": (!others.is_empty()).then(|| others.join(",")),
        "Type": fields.text("Type"),
        "Title": fields.text("Title"),
        "Body": fields.text("Body"),
        "Priority": match fields.get("Priority") {
            Value::Int32(number) => Some(*number),
            _ => None,
        },
        "Status": if is_request { "none" } else { "unread" },
    });
    if let Some(schema) = schema {
        message["Schema"] = schema.into();
    }
    if is_request {
        let requests = Request::all(fields.get("RequestObjects"));
        message["RequestObjects"] = requests.into_iter().map(|request| requested(request, id)).collect();
    }
    message.to_string()
}

fn requested(request: Request<'_>, id: &str) -> Json {
    let mut members: Map<String, Json> =
        request.texts().map(|(name, text)| (name.to_owned(), text.into())).collect();
    if request.ty() == "rule.add" {
        members.entry("Name").or_insert_with(|| id.into());
    }
    Json::Object(members)
}
