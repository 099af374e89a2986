//! Which snapshot a file is, and what it is to be put over.
//!
//! It is noted with the file's name when that is given, so that nobody need open a file to know which others it needs.
//! Files that had their names before that was done are looked into when it is first asked.

use saibo_archive::{Error, Limits, SnapshotReader};
use saibo_model::{Id, Result};
use saibo_store::{ReadSeek, SnapshotBase, SnapshotIdentity, SnapshotInfo, StoreExt as _};

use super::{bare_name, enter, find, list};
use crate::{Unit, archive};

/// What a file of a name is. `content` is asked for if it takes a look; what is known of an encrypted one is its
/// manifest's hash, if this unit wrote it.
pub(super) fn of(
    name: &str,
    manifest: Option<&str>,
    content: impl FnOnce() -> Result<Box<dyn ReadSeek>>,
) -> Result<Option<SnapshotIdentity>> {
    match bare_name(name) {
        None => Ok(None),
        Some((_, true)) => {
            let manifest = manifest.map(str::to_owned);
            Ok(Some(SnapshotIdentity { manifest, is_sealed: true, base: None }))
        }
        Some((_, false)) => read(content()?).map(Some),
    }
}

/// What is no good is no snapshot, and needs none: it cannot be imported anyway.
fn read(content: Box<dyn ReadSeek>) -> Result<SnapshotIdentity> {
    let looked = SnapshotReader::open(content, Limits::default()).and_then(|snapshot| {
        let base = snapshot.manifest()?.and_then(|manifest| manifest.base);
        let base = base.map(|base| SnapshotBase { name: base.name, manifest: base.sha256 });
        Ok(SnapshotIdentity { manifest: snapshot.manifest_hash()?, is_sealed: false, base })
    });
    match looked {
        Err(error @ (Error::Io(_) | Error::Interrupted)) => Err(archive::error(error)),
        Err(error) => {
            tracing::debug!(%error, "a file with the name of a snapshot is none");
            Ok(SnapshotIdentity::default())
        }
        Ok(identity) => Ok(identity),
    }
}

/// Looks into the files of a Cell that nobody has looked into yet, and notes what they are.
pub(super) fn learn(unit: &Unit, cell: &Id) -> Result<()> {
    for info in list(unit, cell)? {
        if info.identity.is_some() || bare_name(&info.name).is_none() {
            continue;
        }
        let manifest = info.mark.as_ref().map(|mark| mark.manifest.as_str());
        let open = || Ok(unit.backend().snapshots().open(cell, &info.place)?);
        let identity = match of(&info.name, manifest, open) {
            Ok(identity) => identity,
            // It may have gone meanwhile. One that cannot be read must not keep others, or itself, from being deleted.
            Err(error) => {
                tracing::warn!(%error, %cell, file = info.name, "a snapshot file cannot be looked into");
                continue;
            }
        };
        let (owner, looked) = (cell.clone(), info);
        unit.backend().register().write(move |tx| match find(tx.read(), &owner, &looked.name)? {
            Some(now) if now.place == looked.place => enter(tx, &owner, &SnapshotInfo { identity, ..now }),
            _ => Ok(()),
        })?;
    }
    Ok(())
}
