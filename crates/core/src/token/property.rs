//! Properties of the Cell itself that say how its tokens are given out (API pages 106 and 291).

use saibo_dav::property::{Property, PropertyName};
use saibo_dav::xml::PERSONIUM;
use saibo_model::node::CELL_NODE;
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::ReadTx;
use serde_json::{Map, Value};

/// The Cell's own dead property of that name in Personium's namespace.
///
/// # Errors
/// The store's; and where what it holds is no property.
pub(super) fn of_cell(tx: &dyn ReadTx, local: &str) -> Result<Option<Property>> {
    let Some(text) = tx.node(CELL_NODE)?.and_then(|node| node.properties) else { return Ok(None) };
    let properties: Map<String, Value> =
        serde_json::from_str(&text).map_err(|e| Error::from(ErrorCode::ResourceInconsistency).because(e))?;
    let text = properties.get(&PropertyName::new(PERSONIUM, local).key()).and_then(Value::as_str);
    text.map(Property::parse).transpose()
}

/// Its value, if it has one.
pub(crate) fn text_of_cell(tx: &dyn ReadTx, local: &str) -> Result<Option<String>> {
    let text = of_cell(tx, local)?.map(|property| property.text().trim().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

/// Whether an Account may represent the Cell's owner (API page 106).
pub(super) fn may_represent_owner(tx: &dyn ReadTx, account: &str) -> Result<bool> {
    let accounts = of_cell(tx, "ownerRepresentativeAccounts")?;
    Ok(accounts.is_some_and(|property| {
        property.element().children(PERSONIUM, "account").any(|name| name.text().trim() == account)
    }))
}

/// Whether the logins of an Account are recorded (API page 291): all are but those that the property
/// `accountsnotrecordingauthhistory` lists.
pub(super) fn records_history(tx: &dyn ReadTx, account: &str) -> Result<bool> {
    let except = text_of_cell(tx, "accountsnotrecordingauthhistory")?;
    Ok(!except.is_some_and(|list| list.split(',').any(|name| name.trim() == account)))
}
