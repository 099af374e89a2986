//! A table: what it is called, its columns, and where its rows come from.

use saibo_model::Result;
use serde_json::{Map, Value, json};

/// Takes the values of a row, one for each column.
pub(super) type EachRow<'e> = &'e mut dyn FnMut(&[Value]) -> Result<()>;

/// Reads rows: the first so many, or all.
pub(super) type Rows<'t> = Box<dyn Fn(Option<u64>, EachRow<'_>) -> Result<()> + 't>;

/// A table.
pub(super) struct Table<'t> {
    /// For people.
    pub(super) title: String,
    /// Name of its files, without an ending.
    pub(super) file: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Rows<'t>,
    /// Whether there is a page with its first rows; files have pages of their own.
    pub(super) has_page: bool,
}

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    /// JSON Schema of its values.
    pub(super) schema: Value,
}

impl Column {
    /// Of texts.
    pub(super) fn text(name: &str) -> Self {
        Self { name: name.to_owned(), schema: json!({ "type": "string" }) }
    }

    /// Of texts, or nothing.
    pub(super) fn some_text(name: &str) -> Self {
        Self { name: name.to_owned(), schema: json!({ "type": ["string", "null"] }) }
    }

    /// Of points in time.
    pub(super) fn time(name: &str) -> Self {
        Self { name: name.to_owned(), schema: json!({ "type": "string", "format": "date-time" }) }
    }
}

impl Table<'_> {
    /// JSON Schema (2020-12) of a line.
    pub(super) fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.columns.iter().map(|column| (column.name.clone(), column.schema.clone())).collect();
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "description": format!("A line of {}.jsonl.", self.file),
            "type": "object",
            "properties": properties,
            "required": names,
            "additionalProperties": false,
        })
    }
}
