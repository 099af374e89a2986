//! Properties and ComplexTypeProperties (API pages 336 to 344 and 354 to 363).

use std::collections::BTreeSet;

use saibo_model::edm::{CollectionKind, PropertyType, SimpleType};
use saibo_model::query::{Comparison, Field, Filter, Literal, Query, Stored};
use saibo_model::{Document, ErrorCode, Id, Kind, Result};
use saibo_odata::entity_sets::{EntitySet as Definition, FieldType, Source};
use saibo_store::ReadTx;
use serde_json::json;

use super::super::fields::Fields;
use super::super::view::body_of;
use super::Sets;
use super::entity_type::check_empty;
use crate::odata::alias::free_alias;
use crate::odata::entities::Schema;

/// Checks a new one, and gives it the name that entities' bodies use for it.
pub(super) fn check_new(
    tx: &dyn ReadTx,
    sets: &Sets,
    fields: &Fields,
    document: &mut Document,
    now: i64,
) -> Result<()> {
    let malformed = |field: &str| Err(ErrorCode::FieldFormat.with([field]));
    match PropertyType::from_name(fields.text("Type").unwrap_or_default()) {
        PropertyType::Simple(ty) if !is_default(ty, fields, now) => return malformed("DefaultValue"),
        PropertyType::Complex(name) if tx.document(&sets.of(Kind::ComplexType), None, &name)?.is_none() => {
            return malformed("Type");
        }
        _ => {}
    }
    if fields.text("CollectionKind").is_some_and(|kind| CollectionKind::from_name(kind).is_none()) {
        return malformed("CollectionKind");
    }
    // Entities that are there have no value for it.
    if *fields.get("Nullable") == saibo_model::edm::Value::Boolean(false) {
        let entities = match document.set.kind {
            Kind::Property => check_no_entities_of(tx, sets, document),
            _ => check_no_entities_with(tx, sets, document),
        };
        match entities {
            Err(error) if error.code() == ErrorCode::HasRelatedData => return malformed("Nullable"),
            other => other?,
        }
    }
    document.hidden = Some(json!({ "Alias": free_alias(tx, document, None)? }).to_string());
    Ok(())
}

fn is_default(ty: SimpleType, fields: &Fields, now: i64) -> bool {
    fields.text("DefaultValue").is_none_or(|text| ty.parse(text, now).is_ok())
}

/// Checks a change: only the name may differ, and a type that makes room for more numbers.
pub(super) fn check_change(
    definition: &Definition,
    fields: &Fields,
    before: &Document,
    after: &Document,
) -> Result<()> {
    let unsupported = |field: &str| Err(ErrorCode::OperationNotSupported.with([field]));
    if before.parent != after.parent {
        let parent = definition.fields.iter().find(|field| field.source == Source::Parent);
        return unsupported(parent.map_or("parent", |field| field.name));
    }
    let stored = body_of(before)?;
    for field in definition.fields.iter().filter(|field| field.source == Source::Body) {
        let FieldType::Simple(ty) = field.ty else { continue };
        let (old, new) = (
            stored.get(field.name).map_or(saibo_model::edm::Value::Null, |old| ty.from_stored(old)),
            fields.get(field.name),
        );
        let widened = field.name == "Type"
            && old.as_str() == Some(SimpleType::Int32.name())
            && new.as_str() == Some(SimpleType::Double.name());
        if old != *new && !widened {
            return unsupported(field.name);
        }
    }
    Ok(())
}

/// Checks that no property is of a ComplexType.
///
/// # Errors
/// 409-OD-0001 if one is.
pub(super) fn check_unused(tx: &dyn ReadTx, sets: &Sets, complex_type: &Document) -> Result<()> {
    let field = Field::Body { path: vec!["Type".to_owned()], stored: Stored::Text };
    let of_type = Filter::Compare(field, Comparison::Equal, Literal::Text(complex_type.key.clone()));
    for kind in [Kind::Property, Kind::ComplexTypeProperty] {
        if tx.any(&sets.of(kind), Some(&of_type))? {
            return Err(ErrorCode::HasRelatedData.into());
        }
    }
    Ok(())
}

/// Checks that the EntityType of a Property has no entities.
pub(super) fn check_no_entities_of(tx: &dyn ReadTx, sets: &Sets, property: &Document) -> Result<()> {
    let parent = property.parent.as_ref().ok_or(ErrorCode::DataInconsistency)?;
    let entity_type = tx.document_by_id(parent)?.ok_or(ErrorCode::DataInconsistency)?;
    check_empty(tx, sets, &entity_type)
}

/// Checks that no EntityType with a property of the ComplexType of a ComplexTypeProperty, at whatever depth, has
/// entities.
pub(super) fn check_no_entities_with(tx: &dyn ReadTx, sets: &Sets, member: &Document) -> Result<()> {
    let parent = member.parent.as_ref().ok_or(ErrorCode::DataInconsistency)?;
    let complex_type = tx.document_by_id(parent)?.ok_or(ErrorCode::DataInconsistency)?;
    let mut holders = BTreeSet::new();
    let mut names = vec![complex_type.key];
    let mut seen: BTreeSet<String> = names.iter().cloned().collect();
    while let Some(name) = names.pop() {
        let field = Field::Body { path: vec!["Type".to_owned()], stored: Stored::Text };
        let filter = Filter::Compare(field, Comparison::Equal, Literal::Text(name));
        let query = Query { filter: Some(filter), ..Query::default() };
        for kind in [Kind::Property, Kind::ComplexTypeProperty] {
            let mut parents: Vec<Id> = Vec::new();
            tx.documents(&sets.of(kind), &query, &mut |document| {
                parents.extend(document.parent);
                Ok(())
            })?;
            for parent in parents {
                let Some(above) = tx.document_by_id(&parent)? else { continue };
                if kind == Kind::Property {
                    if holders.insert(above.seq) {
                        check_empty(tx, sets, &above)?;
                    }
                } else if seen.insert(above.key.clone()) {
                    names.push(above.key);
                }
            }
        }
    }
    Ok(())
}

/// Checks that no type has become too wide or deep.
///
/// # Errors
/// 400-OD-0032 if one has.
pub(super) fn check_structure(tx: &dyn ReadTx, collection: &Id) -> Result<()> {
    if Schema::load(tx, collection)?.is_within_limits() {
        Ok(())
    } else {
        Err(ErrorCode::EntityTypeStructureLimit.into())
    }
}
