//! `{cell}__box`: where an app's Box is (API page 304).

use saibo_model::privilege::Privilege;
use saibo_model::query::{Comparison, Field, Filter, Literal, Query, Stored};
use saibo_model::{Document, EntitySet, ErrorCode, Kind, Result};
use saibo_odata::constraint::Constraint;
use saibo_store::{ReadTx, StoreExt as _};

use crate::access::Subject;
use crate::dav::Resource;
use crate::{Access, Cell, Unit};

/// The URL of the Box of an app, with a slash at the end: of the app with that schema URL, or without one of the app
/// that authenticated itself. The app itself may know where its Box is, and so may everybody who may read the Box.
///
/// # Errors
/// 400-OD-0029 for what is no schema URL; 403-AU-0002, or what is wrong with the token, where there is no such Box; why
/// whoever asks may not; the store's.
pub fn find(unit: &Unit, cell: &Cell, access: &Access, schema: Option<&str>) -> Result<String> {
    if let Some(schema) = schema.filter(|schema| !Constraint::SchemaUri.allows(schema)) {
        return Err(ErrorCode::QueryValueInvalid.with(["schema", schema]));
    }
    cell.store().read(|tx| {
        let name = match schema.or(access.client_id()) {
            Some(schema) => box_of(tx, unit, schema)?.map(|found| found.key),
            None => None,
        };
        let Some(name) = name else {
            return Err(match &access.subject {
                Subject::Invalid(code) => *code,
                _ => ErrorCode::NecessaryPrivilegeLacking,
            }
            .into());
        };
        let resource = Resource::find(tx, unit, cell, &name, &[])?;
        if !is_app_of(access, &resource) {
            resource.authorize(access, cell, Privilege::Read)?;
        }
        Ok(format!("{}{name}/", cell.url()))
    })
}

/// The Box with a schema, however that is written.
pub(crate) fn box_of(tx: &dyn ReadTx, unit: &Unit, schema: &str) -> Result<Option<Document>> {
    let field = Field::Body { path: vec!["Schema".to_owned()], stored: Stored::Text };
    for schema in unit.settings().unit_url.spellings(schema) {
        let filter = Filter::Compare(field.clone(), Comparison::Equal, Literal::Text(schema));
        let query = Query { filter: Some(filter), top: Some(1), ..Query::default() };
        let mut found = None;
        tx.documents(&EntitySet::control(Kind::Box), &query, &mut |document| {
            found = Some(document);
            Ok(())
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether a token is of the app that a Box is for.
fn is_app_of(access: &Access, resource: &Resource) -> bool {
    let of_app = matches!(access.subject, Subject::Resident(_) | Subject::Visitor(_));
    let client = access.client_id();
    of_app && client.is_some() && client == resource.in_box.schema.as_deref()
}
