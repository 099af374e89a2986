//! Roles by their URLs: `{cell}__role/{box}/{name}`, `__` for a Role without a Box.

use saibo_model::node::MAIN_BOX;
use saibo_model::privilege::Privilege;
use saibo_model::query::Query;
use saibo_model::url::UnitUrl;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::{ReadTx, StoreExt as _};

use crate::dav::resource::authorize_cell;
use crate::{Access, Cell};

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

/// URLs of Roles in this Cell, `{cell}__role/{box}/{name}`: what a visitor's token holds and introspection shows.
///
/// # Errors
/// The store's.
pub fn instance_urls(tx: &dyn ReadTx, cell_url: &str, roles: &[Id]) -> Result<Vec<String>> {
    let mut urls = Vec::new();
    for role in roles {
        urls.extend(
            place_of(tx, role)?.map(|(box_name, name)| format!("{cell_url}__role/{box_name}/{name}")),
        );
    }
    Ok(urls)
}

/// URLs that say what Roles mean outside this Cell, whatever its Boxes are called: `{base}__role/__/{name}`, where
/// the base is the schema of the Role's Box, or the Cell where there is none. An ExtRole of another Cell names a
/// Role so.
///
/// # Errors
/// The store's.
pub fn class_urls(tx: &dyn ReadTx, unit: &UnitUrl, cell_url: &str, roles: &[Id]) -> Result<Vec<String>> {
    let mut urls = Vec::new();
    for role in roles {
        let Some(role) = tx.document_by_id(role)?.filter(|found| found.set.kind == Kind::Role) else {
            continue;
        };
        let schema = match &role.parent {
            None => None,
            Some(parent) => tx.document_by_id(parent)?.and_then(|found| schema_of(&found)),
        };
        let base = schema.as_deref().map_or(cell_url.into(), |schema| unit.localunit_to_http(schema));
        urls.push(format!("{base}__role/__/{}", role.key));
    }
    Ok(urls)
}

/// The URL of this Cell's Role that a scope asks for, if there is it.
///
/// # Errors
/// The store's.
pub fn resolve_url(tx: &dyn ReadTx, unit: &UnitUrl, cell_url: &str, url: &str) -> Result<Option<String>> {
    let url = unit.localunit_to_http(url).into_owned();
    let found = ids_of_urls(tx, cell_url, std::slice::from_ref(&url))?;
    Ok((!found.is_empty()).then_some(url))
}

fn schema_of(found: &Document) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&found.body).ok()?;
    body["Schema"].as_str().filter(|schema| !schema.is_empty()).map(str::to_owned)
}

/// The names of the Boxes in which Roles can be, `__` first.
///
/// # Errors
/// Why whoever asks may not; the store's.
pub fn boxes(cell: &Cell, access: &Access) -> Result<Vec<String>> {
    cell.store().read(|tx| {
        authorize_cell(tx, cell, access, Privilege::AuthRead)?;
        let mut names = vec![MAIN_BOX.to_owned()];
        tx.documents(&EntitySet::control(Kind::Box), &Query::default(), &mut |document| {
            names.push(document.key);
            Ok(())
        })?;
        Ok(names)
    })
}

/// Checks that somebody may see Roles.
///
/// # Errors
/// Why whoever asks may not; the store's.
pub fn check(cell: &Cell, access: &Access) -> Result<()> {
    cell.store().read(|tx| authorize_cell(tx, cell, access, Privilege::AuthRead))
}
