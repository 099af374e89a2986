//! Aliases: the names under which bodies keep the values of properties (`P001`…, of complex values `C001`…). Each type
//! counts its own, and a property keeps its alias whatever it is called.

use saibo_model::query::{Filter, Query};
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_store::ReadTx;
use serde_json::Value;

use crate::document::object;

/// The alias of a property, by its document.
pub(crate) fn alias(property: &Document) -> Option<String> {
    let hidden = object(property.hidden.as_deref()?).ok()?;
    hidden.get("Alias").and_then(Value::as_str).map(str::to_owned)
}

/// One that no other property of its type has: `wanted`, if it can be; else one more than the greatest there is.
///
/// # Errors
/// [`ErrorCode::DataInconsistency`] for a property of no type; the store's.
pub(crate) fn free_alias(tx: &dyn ReadTx, property: &Document, wanted: Option<&str>) -> Result<String> {
    let letter = if property.set.kind == Kind::Property { 'P' } else { 'C' };
    let parent = property.parent.clone().ok_or(ErrorCode::DataInconsistency)?;
    let query = Query { filter: Some(Filter::HasParent(Some(parent))), ..Query::default() };
    let (mut last, mut is_taken) = (0, false);
    tx.documents(&property.set, &query, &mut |other| {
        let Some(alias) = alias(&other) else { return Ok(()) };
        is_taken |= Some(alias.as_str()) == wanted;
        let number = alias.strip_prefix(letter).and_then(|digits| digits.parse::<u32>().ok());
        last = last.max(number.unwrap_or(0));
        Ok(())
    })?;
    Ok(match wanted {
        Some(wanted) if !is_taken => wanted.to_owned(),
        _ => format!("{letter}{:03}", last.saturating_add(1)),
    })
}
