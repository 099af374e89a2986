//! `$batch`: many requests at once, in their order (API page 368).
//!
//! A changeset is atomic: if one of its requests is refused, none of it is done, and each of its requests is
//! answered with that error. (The API's first implementation did them one by one. A client that sends one
//! request in each changeset sees no difference.) Requests on their own share a transaction as far as they go
//! without a changeset between them, since each would otherwise wait for the disk; each has its own outcome.

mod run;

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};
use saibo_odata::batch::{Method, Part};
use saibo_odata::json;
use saibo_odata::media::Format;
use saibo_odata::options::Select;

use super::collection::Collection;
use super::create::{Created, location};
use super::limits;
use super::update::Version;
use super::view;
use run::{Outcome, Run};

/// The answer to a part of a batch: one for each of its requests.
pub type BatchAnswer = Vec<PartAnswer>;

/// The answer to a request of a batch.
#[derive(Debug)]
pub enum PartAnswer {
    /// An entity was made.
    Created(Created),
    /// An entity or a list, in JSON.
    Shown(Vec<u8>),
    /// An entity was changed.
    Updated(Version),
    /// It is done, and there is nothing to say.
    Done,
    /// It was refused.
    Failed(Error),
}

/// What somebody may do in the parts of a batch.
#[derive(Clone, Copy, Debug)]
struct Permissions {
    read: bool,
    write: bool,
}

impl Collection<'_> {
    /// Does the parts of a batch.
    ///
    /// # Errors
    /// Why nothing of it may be done. What goes wrong in a part is its answer.
    pub fn batch(&self, parts: Vec<Part>) -> Result<Vec<BatchAnswer>> {
        let permissions = self.permissions()?;
        let deadline = Instant::now() + limits::BATCH_TIME;
        let parts: Arc<[Part]> = parts.into();
        let mut answers = Vec::with_capacity(parts.len());
        for range in segments(&parts) {
            match self.segment(&parts, range.clone(), permissions, deadline) {
                Ok(outcomes) => {
                    for outcomes in outcomes {
                        answers.push(outcomes.into_iter().map(|outcome| self.answer(outcome)).collect());
                    }
                }
                // What was done until now has gone with the store that was replaced: all of it is to begin anew.
                Err(error) if saibo_store::Error::is_retired(&error) => return Err(error),
                // Nothing of the segment was done.
                Err(error) => {
                    answers.extend(parts[range].iter().map(|part| {
                        part.requests().iter().map(|_| PartAnswer::Failed(again(&error))).collect()
                    }))
                }
            }
        }
        Ok(answers)
    }

    /// Checks that somebody may send a batch at all, before it is read.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize_batch(&self) -> Result<()> {
        self.permissions().map(|_permissions| ())
    }

    /// Either of the two privileges lets a batch in; each request needs the right one.
    fn permissions(&self) -> Result<Permissions> {
        let read = self.authorize(Privilege::Read);
        let write = self.authorize(Privilege::Write);
        let permissions = Permissions { read: read.is_ok(), write: write.is_ok() };
        match (read, permissions.write) {
            (Err(error), false) => Err(error),
            _ => Ok(permissions),
        }
    }

    /// Does what shares a transaction.
    fn segment(
        &self,
        parts: &Arc<[Part]>,
        range: Range<usize>,
        permissions: Permissions,
        deadline: Instant,
    ) -> Result<Vec<Vec<Outcome>>> {
        let parts = parts.clone();
        let store = self.store().clone();
        let root: Arc<str> = self.root.into();
        if parts[range.clone()].iter().flat_map(Part::requests).all(|request| request.method == Method::Get) {
            return self.read(|tx, schema| {
                let run = Run { home: &self.home, store: &store, root: &root, permissions, deadline };
                let mut outcomes = Vec::with_capacity(range.len());
                for part in &parts[range] {
                    let requests = part.requests().iter();
                    outcomes.push(requests.map(|request| run.read(tx, &schema, request)).collect());
                }
                Ok(outcomes)
            });
        }
        let home = self.home.clone();
        self.write(move |session| {
            let run = Run { home: &home, store: &store, root: &root, permissions, deadline };
            run.write(session, &parts[range])
        })
    }

    fn answer(&self, outcome: Outcome) -> PartAnswer {
        match outcome {
            Outcome::Created { schema, known, row } => PartAnswer::Created(Created {
                location: location(self.root, &schema, &row),
                version: row.document.version,
                updated: row.document.updated,
                body: json::entity(self.root, &view::batched(&known, &row)),
            }),
            Outcome::Found { schema, row } => shown(
                view::stored(&schema, &row, &Select::All, &Vec::new()).map(|e| json::entity(self.root, &e)),
            ),
            Outcome::Listed { schema, page, options, set } => {
                shown(page.render(&schema, self.root, &set, self.now, &options, Format::Json))
            }
            Outcome::Updated(version) => PartAnswer::Updated(version),
            Outcome::Done => PartAnswer::Done,
            Outcome::Failed(error) => PartAnswer::Failed(error),
        }
    }
}

fn shown(body: Result<Vec<u8>>) -> PartAnswer {
    body.map_or_else(PartAnswer::Failed, PartAnswer::Shown)
}

/// The same error for another request.
fn again(error: &Error) -> Error {
    error.code().with(error.params())
}

/// Which parts share a transaction: all those between two changesets of several requests.
fn segments(parts: &[Part]) -> Vec<Range<usize>> {
    let mut segments: Vec<Range<usize>> = Vec::new();
    let mut alone = true;
    for (at, part) in parts.iter().enumerate() {
        let atomic = part.requests().len() > 1;
        match segments.last_mut() {
            Some(last) if !alone && !atomic => last.end = at + 1,
            _ => segments.push(at..at + 1),
        }
        alone = atomic;
    }
    segments
}

impl Permissions {
    fn check(self, method: Method) -> Result<()> {
        let may = if method == Method::Get { self.read } else { self.write };
        if may { Ok(()) } else { Err(ErrorCode::NecessaryPrivilegeLacking.into()) }
    }
}

#[cfg(test)]
mod tests {
    use saibo_odata::batch::Request;
    use saibo_odata::uri::Resource;

    use super::*;

    #[test]
    fn changesets_of_several_requests_stand_alone() {
        let request = || Request {
            method: Method::Get,
            resource: Resource::EntitySet { set: "Item".into() },
            query: String::new(),
            headers: Vec::new(),
            body: String::new(),
        };
        let part = |count: usize| match count {
            0 => Part::Single(request()),
            _ => Part::Changeset { boundary: "b".into(), requests: (0..count).map(|_| request()).collect() },
        };
        for (counts, expected) in
            [(vec![], vec![]), (vec![0, 1, 0], vec![3]), (vec![2, 0, 1, 3, 2, 1], vec![1, 3, 4, 5, 6])]
        {
            let parts: Vec<Part> = counts.into_iter().map(part).collect();
            let ends: Vec<usize> = segments(&parts).into_iter().map(|range| range.end).collect();
            assert_eq!(ends, expected);
        }
    }
}
