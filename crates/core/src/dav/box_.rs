//! A Box itself: its metadata (API page 303) and its deletion with everything that belongs to it (page 295).

use saibo_model::node::MAIN_BOX;
use saibo_model::privilege::Privilege;
use saibo_model::query::{Filter, Query};
use saibo_model::{EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};

use super::delete::remove;
use super::resource::authorize_cell;
use super::{Request, Resource, sweep};

/// What belongs to a Box by its link, and goes with it.
const LINKED: [Kind; 5] = [Kind::Role, Kind::Relation, Kind::Rule, Kind::ReceivedMessage, Kind::SentMessage];

/// What a GET of a Box says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxMetadata {
    /// Its name.
    pub name: String,
    /// Its URL, with a slash at the end.
    pub url: String,
    /// The app that it is for.
    pub schema: Option<String>,
    /// When it was made, ms since 1970.
    pub installed_at: i64,
}

/// The metadata of the Box that a path was found to lead to.
///
/// # Errors
/// Why whoever asks may not.
pub fn box_metadata(request: &Request, resource: &Resource) -> Result<BoxMetadata> {
    request.authorize(resource, Privilege::Read)?;
    let document = resource.in_box.document.as_ref().unwrap_or_else(|| request.cell.document());
    let schema = match resource.in_box.document {
        // The main box is the Cell's own.
        None => Some(request.cell.url().to_owned()),
        Some(_) => resource.in_box.schema.clone(),
    };
    Ok(BoxMetadata {
        name: resource.in_box.name().to_owned(),
        url: format!("{}/", request.box_url()),
        schema,
        installed_at: document.published,
    })
}

/// Checks whether somebody may install a Box under a name (API page 301), before what they sent is read.
///
/// # Errors
/// [`ErrorCode::MethodNotAllowed`] of the main box, which is there from the start; why whoever asks may not;
/// [`ErrorCode::BarHeaderInvalid`] unless a bar file is announced; [`ErrorCode::BoxAlreadyInstalled`]; the store's.
pub fn check_install(request: &Request, content_type: Option<&str>) -> Result<()> {
    let name = &request.box_name;
    if name == MAIN_BOX {
        return Err(ErrorCode::MethodNotAllowed.into());
    }
    request.cell.store().read(|tx| {
        authorize_cell(tx, &request.cell, &request.access, Privilege::BoxInstall)?;
        if content_type != Some("application/zip") {
            return Err(ErrorCode::BarHeaderInvalid.with(["Content-Type"]));
        }
        match tx.document(&EntitySet::control(Kind::Box), None, name)? {
            Some(_) => Err(ErrorCode::BoxAlreadyInstalled.with([name])),
            None => Ok(()),
        }
    })
}

/// Deletes a Box with everything in it and the Roles, Relations, Rules and messages that belong to it. Of the
/// main box, which every Cell has, only what is in it goes.
///
/// # Errors
/// [`ErrorCode::PreconditionFailed`] unless `recursive` says `true`; why whoever asks may not;
/// [`ErrorCode::BoxNotFound`]; the store's.
pub fn delete_box(request: &Request, recursive: Option<&str>) -> Result<()> {
    // The header is looked at first, as the API does.
    if !recursive.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(ErrorCode::PreconditionFailed.with(["X-Personium-Recursive"]));
    }
    let large = request.write(
        |_, request, resource| request.authorize(resource, Privilege::Box),
        |tx, _, resource| {
            let large = match resource.last() {
                node if node.seq == 0 => false,
                node => remove(tx, node)?,
            };
            if let Some(document) = &resource.in_box.document {
                remove_linked(tx, &document.id)?;
                tx.delete_document(document.seq)?;
            }
            Ok(large)
        },
    )?;
    sweep(request, large);
    Ok(())
}

/// Removes what belongs to a Box, and the ExtRoles of its Relations.
fn remove_linked(tx: &mut dyn WriteTx, of: &Id) -> Result<()> {
    for kind in LINKED {
        for (seq, id) in children(tx.read(), kind, of)? {
            if kind == Kind::Relation {
                for (seq, _) in children(tx.read(), Kind::ExtRole, &id)? {
                    tx.delete_document(seq)?;
                }
            }
            tx.delete_document(seq)?;
        }
    }
    Ok(())
}

fn children(tx: &dyn ReadTx, kind: Kind, parent: &Id) -> Result<Vec<(i64, Id)>> {
    let query = Query { filter: Some(Filter::HasParent(Some(parent.clone()))), ..Query::default() };
    let mut found = Vec::new();
    tx.documents(&EntitySet::control(kind), &query, &mut |document| {
        found.push((document.seq, document.id));
        Ok(())
    })?;
    Ok(found)
}
