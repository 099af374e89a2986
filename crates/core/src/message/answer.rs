//! `__message/received/{id}`: a message is marked as read or unread; what it requests is approved or rejected.

use std::sync::Arc;

use saibo_model::edm::Value;
use saibo_model::privilege::Privilege;
use saibo_model::{Document, ErrorCode, Result};
use saibo_odata::body::{Json, Object};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};
use serde_json::{Map, Value as Stored};

use super::approve::Step;
use super::request::Request;
use crate::dav::resource::authorize_cell;
use crate::document::object;
use crate::odata::objects::{Objects, Scope};
use crate::{Access, Cell, Unit};

/// The field that a message's state is in, and what a command asks for.
const STATUS: &str = "Status";
const COMMAND: &str = "Command";

/// Does what a body commands with a received message; tells the message's new version and when that was made, ms. What
/// is approved is done as a whole or not at all.
///
/// # Errors
/// Why whoever asks may not, for what is approved too; 400-OD-0001, 400-OD-0006 for a command that there is not or not
/// for such a message; 404-OD-0002; 400-RM-0001 and 0003, 409-RM-0002, and what else hinders what is requested.
pub fn answer(
    unit: &Arc<Unit>,
    cell: &Cell,
    access: &Access,
    root: &str,
    id: &str,
    body: &[u8],
    now: i64,
) -> Result<(i64, i64)> {
    cell.store().read(|tx| authorize_cell(tx, cell, access, Privilege::Message))?;
    let refused = || ErrorCode::FieldFormat.with([COMMAND]);
    let body = Object::parse(body)?;
    let command = match body.get(COMMAND) {
        Some(Json::String(command)) => command.as_str(),
        _ => return Err(refused()),
    };
    let command = ["unread", "read", "approved", "rejected"].into_iter().find(|known| *known == command);
    let command = command.ok_or_else(refused)?;
    let objects = Objects::new(unit, Scope::Cell(cell), access, root, now)?;
    let message = objects.received_message(id)?;
    let fields = object(&message.body)?;
    let is_request = fields.get("Type").and_then(Stored::as_str) == Some("request");
    let may_be = match command {
        "read" | "unread" => !is_request,
        _ => is_request && fields.get(STATUS).and_then(Stored::as_str) == Some("none"),
    };
    if !may_be {
        return Err(refused());
    }
    let (mut steps, mut allowed) = (Vec::new(), Vec::new());
    if command == "approved" {
        let requests = requests_of(&fields);
        for request in Request::all(&requests) {
            let privilege =
                if request.ty().starts_with("rule.") { Privilege::Rule } else { Privilege::Social };
            if !allowed.contains(&privilege) {
                cell.store().read(|tx| authorize_cell(tx, cell, access, privilege))?;
                allowed.push(privilege);
            }
            steps.push(Step::of(&objects, unit, cell, &message, request)?);
        }
    }
    cell.store().write(move |tx| {
        let mut message = unchanged(tx.read(), &message)?.ok_or_else(refused)?;
        steps.iter().try_for_each(|step| step.take(tx, now))?;
        set_status(tx, &mut message, command, now)?;
        Ok((message.version, message.updated))
    })
}

/// The message, unless somebody was quicker.
fn unchanged(tx: &dyn ReadTx, seen: &Document) -> Result<Option<Document>> {
    let found = tx.document_by_id(&seen.id)?.ok_or(ErrorCode::NoSuchEntity)?;
    Ok((found.version == seen.version).then_some(found))
}

fn set_status(tx: &mut dyn WriteTx, message: &mut Document, status: &str, now: i64) -> Result<()> {
    let mut fields = object(&message.body)?;
    fields.insert(STATUS.to_owned(), status.into());
    message.body = Stored::Object(fields).to_string();
    message.version += 1;
    message.updated = now;
    tx.put_document(message)
}

/// What a stored message requests. One that came with a snapshot may have any form.
fn requests_of(fields: &Map<String, Stored>) -> Value {
    let text = |(name, value): (&String, &Stored)| {
        (name.clone(), value.as_str().map_or(Value::Null, |text| Value::String(text.to_owned())))
    };
    let request =
        |request: &Stored| Value::Complex(request.as_object().into_iter().flatten().map(text).collect());
    let requests = fields.get("RequestObjects").and_then(Stored::as_array);
    Value::List(requests.into_iter().flatten().map(request).collect())
}
