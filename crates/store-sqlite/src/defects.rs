//! What cannot be right in a built Cell: indexes that do not take, links and parents that lead nowhere.

use rusqlite::Connection;
use saibo_model::Id;
use saibo_store::builder::Defect;
use saibo_store::{ErrorKind, Result};

use crate::error::while_doing;
use crate::schema;

/// Looks for defects, no more than `limit`.
pub(crate) struct Search<'c> {
    connection: &'c Connection,
    limit: usize,
    found: Vec<Defect>,
}

/// The unique indexes, with the table and columns in which their rows may collide.
const UNIQUE: [(&str, &str, &str); 4] = [
    ("document_id ", "document", "id"),
    ("document_key ", "document", "entity_set,key,parent"),
    ("node_name ", "node", "parent,name"),
    ("node_id ", "node", "id"),
];

/// What puts an index that is not unique in the place of one that is, so that rows may collide for a while.
pub(crate) fn makeshift(index: &str) -> Option<String> {
    let (name, table, columns) = UNIQUE.into_iter().find(|(name, _, _)| *name == index)?;
    let name = name.trim();
    Some(format!(
        "DROP INDEX IF EXISTS {name};CREATE INDEX IF NOT EXISTS {name}_makeshift ON {table} ({columns})"
    ))
}

impl<'c> Search<'c> {
    pub(crate) fn new(connection: &'c Connection, limit: usize) -> Self {
        Self { connection, limit, found: Vec::new() }
    }

