//! Control objects and messages as tables: Boxes, Accounts, Roles and so on, with the fields that the API shows.

use saibo_model::query::{Field, OrderBy, Query};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_odata::entity_sets::{self, FieldDefinition, FieldType, Service, Source as From};
use serde_json::{Map, Value, json};

use super::names::Names;
use super::table::{Column, Table};
use super::{Source, json};
use crate::document;

/// Of which kinds there are tables.
pub(super) const KINDS: [Kind; 9] = [
    Kind::Box,
    Kind::Account,
    Kind::Role,
    Kind::Relation,
    Kind::ExtCell,
    Kind::ExtRole,
    Kind::Rule,
    Kind::ReceivedMessage,
    Kind::SentMessage,
];

/// What a table is called, and its files.
pub(super) fn title(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Box => ("Boxes", "boxes"),
        Kind::Account => ("Accounts", "accounts"),
        Kind::Role => ("Roles", "roles"),
        Kind::Relation => ("Relations", "relations"),
        Kind::ExtCell => ("External Cells", "external-cells"),
        Kind::ExtRole => ("External Roles", "external-roles"),
        Kind::Rule => ("Rules", "rules"),
        Kind::ReceivedMessage => ("Received messages", "received-messages"),
        Kind::SentMessage => ("Sent messages", "sent-messages"),
        other => (other.name(), other.name()),
    }
}

/// How many there are, if that can be told without looking at each.
pub(super) fn count(source: Source<'_>, kind: Kind) -> Result<Option<u64>> {
    source.boxes.is_none().then(|| source.tx.count(&EntitySet::control(kind), None)).transpose()
}

/// The table of a kind.
pub(super) fn table(source: Source<'_>, kind: Kind) -> Result<Table<'_>> {
    let set = entity_sets::of_kind(kind).ok_or_else(|| ErrorCode::DataInconsistency.with([kind.name()]))?;
    let service = set.service();
    let columns = set
        .fields
        .iter()
        .map(|field| Column { name: field.name.to_owned(), schema: schema(service, field) })
        .collect();
    let (title, file) = title(kind);
    let rows = move |top: Option<u64>, each: super::table::EachRow<'_>| {
        let (mut selection, names, mut left) = (source.selection()?, Names::new(source.tx), top);
        let order_by = vec![OrderBy { field: Field::Position, descending: false }];
        // Where some are left out, how many must be looked at cannot be told.
        let query = Query { order_by, top: top.filter(|_| source.boxes.is_none()), ..Query::default() };
        source.tx.documents(&EntitySet::control(kind), &query, &mut |document| {
            if left == Some(0) || !selection.has_document(&document)? {
                return Ok(());
            }
            left = left.map(|left| left - 1);
            let body = document::object(&document.body)?;
            let values = set.fields.iter().map(|field| value(&names, service, field, &document, &body));
            each(&values.collect::<Result<Vec<_>>>()?)
        })
    };
    Ok(Table {
        title: title.to_owned(),
        file: file.to_owned(),
        columns,
        rows: Box::new(rows),
        has_page: true,
    })
}

fn value(
    names: &Names<'_>,
    service: &Service,
    field: &FieldDefinition,
    document: &Document,
    body: &Map<String, Value>,
) -> Result<Value> {
    let named = |id: Option<&Id>| match id {
        Some(id) => Ok::<_, saibo_model::Error>(names.key(id)?.map_or(Value::Null, Value::String)),
        None => Ok(Value::Null),
    };
    Ok(match field.source {
        From::Key => Value::String(document.key.clone()),
        From::Published => json::time(document.published),
        From::Updated => json::time(document.updated),
        From::Parent => named(document.parent.as_ref())?,
        From::Grandparent => named(names.parent(document.parent.as_ref())?.as_ref())?,
        From::Body => body.get(field.name).map_or(Value::Null, |stored| of(service, field, stored)),
    })
}

/// A stored value, with members of complex ones.
fn of(service: &Service, field: &FieldDefinition, stored: &Value) -> Value {
    match (stored, field.ty) {
        (Value::Array(items), _) if field.is_list => {
            let item = FieldDefinition { is_list: false, ..*field };
            items.iter().map(|stored| of(service, &item, stored)).collect()
        }
        (_, FieldType::Simple(ty)) => json::of(ty.from_stored(stored)),
        (Value::Object(members), FieldType::Complex(name)) => {
            let fields = service.complex_type(name).map_or(&[][..], |ty| ty.fields);
            let member = |field: &FieldDefinition| {
                let value = members.get(field.name).map_or(Value::Null, |stored| of(service, field, stored));
                (field.name.to_owned(), value)
            };
            Value::Object(fields.iter().map(member).collect())
        }
        (_, FieldType::Complex(_)) => Value::Null,
    }
}

fn schema(service: &Service, field: &FieldDefinition) -> Value {
    let one = match field.ty {
        FieldType::Simple(ty) => json::schema(ty),
        FieldType::Complex(name) => {
            let fields = service.complex_type(name).map_or(&[][..], |ty| ty.fields);
            let members: Map<String, Value> =
                fields.iter().map(|field| (field.name.to_owned(), schema(service, field))).collect();
            json!({ "type": "object", "properties": members })
        }
    };
    match field.source {
        From::Key | From::Published | From::Updated => one,
        _ => json::some(one, field.is_list),
    }
}
