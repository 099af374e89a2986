//! How a database of an older layout is brought to this one.

use rusqlite::{Connection, params};
use saibo_model::query::{Field, Stored};
use saibo_store::Result;

use super::{CHANGE_TABLES, DOCUMENT_CHANGED, FIELD_TABLES, LINK_CHANGED, NODE_CHANGED};
use crate::error::while_doing;
use crate::sql;

/// Brings a database from one layout to the next, the first from layout 1 to 2.
type Step = fn(&Connection) -> Result<()>;

/// Every change of the layout since the first.
pub(super) const STEPS: [Step; 3] = [seal_contents, track_changes, own_indexes];

const DOING: &str = "bringing a database to a new layout";

fn batch(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(while_doing(DOING))
}

/// Layout 2: contents may be encrypted. Adds no row's value, so it takes as long for many as for none.
fn seal_contents(connection: &Connection) -> Result<()> {
    batch(connection, "ALTER TABLE content ADD COLUMN sealed BLOB")
}

/// Layout 3: changes are tracked. A column with a default is added without a row being touched, and the indexes are
/// empty.
fn track_changes(connection: &Connection) -> Result<()> {
    for table in ["document", "link", "node"] {
        batch(connection, &format!("ALTER TABLE {table} ADD COLUMN changed INTEGER NOT NULL DEFAULT 0"))?;
    }
    batch(connection, CHANGE_TABLES)?;
    batch(connection, &[DOCUMENT_CHANGED, LINK_CHANGED, NODE_CHANGED].join(";"))
}

/// Layout 4: indexes of fields are tables. Those that were SQLite's are given up, and entered to be made anew while the
/// database is used.
fn own_indexes(connection: &Connection) -> Result<()> {
    let doing = while_doing(DOING);
    batch(connection, FIELD_TABLES)?;
    let old: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type='index' AND substr(name,1,6)='field/'")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(&doing)?;
    for index in old {
        batch(connection, &format!("DROP INDEX \"{}\"", index.replace('"', "\"\"")))?;
        let Some((set, field)) = field_of(&index) else { continue };
        connection
            .execute(
                "INSERT INTO field (entity_set,expression,whole) VALUES (?,?,0)",
                params![set, sql::expression("", &field)?],
            )
            .map_err(&doing)?;
    }
    Ok(())
}

/// The number of the set and the field that an index of SQLite's was named after.
fn field_of(index: &str) -> Option<(i64, Field)> {
    let (set, field) = index.strip_prefix("field/")?.split_once('/')?;
    let field = match field {
        "published" => Field::Published,
        "seq" => Field::Position,
        body => {
            let (path, stored) = body.rsplit_once('_')?;
            let stored = match stored {
                "Text" => Stored::Text,
                "Number" => Stored::Number,
                "Float" => Stored::Float,
                "Boolean" => Stored::Boolean,
                _ => return None,
            };
            Field::Body { path: path.split('/').map(str::to_owned).collect(), stored }
        }
    };
    Some((set.parse().ok()?, field))
}
