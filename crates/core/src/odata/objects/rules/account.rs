//! Accounts: their passwords (API pages 211 and 213).

use saibo_model::{Document, ErrorCode, Result};
use serde_json::{Map, Value};

use crate::Unit;

/// The hidden fields of an Account with a password, beside what it has already.
pub(super) fn hidden(unit: &Unit, password: &str, before: Option<&Document>) -> Result<String> {
    let mut hidden: Map<String, Value> = match before.and_then(|before| before.hidden.as_deref()) {
        Some(text) => serde_json::from_str(text)
            .map_err(|e| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e))?,
        None => Map::new(),
    };
    unit.hash_password(password)?.to_hidden(&mut hidden);
    Ok(Value::Object(hidden).to_string())
}
