//! A snapshot with those that it is to be put over.
//!
//! An incremental snapshot names its base, and the hash of that one's manifest, which the base's own signature and
//! hashes hang on. So a chain is what it was when it was made, or is refused.

use std::io::{Read, Seek};

use saibo_archive::{Base, Key, Limits, SnapshotReader, Totals};
use saibo_model::node::MAIN_BOX;
use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::ReadSeek;

use super::follow;
use super::merge::Mode;
use crate::export::MOST_IN_CHAIN;
use crate::{Cell, Unit, archive, snapshot};

/// A snapshot that was opened.
pub(super) type Opened = SnapshotReader<Box<dyn ReadSeek>>;

/// Snapshots that are put over each other.
pub(super) struct Chain {
    /// The whole one first, unless they are put over what is live, and last the one that was asked for.
    snapshots: Vec<Opened>,
    /// The keys of the very files, from the one that was asked for on.
    keys: Vec<Option<Key>>,
    /// Where the files are, in the same order.
    places: Vec<String>,
    /// Whether the first is to be put over what is live in the Cell.
    over_live: bool,
}

/// What a chain may end at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// A snapshot of everything.
    Nothing,
    /// Also what is live in the Cell, if that is a snapshot's content.
    Live,
}

impl Over {
    /// For an import: a mode takes the content of a snapshot by itself.
    pub(super) fn of(mode: Option<Mode>) -> Self {
        if mode.is_some() { Self::Nothing } else { Self::Live }
    }
}

impl Chain {
    /// Opens the snapshot of a name, and those that it is to be put over. `keys` are those that may open them, from the
    /// one that was asked for on; the last is for all that follow.
    ///
    /// # Errors
    /// [`ErrorCode::SnapshotBaseMissing`] that names the base; those of what cannot be opened.
    pub(super) fn open(
        unit: &Unit,
        cell: &Cell,
        name: &str,
        keys: &[Option<Key>],
        over: Over,
    ) -> Result<Self> {
        let owner = cell.id();
        let key = |at: usize| keys.get(at).or(keys.last()).and_then(Option::as_ref);
        let (mut last, own, place) = open(unit, owner, &snapshot::file_name(name, key(0).is_some()), key(0))?;
        let begun = Self { snapshots: Vec::new(), keys: vec![own], places: vec![place], over_live: false };
        let (mut chain, mut name) = (begun, name.to_owned());
        while let Some(base) = base_of(&last)? {
            if over == Over::Live && follow::is_live(cell, &base)? {
                chain.over_live = true;
                break;
            }
            chain.snapshots.push(last);
            let at = chain.snapshots.len();
            let missing = |why: &str| ErrorCode::SnapshotBaseMissing.with([&name, &base.name, why]);
            if at >= MOST_IN_CHAIN as usize {
                return Err(missing("there are too many under it"));
            }
            let (found, own, place) = open_base(unit, owner, &base.name, key(at), &missing)?;
            if found.manifest_hash().map_err(archive::error)?.as_ref() != Some(&base.sha256) {
                return Err(missing("there is another of that name"));
            }
            chain.keys.push(own);
            chain.places.push(place);
            (last, name) = (found, base.name);
        }
        chain.snapshots.push(last);
        chain.snapshots.reverse();
        Ok(chain)
    }

    /// The one that was asked for.
    pub(super) fn newest(&self) -> Result<&Opened> {
        self.snapshots.last().ok_or_else(|| ErrorCode::Unknown.with(["a chain of no snapshots"]))
    }

    /// All of them, the whole one first.
    pub(super) fn snapshots(&self) -> &[Opened] {
        &self.snapshots
    }

    /// Whether they are to be put over each other, or over what is live.
    pub(super) fn is_incremental(&self) -> bool {
        self.over_live || self.snapshots.len() > 1
    }

    /// Whether the first is to be put over what is live in the Cell.
    pub(super) fn is_over_live(&self) -> bool {
        self.over_live
    }

    /// What says which files it is of.
    pub(super) fn places(&self) -> String {
        self.places.join(" ")
    }

