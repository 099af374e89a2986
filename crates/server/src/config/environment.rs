//! Settings from environment variables: `SAIBO_UNIT__MASTER_TOKEN` is `master_token` of `[unit]`.
//!
//! What a value is depends on the key alone: a master token of digits stays a text. That is why the
//! variables are read here and not by figment, which would guess from the value.

use serde_json::Value;

use super::{Config, ConfigError};

const PREFIX: &str = "SAIBO_";
/// Read by the command line itself: where the configuration file is.
const CONFIG_FILE: &str = "SAIBO_CONFIG";

/// The keys (`unit.master_token`) and values of the variables that begin with `SAIBO_`.
pub(super) fn settings(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<(String, Value)>, ConfigError> {
    let shape = serde_json::to_value(Config::default()).unwrap_or(Value::Null);
    let mut settings = Vec::new();
    for (name, text) in variables {
        let Some(path) = name.strip_prefix(PREFIX).filter(|_| name != CONFIG_FILE) else { continue };
        let key = path.to_ascii_lowercase().replace("__", ".");
        let known = key
            .split_once('.')
            .and_then(|(section, key)| shape.get(section)?.get(key))
            .ok_or_else(|| ConfigError::UnknownVariable { hint: hint(&shape, path), name: name.clone() })?;
        let value =
            value(known, &text).map_err(|expected| ConfigError::Variable { name: name.clone(), expected })?;
        settings.push((key, value));
    }
    Ok(settings)
}

/// A value of the same type as the default.
fn value(default: &Value, text: &str) -> Result<Value, &'static str> {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err("text in UTF-8");
    }
    match default {
        Value::Bool(_) => text.parse().map(Value::Bool).map_err(|_| "true or false"),
        Value::Number(_) => text.parse::<u64>().map(Value::from).map_err(|_| "a whole number"),
        Value::Array(_) => {
            let items = text.split([',', ' ']).filter(|item| !item.is_empty());
            Ok(items.map(Value::from).collect())
        }
        _ => Ok(Value::from(text)),
    }
}

/// Most mistakes are a single underscore where two belong.
fn hint(shape: &Value, path: &str) -> String {
    let wanted = path.to_ascii_lowercase().replace('_', "");
    let sections = shape.as_object().into_iter().flatten();
    let names = sections.flat_map(|(section, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, _)| format!("{section}__{key}"))
    });
    names
        .filter(|name| name.replace('_', "") == wanted)
        .map(|name| format!("; did you mean {PREFIX}{}?", name.to_ascii_uppercase()))
        .next()
        .unwrap_or_default()
}
