//! What a dry run tells.

use std::collections::BTreeMap;

use saibo_model::Result;
use serde::{Deserialize, Serialize};

use crate::import::Effects;

/// How many problems, and how many names of a kind, are told; the rest is counted.
const TOLD: usize = 20;

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether nothing was found that would keep the import from being done.
    pub importable: bool,
    /// What would, the first ones.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub problems_found: u64,
    /// What was not looked at.
    pub not_checked: Vec<String>,
    /// What the snapshot holds.
    pub counts: Contents,
    /// What is kept though nothing here acts on it or serves it, with counts.
    pub unsupported: BTreeMap<String, u64>,
    /// Whose the snapshot is.
    pub source: Source,
    /// With a mode: what would become of the snapshot's objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Effects>,
    /// What would become of the Cell; not there where no Cell was looked at.
    #[serde(flatten)]
    pub effect: Option<Effect>,
}

/// What would keep an import from being done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Code of the API.
    pub code: String,
    /// What is wrong, naming the entry.
    pub message: String,
}

/// What a snapshot or a Cell holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Documents by type.
    pub documents: BTreeMap<String, u64>,
    /// Many-to-many links.
    pub links: u64,
    /// Collections, Boxes included.
    pub collections: u64,
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Whose a snapshot is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The Cell's id.
    pub cell_id: String,
    /// The Cell's URL.
    pub cell_url: String,
    /// When it was exported, ms since 1970.
    pub created: i64,
    /// Documents in which that URL stands. An import leaves it as it is, since a user may have written it.
    pub documents_with_url: u64,
}

/// What would become of a Cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What would be replaced: what the Cell holds now.
    pub replaces: Contents,
    /// What the Cell has and the snapshot has not, by name.
    pub lost: Names,
    /// What both have of a name, with different ids: another takes its place, and what is kept elsewhere of the one
    /// does not fit the other.
    pub conflicts: Names,
    /// What is written otherwise than it stands in the snapshot.
    pub rewrites: Rewrites,
    /// Room on the disk.
    pub space: Space,
}

/// Boxes and Accounts, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Boxes, the first ones.
    pub boxes: Vec<String>,
    /// How many there are.
    pub boxes_found: u64,
    /// Accounts, the first ones.
    pub accounts: Vec<String>,
    /// How many there are.
    pub accounts_found: u64,
}

/// What is written otherwise than it stands in the snapshot: the Cell's id and URL, which are its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrites {
    /// The Cell's id, from and to.
    pub cell_id: [String; 2],
    /// The Cell's URL, from and to, where documents and ACLs name it by way of `personium-localcell:` and the like.
    pub cell_url: [String; 2],
}

/// Room on the disk, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// What the import may need.
    pub needed: u64,
    /// What is free.
    pub free: u64,
}

impl Report {
    /// Notes a problem.
    pub(super) fn problem(&mut self, error: &saibo_model::Error) {
        self.problems_found += 1;
        if self.problems.len() < TOLD {
            let (code, message) = (error.code().code().to_owned(), error.message());
            self.problems.push(Problem { code, message });
        }
    }

    /// Notes one, unless it is of a kind that is none of the snapshot's: a disk that fails, say.
    pub(super) fn or_problem<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code().status() < 500 => {
                self.problem(&error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes what is kept and has no effect.
    pub(super) fn unsupported(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.unsupported.entry(what.to_owned()).or_default() += count;
        }
    }
}

impl Contents {
    /// Counts documents.
    pub(super) fn add_documents(&mut self, kind: &str, more: u64) {
        match self.documents.get_mut(kind) {
            Some(count) => *count += more,
            None => drop(self.documents.insert(kind.to_owned(), more)),
        }
    }
}

impl Names {
    pub(super) fn add_box(&mut self, name: &str) {
        self.boxes_found += 1;
        note(&mut self.boxes, name);
    }

    pub(super) fn add_account(&mut self, name: &str) {
        self.accounts_found += 1;
        note(&mut self.accounts, name);
    }
}

fn note(names: &mut Vec<String>, name: &str) {
    if names.len() < TOLD {
        names.push(name.to_owned());
    }
}
