//! How the documents of a page are found: which index is used, and the SQL.

use rusqlite::params_from_iter;
use rusqlite::types::Value as Sqlite;
use saibo_model::query::{Filter, OrderBy, Query, Related};
use saibo_model::{EntitySet, Id, Result};
use saibo_store::{Error, ErrorKind};

use crate::error::while_doing;
use crate::index;
use crate::read::SqliteReadTx;
use crate::rows::document_columns;
use crate::sql::{Above, Sql};

/// As many documents as are found and sorted in no time.
const FEW: i64 = 4096;

impl SqliteReadTx<'_> {
    /// Where the parents of a set's documents are, for a condition on them.
    pub(crate) fn above(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<Above, Error> {
        let (Some(parent), Some(_)) = (set.parent(), filter) else { return Ok(Above::default()) };
        let grandparent = match parent.parent() {
            Some(above) => self.set_number(&above)?,
            None => None,
        };
        Ok(Above { parent: self.set_number(&parent)?, grandparent })
    }

    /// The index by which a page of a set is read. What is bound to a condition is nothing that the planner sees, so
    /// it cannot tell a few documents, which are quickly found and sorted, from many, of which a page is sooner
    /// complete if they are read in order. So they are counted, as far as it matters.
    pub(crate) fn index_for(&self, number: i64, above: Above, query: &Query) -> Result<Option<String>> {
        if query.top.is_none() {
            return Ok(None);
        }
        let mut is_many = false;
        if let Some(filter) = &query.filter {
            if index::is_selective(filter) {
                return Ok(None);
            }
            let mut fewest = None;
            for (index, conditions) in index::found_by_index(number, above, filter) {
                if !self.has_index(&index)? {
                    continue;
                }
                is_many = true;
                let count = self.count_few(number, above, &index, &conditions)?;
                if count < FEW && fewest.as_ref().is_none_or(|(least, _)| count < *least) {
                    fewest = Some((count, index));
                }
            }
            if let Some((_, index)) = fewest {
                return Ok(Some(index));
            }
        }
        let walked = match query.order_by.first() {
            Some(first) => index::index_name(number, &first.field),
            None => is_many.then(|| "document_updated".to_owned()),
        };
        let Some(index) = walked else { return Ok(None) };
        Ok(self.has_index(&index)?.then_some(index))
    }

    /// How many documents an index finds, up to [`FEW`].
    fn count_few(&self, number: i64, above: Above, index: &str, conditions: &[&Filter]) -> Result<i64> {
        let doing = while_doing("counting documents");
        let text = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM document d INDEXED BY \"{index}\" WHERE d.entity_set={number}"
        );
        let mut sql = Sql::new(text, above);
        for condition in conditions {
            sql.text.push_str(" AND ");
            sql.filter(condition)?;
        }
        sql.text.push_str(&format!(" LIMIT {FEW})"));
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        Ok(statement.query_row(params_from_iter(sql.values), |row| row.get(0)).map_err(&doing)?)
    }
}

/// The SQL of a query on the set of that number. The number is written out, for by it the planner finds the
/// indexes of the set's fields.
pub(crate) fn list(number: i64, above: Above, query: &Query, index: Option<&str>) -> Result<Sql, Error> {
    let hint = index.map(|index| format!(" INDEXED BY \"{index}\"")).unwrap_or_default();
    let text = format!(
        concat!("SELECT ", document_columns!(), " FROM document d{} WHERE d.entity_set={}"),
        hint, number
    );
    let mut sql = Sql::new(text, above);
    if let Some(filter) = &query.filter {
        sql.text.push_str(" AND ");
        sql.filter(filter)?;
    }
    sql.order(&query.order_by)?;
    // The limit too: only of a number that it sees does the planner know that sorting all would be a waste.
    let limit = query.top.map_or(-1, |top| i64::try_from(top).unwrap_or(i64::MAX));
    sql.text.push_str(&format!(" LIMIT {limit} OFFSET ?"));
    sql.values.push(Sqlite::Integer(i64::try_from(query.skip).unwrap_or(i64::MAX)));
    Ok(sql)
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
