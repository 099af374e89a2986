//! The SQL of queries on a set, once it is known how the documents are found.

use rusqlite::types::Value as Sqlite;
use saibo_model::Id;
use saibo_model::query::{Comparison, Field, Filter, OrderBy, Query, Related};
use saibo_store::{Error, ErrorKind, Result};

use crate::field::ABSENT;
use crate::index::{self, Index, Part};
use crate::page::{FEW, Way};
use crate::rows::document_columns;
use crate::sql::{Above, Sql, after_prefix};

/// What has a page.
#[derive(Debug)]
pub(crate) enum List {
    /// A statement.
    Page(Sql),
    /// Two, which have all that is on it and before it: those with a value first, from high to low, then those without.
    /// No one order of the index has them so.
    Two([Sql; 2]),
}

/// The SQL of a query on the set of that number. The number is written out, so that the planner sees it.
pub(crate) fn list(number: i64, above: Above, query: &Query, way: &Way<'_>) -> Result<List> {
    let filter = query.filter.as_ref();
    let begin = || begin(document_columns!(), number, above, filter, way);
    let order_by = &query.order_by[..];
    let page = |mut sql: Sql| {
        // The limit too: only of a number that it sees does the planner know that sorting all would be a waste.
        let limit = query.top.map_or(-1, |top| i64::try_from(top).unwrap_or(i64::MAX));
        sql.text.push_str(&format!(" LIMIT {limit} OFFSET ?"));
        sql.values.push(integer(query.skip));
        List::Page(sql)
    };
    let mut sql = begin()?;
    match way {
        Way::Planner | Way::Own(_) | Way::Any(_) => sql.order(order_by)?,
        Way::Found(part) => {
            // What is the same in all of them orders nothing.
            let orders = |term: &&OrderBy| !(part.is_equal() && part.field == Some(&term.field));
            let terms: Vec<&OrderBy> = order_by.iter().filter(orders).collect();
            match (terms.first(), part.field) {
                (Some(first), Some(field)) if first.field == *field => {
                    sql.order_found(Some(first), &terms[1..])?;
                }
                _ => sql.order_found(None, &terms)?,
            }
        }
        Way::Walk(_, term) => {
            let others: Vec<&OrderBy> = order_by.iter().skip(1).collect();
            if term.descending && is_absent_somewhere(&term.field) {
                let most = query.top.map_or(u64::MAX, |top| query.skip.saturating_add(top));
                let limit = |mut sql: Sql| {
                    sql.text.push_str(" LIMIT ?");
                    sql.values.push(integer(most));
                    sql
                };
                let mut without = begin()?;
                sql.text.push_str(&format!(" AND v.value<{ABSENT}"));
                sql.order_found(Some(term), &others)?;
                without.text.push_str(&format!(" AND v.value={ABSENT}"));
                without.order_found(None, &others)?;
                return Ok(List::Two([limit(sql), limit(without)]));
            }
            sql.order_found(Some(term), &others)?;
        }
    }
    Ok(page(sql))
}

/// The SQL that counts, if `what` is `COUNT(*)`, or finds one of a set's documents.
pub(crate) fn select(
    what: &str,
    number: i64,
    above: Above,
    filter: Option<&Filter>,
    way: &Way<'_>,
) -> Result<Sql> {
    if let Way::Found(part) = way
        && filter.is_none_or(|filter| rest(filter, part).is_empty())
    {
        // The index knows it all.
        return source(what, number, above, part);
    }
    begin(what, number, above, filter, way)
}

/// The SQL that counts what an index finds, as far as [`FEW`].
pub(crate) fn count_few(number: i64, above: Above, part: &Part<'_>) -> Result<Sql> {
    let mut sql = source("1", number, above, part)?;
    sql.text = format!("SELECT COUNT(*) FROM ({} LIMIT {FEW})", sql.text);
    Ok(sql)
}

