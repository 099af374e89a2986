//! Unique keys: no two entities of a type have the same values of the properties that share a `UniqueKey`
//! (API page 354). Where none of them has a value, nothing is compared.

use std::collections::BTreeMap;

use saibo_model::edm::Value;
use saibo_model::query::{Comparison, Field, Filter, Literal, Query};
use saibo_model::{Document, ErrorCode, Result};

use super::body;
use super::schema::{Property, TypeIndex};
use super::session::Session;
use crate::document::object;

impl Session<'_> {
    /// Checks that an entity, as it is to be written, has no other's unique key.
    ///
    /// # Errors
    /// 409-OD-0003.
    pub(super) fn check_unique(&mut self, ty: TypeIndex, document: &Document) -> Result<()> {
        let schema = self.schema.clone();
        let entity_type = schema.entity_type(ty);
        let mut keys: BTreeMap<&str, Vec<(&Property, Field)>> = BTreeMap::new();
        for property in entity_type.properties.iter() {
            if let (Some(key), Some(field)) = (&property.unique_key, property.unique_field()) {
                keys.entry(key).or_default().push((property, field));
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        let values = object(&document.body)?;
        for properties in keys.values() {
            let mut filter = None;
            let mut all_null = true;
            for (property, field) in properties {
                self.look_for_index(ty, field)?;
                let literal = literal(body::value(&schema, property, &values));
                all_null &= literal == Literal::Null;
                let equal = Filter::Compare(field.clone(), Comparison::Equal, literal);
                filter = Filter::both(filter, Some(equal));
            }
            if !all_null && self.has_other(ty, filter, document)? {
                return Err(ErrorCode::EntityAlreadyExists.into());
            }
        }
        Ok(())
    }

    fn has_other(&self, ty: TypeIndex, filter: Option<Filter>, document: &Document) -> Result<bool> {
        let query = Query { filter, top: Some(2), ..Query::default() };
        let mut other = false;
        self.read().documents(&self.schema.entity_type(ty).set, &query, &mut |found| {
            other |= found.seq != document.seq;
            Ok(())
        })?;
        Ok(other)
    }

    /// Without an index each new entity is compared with all others. That is right, too, and how it is if the schema or
    /// the set has changed since the write began to wait; the next write finds that there is one to be made.
    fn look_for_index(&self, ty: TypeIndex, field: &Field) -> Result<()> {
        let set = &self.schema.entity_type(ty).set;
        if !self.read().is_indexed(set, field)? {
            let key = (Some(self.home.place.clone()), set.clone());
            self.home.state.indexes().set_made(&key, field, false);
        }
        Ok(())
    }
}

fn literal(value: Value) -> Literal {
    match value {
        Value::String(text) => Literal::Text(text),
        Value::Boolean(flag) => Literal::Boolean(flag),
        Value::Int32(number) => Literal::Integer(number.into()),
        Value::DateTime(ms) => Literal::Integer(ms),
        Value::Single(number) => Literal::Float(number.into()),
        Value::Double(number) => Literal::Float(number),
        Value::Null | Value::Complex(_) | Value::List(_) => Literal::Null,
    }
}
