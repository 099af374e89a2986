//! Links as a table: which Account has which Role, which entity is linked with which.

use saibo_model::{Id, Kind, Result};
use serde_json::Value;

use super::names::Names;
use super::table::{Column, EachRow, Table};
use super::{Source, json};

/// The table of all links.
pub(super) fn table(source: Source<'_>) -> Table<'_> {
    let columns = vec![
        Column::some_text("FromType"),
        Column::some_text("From"),
        Column::some_text("ToType"),
        Column::some_text("To"),
        Column { name: "Since".to_owned(), schema: json::some(Column::time("").schema, false) },
    ];
    let rows = move |top: Option<u64>, each: EachRow<'_>| rows(source, top, each);
    Table {
        title: "Links".to_owned(),
        file: "links".to_owned(),
        columns,
        rows: Box::new(rows),
        has_page: true,
    }
}

/// Links come ordered by their first end, so a lookup of a name is one for the second end as a rule: a small part of
/// writing a row, as it is of writing a link into the snapshot.
fn rows(source: Source<'_>, top: Option<u64>, each: EachRow<'_>) -> Result<()> {
    let (mut selection, names, mut left) = (source.selection()?, Names::new(source.tx), top);
    let end = |id: &Id| {
        let found = names.type_and_key(id)?;
        let (ty, key) = found.map_or((Value::Null, Value::Null), |(ty, key)| (ty.into(), key.into()));
        Ok::<_, saibo_model::Error>([ty, key])
    };
    source.tx.all_links(&mut |(link, first, second)| {
        if left == Some(0) || !(selection.has_end(&first)? && selection.has_end(&second)?) {
            return Ok(());
        }
        left = left.map(|left| left - 1);
        let ([from_type, from], [to_type, to]) = (end(&first.1)?, end(&second.1)?);
        each(&[from_type, from, to_type, to, json::time(link.published)])
    })?;
    // Of those that lead to one entity it is not known since when.
    source.tx.all_documents(Kind::UserData, &mut |(document, held)| {
        if left == Some(0) || held.is_empty() || !selection.has_document(&document)? {
            return Ok(());
        }
        let from_type = Value::String(names.type_of(&document)?);
        for (entity_type, id) in &held {
            if left != Some(0) && selection.has_entities_of(entity_type)? {
                left = left.map(|left| left - 1);
                let [to_type, to] = end(id)?;
                each(&[from_type.clone(), document.key.clone().into(), to_type, to, Value::Null])?;
            }
        }
        Ok(())
    })
}
