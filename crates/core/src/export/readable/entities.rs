//! Entities as tables, one for each EntityType of each OData collection.

use std::collections::BTreeSet;

use saibo_model::node::{CELL_NODE, MAIN_BOX, NodeKind};
use saibo_model::query::{Field, OrderBy, Query};
use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::ReadTx;
use serde_json::{Map, Value, json};

use super::names::Names;
use super::table::{Column, EachRow, Table};
use super::{Source, json};
use crate::odata::entities::schema::{Properties, Property, PropertyType};
use crate::odata::entities::{Schema, values};
use crate::selection::Selection;

/// How deep the schema of complex values says what is in them. Types may contain each other; values do not go deeper.
const DEPTH: usize = 4;

/// The entities of an EntityType. There are as many sets as EntityTypes, which the unit limits.
pub(super) struct Set {
    collection: Id,
    /// Name of the EntityType.
    pub(super) name: String,
    /// Name of the Box.
    pub(super) box_name: String,
    /// Path of the collection in it.
    pub(super) path: String,
    /// Name of the files.
    pub(super) file: String,
    /// How many there are.
    pub(super) count: u64,
}

/// All sets that are taken.
pub(super) fn sets(tx: &dyn ReadTx, selection: &mut Selection<'_>) -> Result<Vec<Set>> {
    let mut collections = BTreeSet::new();
    for set in tx.entity_sets(Kind::EntityType)? {
        if selection.has_set(&set)?
            && let Some(collection) = &set.collection
        {
            collections.insert(collection.clone());
        }
    }
    let names = Names::new(tx);
    let mut sets = Vec::new();
    for collection in collections {
        let (box_name, path) = place(tx, &names, &collection)?;
        let schema = Schema::load(tx, &collection)?;
        for ty in schema.entity_types() {
            sets.push(Set {
                collection: collection.clone(),
                name: ty.name.clone(),
                box_name: box_name.clone(),
                path: path.clone(),
                file: String::new(),
                count: tx.count(&ty.set, None)?,
            });
        }
    }
    let key = |set: &Set| (set.box_name.clone(), set.path.clone(), set.name.clone());
    sets.sort_by_cached_key(key);
    for (at, set) in sets.iter_mut().enumerate() {
        // The number tells apart what differs only in what a name of a file cannot have.
        set.file = format!("entities-{:03}-{}", at + 1, plain(&set.name));
    }
    Ok(sets)
}

/// The Box that a collection is in, and its path there.
fn place(tx: &dyn ReadTx, names: &Names<'_>, collection: &Id) -> Result<(String, String)> {
    let missing = || ErrorCode::DataInconsistency.with([collection]);
    let mut node = tx.node_by_id(collection)?.ok_or_else(missing)?;
    let mut path = Vec::new();
    while node.kind != NodeKind::Box {
        if node.parent == CELL_NODE || node.parent == 0 {
            return Err(missing());
        }
        let parent = tx.node(node.parent)?.ok_or_else(missing)?;
        path.insert(0, std::mem::replace(&mut node, parent).name);
    }
    Ok((box_name(names, &node.name)?, path.join("/")))
}

/// The name of a Box by that of its node.
pub(super) fn box_name(names: &Names<'_>, node: &str) -> Result<String> {
    if node == MAIN_BOX {
        return Ok("main box".to_owned());
    }
    Ok(names.key(&Id::from(node))?.unwrap_or_else(|| node.to_owned()))
}

/// A name in which nothing means anything to any file system.
fn plain(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    name.chars().take(64).map(allowed).collect()
}

/// The table of a set.
pub(super) fn table<'r>(source: Source<'r>, set: &Set) -> Result<Table<'r>> {
    let schema = Schema::load(source.tx, &set.collection)?;
    let at = schema.find(&set.name).ok_or_else(|| ErrorCode::DataInconsistency.with([&set.name]))?;
    let ty = schema.entity_type(at);
    let mut columns = vec![Column::text("__id"), Column::time("__published"), Column::time("__updated")];
    columns.extend(ty.properties.iter().map(|property| Column {
        name: property.name.clone(),
        schema: of_property(&schema, property, DEPTH),
    }));
    let title = format!("{} ({}, {})", set.name, set.box_name, set.path);
    let rows = move |top: Option<u64>, each: EachRow<'_>| {
        let order_by = vec![OrderBy { field: Field::Position, descending: false }];
        let query = Query { order_by, top, ..Query::default() };
        source.tx.documents(&schema.entity_type(at).set, &query, &mut |document| {
            let managed = [
                Value::String(document.key.clone()),
                json::time(document.published),
                json::time(document.updated),
            ];
            let values = values(&schema, at, &document.body)?.into_iter().map(json::of);
            each(&managed.into_iter().chain(values).collect::<Vec<_>>())
        })
    };
    Ok(Table { title, file: set.file.clone(), columns, rows: Box::new(rows), has_page: true })
}

fn of_property(schema: &Schema, property: &Property, depth: usize) -> Value {
    let one = match property.ty {
        PropertyType::Simple(ty) => json::schema(ty),
        PropertyType::Complex(_) if depth == 0 => json!({ "type": "object" }),
        PropertyType::Complex(inner) => {
            let members: &Properties = &schema.complex_type(inner).properties;
            let members: Map<String, Value> = members
                .iter()
                .map(|member| (member.name.clone(), of_property(schema, member, depth - 1)))
                .collect();
            json!({ "type": "object", "properties": members })
        }
    };
    json::some(one, property.is_list)
}
