//! Roles by their URLs: `{cell}__role/{box}/{name}`, `__` for a Role without a Box.

use saibo_model::node::MAIN_BOX;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::ReadTx;

/// The Role of a name in a Box (`__` is none).
///
/// # Errors
/// The store's.
pub fn find(tx: &dyn ReadTx, box_name: &str, name: &str) -> Result<Option<Document>> {
    let parent = match box_name {
        MAIN_BOX => None,
        _ => match tx.document(&EntitySet::control(Kind::Box), None, box_name)? {
            Some(found) => Some(found.id),
            None => return Ok(None),
        },
    };
    tx.document(&EntitySet::control(Kind::Role), parent.as_ref(), name)
}

/// The ids of the Roles of this Cell that URLs name; those of other Cells, and unknown ones, are left out.
///
/// # Errors
/// The store's.
pub fn ids_of_urls(tx: &dyn ReadTx, cell_url: &str, urls: &[String]) -> Result<Vec<Id>> {
    let mut ids = Vec::new();
    for url in urls {
        let place = url.strip_prefix(cell_url).and_then(|rest| rest.strip_prefix("__role/"));
        if let Some((box_name, name)) = place.and_then(|place| place.split_once('/')) {
            ids.extend(find(tx, box_name, name)?.map(|role| role.id));
        }
    }
    Ok(ids)
}

/// The Box and name of a Role, as an ACL's `href` has them: `../{box}/{name}` is built from them.
///
/// # Errors
/// The store's.
pub fn place_of(tx: &dyn ReadTx, role: &Id) -> Result<Option<(String, String)>> {
    let Some(role) = tx.document_by_id(role)?.filter(|found| found.set.kind == Kind::Role) else {
        return Ok(None);
    };
    let box_name = match &role.parent {
        None => MAIN_BOX.to_owned(),
        Some(parent) => match tx.document_by_id(parent)? {
            Some(parent) => parent.key,
            None => return Ok(None),
        },
    };
    Ok(Some((box_name, role.key)))
}