    /// Whether it takes a key to read it.
    pub(super) fn has_secret(&self) -> bool {
        self.keys.iter().any(Option::is_some)
    }

    /// The keys of the very files, for [`Chain::open`].
    pub(super) fn into_keys(self) -> Vec<Option<Key>> {
        self.keys
    }

    /// Sizes of all of them.
    pub(super) fn totals(&self) -> Totals {
        self.snapshots.iter().map(SnapshotReader::totals).fold(Totals::default(), |sum, one| Totals {
            entries: sum.entries.saturating_add(one.entries),
            bytes: sum.bytes.saturating_add(one.bytes),
            document_bytes: sum.document_bytes.saturating_add(one.document_bytes),
            resources: sum.resources.saturating_add(one.resources),
            files: sum.files.saturating_add(one.files),
            content_bytes: sum.content_bytes.saturating_add(one.content_bytes),
            readable: sum.readable.saturating_add(one.readable),
        })
    }

    /// Whether it has these Boxes. One that was removed again shows when it has been built.
    pub(super) fn check_boxes(&self, names: &[String]) -> Result<()> {
        if self.over_live {
            return Ok(());
        }
        let mut missing: Vec<&String> = names.iter().filter(|name| *name != MAIN_BOX).collect();
        for snapshot in &self.snapshots {
            retain_missing(snapshot, &mut missing)?;
        }
        missing.first().map_or(Ok(()), |name| Err(ErrorCode::BoxUnknown.with([name])))
    }
}

fn retain_missing(snapshot: &SnapshotReader<impl Read + Seek>, missing: &mut Vec<&String>) -> Result<()> {
    let mut lines = snapshot.documents(Kind::Box).map_err(archive::error)?;
    while let Some(line) = lines.read().map_err(archive::error)? {
        let fields: Option<serde_json::Value> = serde_json::from_str(line.fields).ok();
        let name = fields.as_ref().and_then(|fields| fields["Name"].as_str());
        missing.retain(|missing| Some(missing.as_str()) != name);
    }
    Ok(())
}

fn base_of(snapshot: &Opened) -> Result<Option<Base>> {
    Ok(snapshot.manifest().map_err(archive::error)?.and_then(|manifest| manifest.base))
}

/// Opens a base: encrypted or not, as it is there.
fn open_base(
    unit: &Unit,
    cell: &Id,
    name: &str,
    key: Option<&Key>,
    missing: &dyn Fn(&str) -> saibo_model::Error,
) -> Result<(Opened, Option<Key>, String)> {
    // Of both, rather the one that takes the key that there is.
    for sealed in [key.is_some(), key.is_none()] {
        let file = snapshot::file_name(name, sealed);
        match snapshot::info(unit, cell, &file) {
            Err(error) if error.code() == ErrorCode::ResourceNotFound => {}
            Err(error) => return Err(error),
            Ok(_) if sealed && key.is_none() => return Err(missing("it is encrypted, and no key was given")),
            Ok(_) => return open(unit, cell, &file, key.filter(|_| sealed)),
        }
    }
    Err(missing("no snapshot of that name"))
}

/// Opens a file; with the key of the very file, if it is encrypted, and where it is.
fn open(unit: &Unit, cell: &Id, file: &str, key: Option<&Key>) -> Result<(Opened, Option<Key>, String)> {
    let (info, mut file) = snapshot::open(unit, cell, file)?;
    let mut own = None;
    if let Some(key) = key {
        // Trying a passphrase takes as much as checking an Account's. The job has the key of the file by then.
        let _turn = match key {
            Key::Passphrase(_) => {
                Some(unit.password_checks().acquire().ok_or(ErrorCode::TooManyConcurrentRequests)?)
            }
            Key::Identities(_) | Key::File(_) => None,
        };
        let (unsealed, of_file) = key.open(file).map_err(archive::error)?;
        (file, own) = (Box::new(unsealed), Some(of_file));
    }
    Ok((SnapshotReader::open(file, Limits::default()).map_err(archive::error)?, own, info.place))
}
