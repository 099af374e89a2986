//! The rows of an index that is being made, in its order, in a file: neither are they held in memory nor is a view of the
//! database kept open, which would keep its log from beginning again.

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use saibo_store::{Error, ErrorKind, Result};

use crate::error::while_doing;
use crate::field::stored;
use crate::frozen::Temporary;
use crate::making::time_of;

/// Documents that are read in one view: some ms.
const VIEW: usize = 2_000;

/// Where the values of a field are put, and where they are when they are sorted.
const TABLES: &str = "
CREATE TABLE sorted.seen (value ANY, time INTEGER, seq INTEGER, updated INTEGER) STRICT;
CREATE TABLE sorted.entry (number INTEGER PRIMARY KEY, value ANY, time INTEGER, seq INTEGER) STRICT;
";

/// Sorts, once all of them were seen.
const SORT: &str = "
INSERT INTO sorted.entry (value,time,seq) SELECT value,time,seq FROM sorted.seen ORDER BY 1,2 DESC,3 DESC;
DROP TABLE sorted.seen;
";

/// A row that an index is to have: value, time, `seq`.
pub(crate) type Row = (Value, i64, i64);

/// The rows of an index.
pub(crate) struct Sorted {
    connection: Connection,
    last: i64,
    /// After the connection, which has it open.
    _file: Temporary,
}

impl Sorted {
    /// Sorts what an index of an expression has of each document of a set, on a connection that has the file attached as
    /// `sorted`.
    pub(crate) fn of(
        connection: Connection,
        file: Temporary,
        set: i64,
        expression: &str,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Self> {
        let doing = while_doing("sorting the values of a field");
        connection.execute_batch(TABLES).map_err(&doing)?;
        see(&connection, set, expression, go_on)?;
        connection.execute_batch(SORT).map_err(&doing)?;
        Ok(Self { connection, last: 0, _file: file })
    }

    /// So many of them, or fewer that have so many bytes of text; none after the last.
    pub(crate) fn next(&mut self, most: usize, most_bytes: usize) -> Result<Vec<Row>> {
        let doing = while_doing("reading the sorted values of a field");
        let mut statement = self
            .connection
            .prepare_cached("SELECT number,value,time,seq FROM sorted.entry WHERE number>? ORDER BY number")
            .map_err(&doing)?;
        let mut rows = statement.query([self.last]).map_err(&doing)?;
        let (mut step, mut bytes) = (Vec::new(), 0);
        while step.len() < most
            && bytes < most_bytes
            && let Some(row) = rows.next().map_err(&doing)?
        {
            let (value, time, seq) = (|| Ok((row.get(1)?, row.get(2)?, row.get(3)?)))().map_err(&doing)?;
            self.last = row.get(0).map_err(&doing)?;
            bytes += if let Value::Text(text) = &value { text.len() } else { 0 };
            step.push((value, time, seq));
        }
        Ok(step)
    }
}

/// Copies the values, some at a time: a view that is open for as long as all of it takes would keep the log from being
/// moved, and who writes would wait for all of that afterwards. What is written between two views is noted, so it does
/// not matter whether it is seen.
fn see(connection: &Connection, set: i64, expression: &str, go_on: &dyn Fn() -> bool) -> Result<()> {
    let doing = while_doing("reading the values of a field");
    // Those of the same time first, then those before it: SQLite compares a pair with the first column of an index alone,
    // and would begin at the first of that time each time.
    let sql = |range| {
        format!(
            "INSERT INTO sorted.seen (value,time,seq,updated) SELECT {},{},seq,updated \
             FROM main.document INDEXED BY document_updated WHERE entity_set=? AND {range} \
             ORDER BY updated DESC,seq DESC LIMIT {VIEW}",
            stored(expression),
            time_of(expression)
        )
    };
    let mut same_time = connection.prepare(&sql("updated=? AND seq<?")).map_err(&doing)?;
    let mut before = connection.prepare(&sql("updated<?")).map_err(&doing)?;
    let mut last = connection
        .prepare("SELECT updated,seq FROM sorted.seen WHERE rowid=last_insert_rowid()")
        .map_err(&doing)?;
    let (mut time, mut seq) = (i64::MAX, i64::MAX);
    while go_on() {
        let seen = same_time.execute(params![set, time, seq]).map_err(&doing)?;
        if seen < VIEW && before.execute(params![set, time]).map_err(&doing)? == 0 {
            return Ok(());
        }
        (time, seq) = last.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&doing)?;
    }
    Err(Error::new(ErrorKind::Retired, "making an index of a database that is closed"))
}