/// `SELECT …` up to and with all conditions.
fn begin(what: &str, number: i64, above: Above, filter: Option<&Filter>, way: &Way<'_>) -> Result<Sql> {
    // In this order: of how many rows the index of a field finds, the planner knows nothing.
    let beside = |id: &i64| format!("field_value v CROSS JOIN document d ON d.seq=v.seq WHERE v.field={id}");
    let from = match way {
        Way::Planner => format!("document d WHERE d.entity_set={number}"),
        Way::Own(index) => format!("document d INDEXED BY \"{index}\" WHERE d.entity_set={number}"),
        Way::Walk(id, _) => beside(id),
        Way::Found(part) => match part.index {
            Index::Field(id) => beside(&id),
            Index::Own(index) => format!("document d INDEXED BY \"{index}\" WHERE d.entity_set={number}"),
        },
        Way::Any(_) => "document d WHERE d.seq IN (".to_owned(),
    };
    let mut sql = Sql::new(format!("SELECT {what} FROM {from}"), above);
    let mut conditions = filter.map(|filter| vec![filter]).unwrap_or_default();
    match way {
        Way::Any(parts) => {
            for (nth, part) in parts.iter().enumerate() {
                sql.text.push_str(if nth == 0 { "" } else { " UNION ALL " });
                sql.append(source("seq", number, above, part)?);
            }
            sql.text.push(')');
        }
        Way::Found(part) if matches!(part.index, Index::Field(_)) => {
            part_conditions(part, &mut sql)?;
            conditions = filter.map(|filter| rest(filter, part)).unwrap_or_default();
        }
        _ => {}
    }
    for condition in conditions {
        sql.text.push_str(" AND ");
        sql.filter(condition)?;
    }
    Ok(sql)
}

/// The SQL of what an index finds. `what` is a column of the document or an aggregate.
fn source(what: &str, number: i64, above: Above, part: &Part<'_>) -> Result<Sql> {
    let text = match part.index {
        Index::Own(name) => {
            format!("SELECT {what} FROM document d INDEXED BY \"{name}\" WHERE d.entity_set={number}")
        }
        Index::Field(id) => format!("SELECT {what} FROM field_value v WHERE v.field={id}"),
    };
    let mut sql = Sql::new(text, above);
    part_conditions(part, &mut sql)?;
    Ok(sql)
}

/// Appends what holds for the rows of an index.
fn part_conditions(part: &Part<'_>, sql: &mut Sql) -> Result<()> {
    let is_of_field = matches!(part.index, Index::Field(_));
    sql.indexed = if is_of_field { part.field.cloned() } else { None };
    for condition in &part.conditions {
        sql.text.push_str(" AND ");
        sql.filter(condition)?;
    }
    sql.indexed = None;
    let ends = |condition: &&Filter| match condition {
        Filter::Compare(_, comparison, _) => {
            !matches!(comparison, Comparison::Greater | Comparison::GreaterOrEqual)
        }
        Filter::StartsWith(_, text) => after_prefix(text).is_some(),
        _ => false,
    };
    // No value is no great one.
    if is_of_field && !part.conditions.iter().any(ends) {
        sql.text.push_str(&format!(" AND v.value<{ABSENT}"));
    }
    Ok(())
}

/// What a filter says beside what an index knows.
fn rest<'q>(filter: &'q Filter, part: &Part<'_>) -> Vec<&'q Filter> {
    let is_known = |condition: &Filter| part.conditions.iter().any(|known| std::ptr::eq(*known, condition));
    index::conjuncts(filter).into_iter().filter(|condition| !is_known(condition)).collect()
}

/// Whether a document may have no value of it.
fn is_absent_somewhere(field: &Field) -> bool {
    !matches!(field, Field::Published | Field::Position)
}

fn integer(number: u64) -> Sqlite {
    Sqlite::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The SQL of what is related to several documents of the set of that number. They are bound as one list, so that the
/// statement is the same for any number of them.
pub(crate) fn related(number: i64, to: &Related, order_by: &[OrderBy], top: u64) -> Result<Sql, Error> {
    let (condition, others) = match to {
        Related::Links(seqs) => (
            "d.seq IN (SELECT second FROM link WHERE first=o.value \
             UNION ALL SELECT first FROM link WHERE second=o.value)",
            serde_json::to_string(seqs),
        ),
        Related::Children(ids) => (
            "d.parent=o.value AND d.parent<>''",
            serde_json::to_string(&ids.iter().map(Id::as_str).collect::<Vec<_>>()),
        ),
        Related::Named(ids) => (
            "d.id=o.value",
            serde_json::to_string(&ids.iter().map(|id| id.as_ref().map(Id::as_str)).collect::<Vec<_>>()),
        ),
    };
    let others =
        others.map_err(|e| Error::new(ErrorKind::Other, "writing a list of documents").because(e))?;
    let text = format!(
        concat!(
            "SELECT ",
            document_columns!(),
            ",o.key FROM json_each(?) o CROSS JOIN document d WHERE d.seq IN (\
             SELECT d.seq FROM document d WHERE d.entity_set={} AND {}"
        ),
        number, condition
    );
    let mut sql = Sql::new(text, Above::default());
    sql.values.push(Sqlite::Text(others));
    sql.order(order_by)?;
    sql.text.push_str(&format!(" LIMIT {}) ", i64::try_from(top).unwrap_or(i64::MAX)));
    sql.order_within("o.key", order_by)?;
    Ok(sql)
}
