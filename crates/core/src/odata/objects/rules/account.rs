//! Accounts: their passwords (API pages 211 and 213).

use saibo_model::{Document, Result};
use serde_json::{Map, Value};

use crate::Unit;
use crate::document::object;

/// The hidden fields of an Account with a password, beside what it has already.
pub(super) fn hidden(unit: &Unit, password: &str, before: Option<&Document>) -> Result<String> {
    let mut hidden = match before.and_then(|before| before.hidden.as_deref()) {
        Some(text) => object(text)?,
        None => Map::new(),
    };
    unit.hash_password(password)?.to_hidden(&mut hidden);
    Ok(Value::Object(hidden).to_string())
}
