//! `__message/port`: a message that another Cell has sent.

use saibo_model::{ErrorCode, Kind, Result};
use saibo_odata::entity_sets::RECEIVED_MESSAGE_PORT;
use saibo_store::StoreExt as _;

use super::{check, destinations};
use crate::box_url::box_of;
use crate::odata::objects::{Created, Fields, Objects, Scope};
use crate::{Access, Cell, Subject, Unit};

/// Takes a message in. `root` is the URL of the Cell's control objects, `now` the moment of the request in ms.
///
/// # Errors
/// 401-AU-0001 or what is wrong with the token; 403-AU-0002 unless it is a transcell token of a Cell for itself; those
/// of a body; 400-OD-0006 for fields that do not go together or a sender that is not the token's; 400-RM-0002 for a
/// schema that no Box has; 409-OD-0003 for an id that there is.
pub fn receive(
    unit: &std::sync::Arc<Unit>,
    cell: &Cell,
    access: &Access,
    root: &str,
    body: &[u8],
    now: i64,
) -> Result<Created> {
    let sender = sender(access)?;
    let objects = Objects::new(unit, Scope::Cell(cell), access, root, now)?;
    let fields = objects.posted(&RECEIVED_MESSAGE_PORT, body)?;
    let schema = fields.text("Schema").filter(|schema| !schema.is_empty());
    let in_box = match schema {
        None => None,
        Some(schema) => {
            let found = cell.store().read(|tx| box_of(tx, unit, schema))?;
            Some(found.ok_or_else(|| ErrorCode::MessageSchemaBoxNotFound.with([schema]))?.id)
        }
    };
    destinations::check_list("MulticastTo", fields.text("MulticastTo"))?;
    check_status(&fields)?;
    check(&fields, in_box.is_some(), false)?;
    // Else any Cell could write in the name of another.
    let from = fields.text("From").unwrap_or_default();
    if !unit.settings().unit_url.spellings(from).iter().any(|from| from == sender) {
        return Err(ErrorCode::FieldFormat.with(["From"]));
    }
    objects.keep_message(Kind::ReceivedMessage, &fields, in_box)
}

/// The URL of the Cell that sends.
fn sender(access: &Access) -> Result<&str> {
    match (&access.subject, access.vouched_by.as_deref()) {
        (Subject::Visitor(subject), Some(issuer)) if subject == issuer => Ok(issuer),
        (Subject::Anonymous, _) => Err(ErrorCode::AuthorizationRequired.into()),
        (Subject::Invalid(code), _) => Err((*code).into()),
        _ => Err(ErrorCode::NecessaryPrivilegeLacking.into()),
    }
}

/// A message has not been read yet, and nothing of a request has been decided.
fn check_status(fields: &Fields) -> Result<()> {
    let expected = if fields.text("Type") == Some("request") { "none" } else { "unread" };
    if fields.text("Status") == Some(expected) {
        Ok(())
    } else {
        Err(ErrorCode::FieldFormat.with(["Status"]))
    }
}
