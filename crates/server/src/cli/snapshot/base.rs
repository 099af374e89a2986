//! What an incremental snapshot is to be put over: found among files, and checked.

use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use saibo_archive::{Base, Key};

use super::verify::{Checked, check};
use super::{Opening, open};

/// A base that was looked for.
pub(super) struct Found {
    /// What was looked for.
    pub(super) base: Base,
    /// The file that it is, and what a check of it has found; `None` if it is none of those that were given.
    pub(super) file: Option<(PathBuf, Checked)>,
}

impl Found {
    /// Whether it is there, and nothing is wrong with it.
    pub(super) fn is_intact(&self) -> bool {
        self.file.as_ref().is_some_and(|(_, checked)| checked.is_intact())
    }
}

/// Follows the bases of a snapshot down to the whole one, or to the first that is missing or not intact.
///
/// # Errors
/// If a file is no snapshot, or cannot be read.
pub(super) fn follow(
    checked: &Checked,
    files: &[PathBuf],
    key: Option<&Key>,
    keys: Option<&[VerifyingKey]>,
) -> Result<Vec<Found>, Opening> {
    let mut known = Vec::with_capacity(files.len());
    for file in files {
        known.push((file, hash(file, key)?));
    }
    let mut chain: Vec<Found> = Vec::new();
    let mut next = base_of(checked);
    while let Some(base) = next.take() {
        let found = known.iter().find(|(_, hash)| hash.as_ref() == Some(&base.sha256));
        let file = match found {
            Some((path, _)) => Some((path.to_path_buf(), check(path, key_of(path, key)?, keys)?)),
            None => None,
        };
        let found = Found { base, file };
        if found.is_intact() {
            next = found.file.as_ref().and_then(|(_, checked)| base_of(checked));
        }
        chain.push(found);
    }
    Ok(chain)
}

fn base_of(checked: &Checked) -> Option<Base> {
    checked.report.manifest.as_ref().and_then(|manifest| manifest.base.clone())
}

/// Encrypted and other files may be put over each other.
fn key_of<'k>(path: &Path, key: Option<&'k Key>) -> Result<Option<&'k Key>, Opening> {
    let cannot = |error| Opening::NoSnapshot(format!("{} cannot be read: {error}", path.display()));
    let mut file = std::fs::File::open(path).map_err(cannot)?;
    let sealed = saibo_archive::is_sealed(&mut file)
        .map_err(|error| Opening::NoSnapshot(format!("{}: {error}", path.display())))?;
    Ok(key.filter(|_| sealed))
}

/// The hash of a file's manifest.
fn hash(path: &Path, key: Option<&Key>) -> Result<Option<String>, Opening> {
    let snapshot = open(path, key_of(path, key)?)?;
    snapshot.manifest_hash().map_err(Opening::Damaged)
}
