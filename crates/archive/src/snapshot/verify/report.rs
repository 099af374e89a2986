//! What a check has found.

use std::fmt;

use crate::snapshot::counts::Counts;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::summary::Signer;
use crate::{Error, Result};

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries checked.
    pub entries: u64,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// Entries that there are.
    pub total_entries: u64,
    /// Bytes that there are.
    pub total_bytes: u64,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Its bytes are damaged, or it is of the wrong shape.
    Damaged(String),
    /// Its content is not the one that was signed.
    HashDiffers,
    /// It was signed, but is not there.
    Missing,
    /// It is there, but was not signed.
    Extra,
    /// It stands where another one was signed.
    OutOfOrder,
    /// Its content is what was signed, but how it lies in the file is not: the file was packed anew, or bits that mean
    /// nothing were changed.
    Repacked(String),
    /// The content root is not the one that was signed.
    RootDiffers,
    /// The counts are not the ones that were signed.
    CountsDiffer,
    /// The signature is not one of the manifest.
    BadSignature,
    /// The signature is good, but its key is not trusted.
    UntrustedKey,
    /// There is no signature, and one was asked for.
    Unsigned,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged(why) => return write!(f, "damaged: {why}"),
            Self::Repacked(why) => return write!(f, "not packed as its writer packs: {why}"),
            Self::HashDiffers => "its content is not the one that was signed",
            Self::Missing => "missing",
            Self::Extra => "was not signed",
            Self::OutOfOrder => "not in the order that was signed",
            Self::RootDiffers => "the content root is not the one that was signed",
            Self::CountsDiffer => "the counts are not the ones that were signed",
            Self::BadSignature => "the signature is not one of the manifest",
            Self::UntrustedKey => "signed with a key that is not trusted",
            Self::Unsigned => "not signed",
        })
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry; empty for the archive as a whole.
    pub entry: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entry.is_empty() {
            self.problem.fmt(f)
        } else {
            write!(f, "{}: {}", self.entry, self.problem)
        }
    }
}

/// What a check has found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The manifest; `None` in a snapshot of the reference.
    pub manifest: Option<Manifest>,
    /// The key in the signature; it is the signer's if there is no finding.
    pub signer: Option<Signer>,
    /// What was counted.
    pub counts: Counts,
    /// The content root that was computed, in hexadecimal.
    pub root: String,
    /// Entries that were checked.
    pub entries: u64,
    /// Bytes that were read, uncompressed.
    pub bytes: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many more findings there are than are listed.
    pub unlisted: u64,
}

/// More findings than this help nobody, and would fill memory.
const MOST_FINDINGS: usize = 1000;

impl Report {
    /// Whether nothing at all is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether there is nothing wrong but how the content is packed.
    #[must_use]
    pub fn content_is_intact(&self) -> bool {
        self.unlisted == 0
            && self.findings.iter().all(|finding| matches!(finding.problem, Problem::Repacked(_)))
    }

    /// Whether there is a signature. It is good if there is no finding.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.signer.is_some()
    }

    pub(super) fn add(&mut self, entry: &str, problem: Problem) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { entry: entry.to_owned(), problem });
        } else {
            self.unlisted += 1;
        }
    }

    /// Adds what an error says. One that is not the snapshot's fault is handed back.
    pub(super) fn add_error(&mut self, entry: &str, error: Error) -> Result<()> {
        let (entry, why) = match error {
            error @ (Error::Io(_) | Error::Interrupted) => return Err(error),
            Error::Corrupt { entry, why }
            | Error::Hostile { entry, why }
            | Error::Unsupported { entry, why } => (entry, why),
            Error::Malformed { entry, line, why } => (entry, format!("line {line}: {why}")),
            Error::Missing { entry } => {
                self.add(&entry, Problem::Missing);
                return Ok(());
            }
            other => (entry.to_owned(), other.to_string()),
        };
        self.add(&entry, Problem::Damaged(why));
        Ok(())
    }
}