    pub(crate) fn into_defects(self) -> Vec<Defect> {
        self.found
    }

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.found.len())
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(while_doing("checking a built Cell"))
    }

    /// Rows of (id, missing id), made into defects.
    fn find(&mut self, sql: &str, make: impl Fn(Id, Id) -> Defect) -> Result<()> {
        let doing = while_doing("checking a built Cell");
        let mut statement =
            self.connection.prepare(&format!("{sql} LIMIT {}", self.left())).map_err(&doing)?;
        let mut rows = statement.query([]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            let id = Id::from(row.get::<_, String>(0).map_err(&doing)?);
            let missing = Id::from(row.get::<_, String>(1).map_err(&doing)?);
            let defect = make(id, missing);
            // Two documents may have both one id and one place.
            if !self.found.contains(&defect) {
                self.found.push(defect);
            }
        }
        Ok(())
    }

    /// Takes away what [`makeshift`] made. Where rows do collide, finds which, and makes an index that is not unique:
    /// there may be no journal for one that fails.
    pub(crate) fn make_unique_again(&mut self) -> Result<()> {
        for (name, table, columns) in UNIQUE {
            let name = name.trim();
            let made: bool = self
                .connection
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name=?)",
                    [format!("{name}_makeshift")],
                    |row| row.get(0),
                )
                .map_err(while_doing("checking a built Cell"))?;
            if !made {
                continue;
            }
            let known = self.found.len();
            self.find_collisions(table, columns)?;
            self.batch(&format!("DROP INDEX {name}_makeshift"))?;
            if self.found.len() > known {
                self.batch(&format!("CREATE INDEX {name} ON {table} ({columns})"))?;
            }
        }
        Ok(())
    }

    fn find_collisions(&mut self, table: &str, columns: &str) -> Result<()> {
        self.find(
            &format!(
                "SELECT id,'' FROM (SELECT id,MAX(seq) AS later FROM {table} \
                 GROUP BY {columns} HAVING COUNT(*)>1) ORDER BY later"
            ),
            |id, _| Defect::Duplicate { id },
        )
    }

    /// Makes the indexes; where rows collide, finds which.
    pub(crate) fn index(&mut self) -> Result<()> {
        for sql in schema::INDEXES {
            match self.connection.execute_batch(sql).map_err(while_doing("indexing a built Cell")) {
                Err(e) if e.kind() == ErrorKind::Conflict => {
                    let unique = UNIQUE.into_iter().find(|(name, _, _)| sql.contains(name));
                    let Some((_, table, columns)) = unique else { return Err(e) };
                    self.find_collisions(table, columns)?;
                    // Not unique, so that the other checks can go on.
                    self.batch(&sql.replace("UNIQUE ", ""))?;
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Turns the waiting links into links between row numbers.
    pub(crate) fn resolve_links(&mut self) -> Result<()> {
        let doing = while_doing("resolving links");
        let mut statement = self
            .connection
            .prepare(
                "SELECT CASE WHEN p.first_seq IS NULL AND a.seq IS NULL THEN p.first ELSE p.second END,\
                 p.line,p.first_seq IS NOT NULL FROM waiting.link p LEFT JOIN main.document a ON a.id=p.first \
                 LEFT JOIN main.document b ON b.id=p.second \
                 WHERE COALESCE(p.first_seq,a.seq) IS NULL OR b.seq IS NULL LIMIT ?",
            )
            .map_err(&doing)?;
        let mut rows = statement.query([i64::try_from(self.left()).unwrap_or(i64::MAX)]).map_err(&doing)?;
        while let Some(row) = rows.next().map_err(&doing)? {
            self.found.push(Defect::DanglingLink {
                missing: Id::from(row.get::<_, String>(0).map_err(&doing)?),
                line: row.get::<_, i64>(1).map(|line| u64::try_from(line).unwrap_or(0)).map_err(&doing)?,
                to_one: row.get(2).map_err(&doing)?,
            });
        }
        drop(rows);
        self.batch(
            "INSERT OR IGNORE INTO main.link (first,second,to_one,published,updated) \
             SELECT COALESCE(p.first_seq,a.seq),b.seq,p.first_seq IS NOT NULL,p.published,p.updated \
             FROM waiting.link p LEFT JOIN main.document a ON a.id=p.first JOIN main.document b ON b.id=p.second \
             WHERE COALESCE(p.first_seq,a.seq) IS NOT NULL ORDER BY 1,2",
        )
    }

    /// Nodes that no way leads to from the Cell's own.
    pub(crate) fn find_unreachable(&mut self) -> Result<()> {
        self.find(
            "SELECT id,'' FROM node WHERE seq NOT IN (WITH RECURSIVE below(seq) AS (\
             SELECT seq FROM node WHERE parent=0 UNION ALL \
             SELECT n.seq FROM below CROSS JOIN node n ON n.parent=below.seq) SELECT seq FROM below)",
            |id, _| Defect::Unreachable { id },
        )
    }

    /// Parents, collections and EntityTypes that are not there.
    pub(crate) fn find_dangling(&mut self) -> Result<()> {
        for column in ["parent", "peer"] {
            self.find(
                &format!(
                    "SELECT d.id,d.{column} FROM document d WHERE d.{column} IS NOT NULL AND d.{column}<>'' \
                     AND NOT EXISTS (SELECT 1 FROM document p WHERE p.id=d.{column})"
                ),
                |id, missing| Defect::DanglingParent { id, missing },
            )?;
        }
        self.find(
            "SELECT (SELECT d.id FROM document d WHERE d.entity_set=s.id LIMIT 1),s.collection \
             FROM entity_set s WHERE s.collection<>'' \
             AND NOT EXISTS (SELECT 1 FROM node n WHERE n.id=s.collection AND n.kind='col.odata')",
            |id, missing| Defect::DanglingCollection { id, missing },
        )?;
        self.find(
            "SELECT (SELECT d.id FROM document d WHERE d.entity_set=s.id LIMIT 1),s.entity_type \
             FROM entity_set s WHERE s.entity_type<>'' AND NOT EXISTS (SELECT 1 FROM document p \
             JOIN entity_set t ON t.id=p.entity_set WHERE p.id=s.entity_type AND t.kind='EntityType')",
            |id, missing| Defect::DanglingEntityType { id, missing },
        )
    }
}
