//! Each type counts the aliases of its properties by itself ([`alias`]), so a value of the snapshot may be under
//! another one there than in the Cell.

use std::collections::HashMap;

use saibo_model::query::{Filter, Query};
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::ReadTx;
use serde_json::{Map, Value};

use crate::document::object;
use crate::odata::alias::alias;

/// How deep complex types can hold each other.
const DEPTH: usize = 16;

/// What the values of a type are called in the Cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aliases {
    by_alias: HashMap<String, (String, Aliases)>,
    /// Whether any has another name.
    differ: bool,
}

/// The properties of a type.
fn properties(tx: &dyn ReadTx, set: &EntitySet, parent: &Id) -> Result<Vec<Document>> {
    let query = Query { filter: Some(Filter::HasParent(Some(parent.clone()))), ..Query::default() };
    let mut found = Vec::new();
    tx.documents(set, &query, &mut |document| {
        found.push(document);
        Ok(())
    })?;
    Ok(found)
}

impl Aliases {
    /// Of an EntityType: in the snapshot, and in the Cell.
    pub(super) fn of(
        (from, from_set): (&dyn ReadTx, &EntitySet),
        (to, to_set): (&dyn ReadTx, &EntitySet),
    ) -> Result<Self> {
        let schemas = [(from, from_set), (to, to_set)].map(|(tx, set)| (tx, set.collection.clone()));
        let types = [from_set, to_set].map(|set| set.entity_type.clone());
        Self::between(Kind::Property, &schemas, types, DEPTH)
    }

    fn between(
        kind: Kind,
        schemas: &[(&dyn ReadTx, Option<Id>); 2],
        types: [Option<Id>; 2],
        depth: usize,
    ) -> Result<Self> {
        let mut aliases = Self::default();
        let [(from, from_collection), (to, to_collection)] = schemas;
        let ([Some(from_type), Some(to_type)], Some(from_collection), Some(to_collection)) =
            (types, from_collection, to_collection)
        else {
            return Ok(aliases);
        };
        let theirs = properties(*to, &EntitySet::schema(kind, to_collection.clone()), &to_type)?;
        for ours in properties(*from, &EntitySet::schema(kind, from_collection.clone()), &from_type)? {
            let Some(same) = theirs.iter().find(|other| other.key == ours.key) else { continue };
            let (Some(before), Some(after)) = (alias(&ours), alias(same)) else { continue };
            let body = object(&ours.body)?;
            let ty = body.get("Type").and_then(Value::as_str).unwrap_or_default();
            let inner = if ty.starts_with("Edm.") || depth == 0 {
                Self::default()
            } else {
                let named = |tx: &dyn ReadTx, collection: &Id| {
                    let set = EntitySet::schema(Kind::ComplexType, collection.clone());
                    tx.document(&set, None, ty).map(|found| found.map(|found| found.id))
                };
                let types = [named(*from, from_collection)?, named(*to, to_collection)?];
                Self::between(Kind::ComplexTypeProperty, schemas, types, depth - 1)?
            };
            aliases.differ |= before != after || inner.differ;
            aliases.by_alias.insert(before, (after, inner));
        }
        Ok(aliases)
    }

    /// An entity's fields with the Cell's names.
    pub(super) fn apply(&self, body: &str) -> Result<String> {
        if !self.differ {
            return Ok(body.to_owned());
        }
        Ok(Value::Object(self.rename(object(body)?)).to_string())
    }

    fn rename(&self, members: Map<String, Value>) -> Map<String, Value> {
        let renamed = members.into_iter().map(|(name, value)| match self.by_alias.get(&name) {
            Some((after, inner)) if inner.differ => (after.clone(), inner.value(value)),
            Some((after, _)) => (after.clone(), value),
            None => (name, value),
        });
        renamed.collect()
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.rename(members)),
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_get_other_names_at_once_and_inside() {
        let leaf = |after: &str| (after.to_owned(), Aliases::default());
        let inner = Aliases { by_alias: [("C001".to_owned(), leaf("C002"))].into(), differ: true };
        let aliases = Aliases {
            by_alias: [
                ("P001".to_owned(), leaf("P002")),
                ("P002".to_owned(), leaf("P001")),
                ("P003".to_owned(), ("P003".to_owned(), inner)),
            ]
            .into(),
            differ: true,
        };
        let body = r#"{"__id":"a","P001":1,"P002":2,"P003":[{"C001":"x"},null]}"#;
        let renamed: Value = serde_json::from_str(&aliases.apply(body).unwrap()).unwrap();
        let expected =
            serde_json::json!({ "__id": "a", "P002": 1, "P001": 2, "P003": [{ "C002": "x" }, null] });
        assert_eq!(renamed, expected);
        assert_eq!(Aliases::default().apply(body).unwrap(), body);
    }
}
