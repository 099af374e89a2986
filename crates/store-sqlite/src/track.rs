//! Keeping track of changes: the half that is part of every write.
//!
//! Each row has the number of the moment after which it was last put. Numbers count moments and not transactions, so a
//! row that is changed over and over between two of them is noted once, and one that is not tracked costs nothing.

use rusqlite::OptionalExtension as _;
use saibo_model::document::Link;
use saibo_model::{Id, Moment, Result};
use saibo_store::Error;

use crate::error::while_doing;
use crate::write::SqliteWriteTx;

/// What links are called among what was removed.
pub(crate) const LINK: &str = "link";
/// What nodes are called there.
pub(crate) const NODE: &str = "node";

const DOING: &str = "keeping track of changes";

impl SqliteWriteTx<'_> {
    /// What rows get that are put now; 0 if nothing is tracked.
    pub(crate) fn number(&self) -> Result<i64, Error> {
        if let Some(known) = self.number.get() {
            return Ok(known);
        }
        let number: Option<i64> = self
            .read
            .connection
            .prepare_cached("SELECT number FROM moment WHERE oldest IS NOT NULL")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .map_err(while_doing(DOING))?;
        let number = number.unwrap_or(0);
        self.number.set(Some(number));
        Ok(number)
    }

    /// Gives a document the number of now; whether it had another.
    pub(crate) fn touch(&self, seq: i64) -> Result<bool, Error> {
        let number = self.number()?;
        let sql = "UPDATE document SET changed=?2 WHERE seq=?1 AND changed<>?2";
        self.execute(DOING, sql, &[&seq, &number]).map(|changed| changed > 0)
    }

    /// Notes that documents are about to be removed: those of a condition on `d` and its first value.
    pub(crate) fn note_documents_removed(
        &self,
        condition: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<(), Error> {
        self.note(
            &format!(
                "INSERT OR IGNORE INTO removed (number,kind,id,other) SELECT ?1,s.kind,d.id,'' \
                 FROM document d CROSS JOIN entity_set s ON s.id=d.entity_set WHERE {condition}"
            ),
            values,
        )
    }

    /// Notes that a node is about to be removed with everything below it; `tree` has them, from `?2` on.
    pub(crate) fn note_tree_removed(&self, tree: &str, seq: i64) -> Result<(), Error> {
        let sql = format!(
            "{tree} INSERT OR IGNORE INTO removed (number,kind,id,other) SELECT ?1,'{NODE}',n.id,'' \
             FROM tree CROSS JOIN node n ON n.seq=tree.seq"
        );
        self.note(&sql, &[&seq])
    }

    /// Notes that a node is about to have another id.
    pub(crate) fn note_node_renamed(&self, seq: i64, id: &Id) -> Result<(), Error> {
        let sql = format!(
            "INSERT OR IGNORE INTO removed (number,kind,id,other) SELECT ?1,'{NODE}',id,'' FROM node \
             WHERE seq=?2 AND id<>?3"
        );
        self.note(&sql, &[&seq, &id.as_str()])
    }

    /// Runs a statement whose first value is the number of now, unless nothing is tracked.
    fn note(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), Error> {
        let number = self.number()?;
        if number == 0 {
            return Ok(());
        }
        let all: Vec<&dyn rusqlite::ToSql> =
            std::iter::once(&number as &dyn rusqlite::ToSql).chain(values.iter().copied()).collect();
        self.execute(DOING, sql, &all).map(drop)
    }

    /// Notes that the link of two documents is about to be removed: one that a document holds is part of that.
    pub(crate) fn note_link_removed(&self, first: i64, second: i64) -> Result<(), Error> {
        self.note(
            "INSERT OR IGNORE INTO removed (number,kind,id,other) SELECT ?1,?4,a.id,b.id FROM link l \
             CROSS JOIN document a ON a.seq=l.first CROSS JOIN document b ON b.seq=l.second \
             WHERE l.first=?2 AND l.second=?3 AND l.to_one=0",
            &[&first, &second, &LINK],
        )?;
        self.note(
            "UPDATE document SET changed=?1 WHERE changed<>?1 AND seq=\
             (SELECT first FROM link WHERE first=?2 AND second=?3 AND to_one=1)",
            &[&first, &second],
        )
    }

    /// Notes that a link is about to be put.
    pub(crate) fn note_link_put(&self, link: &Link) -> Result<(), Error> {
        if self.number()? == 0 {
            return Ok(());
        }
        let before: Option<bool> = self
            .read
            .connection
            .prepare_cached("SELECT to_one FROM link WHERE first=? AND second=?")
            .and_then(|mut statement| {
                statement.query_row([link.first, link.second], |row| row.get(0)).optional()
            })
            .map_err(while_doing(DOING))?;
        if before.is_some_and(|to_one| to_one != link.to_one) {
            self.note_link_removed(link.first, link.second)?;
        }
        if link.to_one {
            self.touch(link.first)?;
        }
        Ok(())
    }

    /// See [`saibo_store::WriteTx::mark`].
    pub(crate) fn end_moment(&self) -> Result<Moment> {
        self.number.set(None);
        let doing = while_doing(DOING);
        let next = self
            .read
            .connection
            .prepare_cached(
                "UPDATE moment SET number=number+1,oldest=COALESCE(oldest,number) \
                 RETURNING generation,number-1",
            )
            .and_then(|mut statement| {
                let row =
                    |row: &rusqlite::Row<'_>| Ok(Moment { generation: row.get(0)?, number: row.get(1)? });
                // To its end, or the change is not made.
                statement.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(doing)?;
        if let Some(moment) = next.into_iter().next() {
            return Ok(moment);
        }
        let moment = Moment { generation: Id::random().into(), number: 1 };
        self.execute(
            DOING,
            "INSERT INTO moment (generation,number,oldest) VALUES (?1,?2+1,?2)",
            &[&moment.generation, &moment.number],
        )?;
        Ok(moment)
    }

    /// See [`saibo_store::WriteTx::forget_removed`].
    pub(crate) fn forget_removals(&self, until: Option<i64>, limit: u32) -> Result<bool> {
        let doing = "forgetting what was removed";
        self.number.set(None);
        // First of all it is forgotten that it is known.
        match until {
            Some(until) => self.execute(
                doing,
                "UPDATE moment SET oldest=MIN(?1,number-1) WHERE oldest<MIN(?1,number-1)",
                &[&until],
            )?,
            None => self.execute(doing, "UPDATE moment SET oldest=NULL WHERE oldest IS NOT NULL", &[])?,
        };
        let removed = self.execute(
            doing,
            "DELETE FROM removed WHERE (number,kind,id,other) IN \
             (SELECT number,kind,id,other FROM removed WHERE number<=?1 LIMIT ?2)",
            &[&until.unwrap_or(i64::MAX), &limit],
        )?;
        Ok(u32::try_from(removed).is_ok_and(|removed| removed >= limit))
    }

    /// Makes a copy of a store one of its own: nothing was changed in it yet.
    pub(crate) fn begin_generation(&self) -> Result<(), Error> {
        let generation = Id::random();
        self.number.set(None);
        self.execute(DOING, "UPDATE moment SET generation=?,oldest=NULL", &[&generation.as_str()])?;
        self.execute(DOING, "DELETE FROM removed", &[]).map(drop)
    }
}
