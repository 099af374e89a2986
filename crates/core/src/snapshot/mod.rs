//! Snapshot files of a Cell: `{cell}__snapshot/{name}` (API pages 503–506).
//!
//! The bytes are the backend's, under places that it makes up; the names are values of the register, so that a
//! file appears, is replaced and goes in one transaction. They outlive an import: what it replaces is the Cell's
//! data, not its snapshots.

mod identity;
mod needed;
pub mod resumable;
pub mod view;

use saibo_dav::header::ETag;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{
    ReadSeek, ReadTx, SnapshotIdentity, SnapshotInfo, SnapshotMark, SnapshotWriter, StoreExt as _, WriteTx,
};

use crate::access::Access;
use crate::dav::resource::authorize_cell;
use crate::leftover::Making;
use crate::{Cell, Unit, clock, document, export};

/// The name of a file: `{name}.zip`, or `{name}.zip.age` if it is encrypted.
#[must_use]
pub fn file_name(name: &str, is_sealed: bool) -> String {
    format!("{name}.zip{}", if is_sealed { ".age" } else { "" })
}

/// The name in the name of such a file, and whether it is encrypted; `None` of another file.
pub(crate) fn bare_name(file: &str) -> Option<(&str, bool)> {
    match file.strip_suffix(".age") {
        Some(rest) => rest.strip_suffix(".zip").map(|name| (name, true)),
        None => file.strip_suffix(".zip").map(|name| (name, false)),
    }
}

/// The media type of such a file. There is none for age.
#[must_use]
pub fn media_type(is_sealed: bool) -> &'static str {
    if is_sealed { "application/octet-stream" } else { "application/zip" }
}

/// Scope of the register's values that hold what is known of a Cell's snapshot files.
fn scope(cell: &Id) -> String {
    format!("snapshot/{cell}")
}

/// Whether somebody may export, import and handle snapshots: it takes everything, so it takes `root`.
///
/// # Errors
/// Why not.
pub fn authorize(cell: &Cell, access: &Access) -> Result<()> {
    cell.store().read(|tx| authorize_cell(tx, cell, access, Privilege::Root))
}

/// The files, by name.
///
/// # Errors
/// The store's.
pub fn list(unit: &Unit, cell: &Id) -> Result<Vec<SnapshotInfo>> {
    unit.backend().register().read(|tx| all(tx, cell))
}

fn all(tx: &dyn ReadTx, cell: &Id) -> Result<Vec<SnapshotInfo>> {
    tx.values(&scope(cell))?.iter().map(|(_, text)| parse(text)).collect()
}

/// What is known of the file of a name.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`].
pub fn info(unit: &Unit, cell: &Id, name: &str) -> Result<SnapshotInfo> {
    let found = unit.backend().register().read(|tx| find(tx, cell, name))?;
    found.ok_or_else(|| ErrorCode::ResourceNotFound.with([name]))
}

fn find(tx: &dyn ReadTx, cell: &Id, name: &str) -> Result<Option<SnapshotInfo>> {
    tx.value(&scope(cell), name)?.map(|text| parse(&text)).transpose()
}

/// Notes what is known of a file under its name.
fn enter(tx: &mut dyn WriteTx, cell: &Id, info: &SnapshotInfo) -> Result<()> {
    let text =
        serde_json::to_string(info).map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
    tx.set_value(&scope(cell), &info.name, Some(&text))
}

/// Opens the file of a name.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`]; the store's.
pub fn open(unit: &Unit, cell: &Id, name: &str) -> Result<(SnapshotInfo, Box<dyn ReadSeek>)> {
    let info = info(unit, cell, name)?;
    let file = unit.backend().snapshots().open(cell, &info.place)?;
    Ok((info, file))
}

/// Takes the file of a name away.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`]; [`ErrorCode::SnapshotNeeded`] while there are others that are to be put over it; the
/// store's.
pub fn delete(unit: &Unit, cell: &Id, name: &str) -> Result<()> {
    delete_if(unit, cell, name, |_| true)
}

/// The same, if it is the one that is meant: another may have got the name meanwhile.
///
/// # Errors
/// As [`delete`]; [`ErrorCode::ResourceNotFound`] also if it is another.
pub(crate) fn delete_if(
    unit: &Unit,
    cell: &Id,
    name: &str,
    is_meant: impl FnOnce(&SnapshotInfo) -> bool + Send + 'static,
) -> Result<()> {
    identity::learn(unit, cell)?;
    let (owner, taken) = (cell.clone(), name.to_owned());
    let making = Making::planned(unit, cell);
    let entry = making.entry();
    let info = unit.backend().register().write(move |tx| {
        let info = find(tx.read(), &owner, &taken)?.filter(is_meant);
        let info = info.ok_or_else(|| ErrorCode::ResourceNotFound.with([&taken]))?;
        needed::check(&all(tx.read(), &owner)?, &info)?;
        tx.set_value(&scope(&owner), &taken, None)?;
        export::gone(tx, &owner, &info)?;
        entry.write(tx)?;
        Ok(info)
    })?;
    unit.backend().snapshots().remove(cell, &info.place)?;
    making.done()
}

/// How a file gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming<'a> {
    /// Replaces the one of that name; the `If-Match` header must allow it.
    Replace(Option<&'a str>),
    /// Fails if there is one of that name.
    New,
}

/// A file being written. Dropped, it leaves nothing.
pub struct Upload {
    writer: Box<dyn SnapshotWriter>,
    length: u64,
}

impl Upload {
    /// Begins a file. `announced` is how long whoever sends it says that it is.
    ///
    /// # Errors
    /// [`ErrorCode::DiskFull`] if there is no room for as much; the store's.
    pub fn begin(unit: &Unit, announced: Option<u64>) -> Result<Self> {
        if let Some(length) = announced
            && unit.backend().free_space()? < length
        {
            return Err(ErrorCode::DiskFull.into());
        }
        Ok(Self { writer: unit.backend().snapshots().writer()?, length: 0 })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`ErrorCode::DiskFull`]; other I/O errors.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer
            .file()
            .write_all(bytes)
            .map_err(|e| saibo_store::Error::io("writing a snapshot file", e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives it its name, on disk.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceEtagMismatch`], [`ErrorCode::FileAlreadyExists`]; [`ErrorCode::SnapshotNeeded`] if others are
    /// to be put over the one that has the name; the store's.
    pub fn commit(
        self,
        unit: &Unit,
        cell: &Id,
        name: &str,
        content_type: &str,
        naming: Naming<'_>,
    ) -> Result<(SnapshotInfo, bool)> {
        let identity = identity::of(name, None, || Ok(self.writer.reader()?))?;
        let new = New { writer: self.writer, content_type, length: self.length, mark: None, identity };
        publish(unit, cell, new, name, naming)
    }
}

/// A file that was written and has no name yet.
pub(crate) struct New<'a> {
    pub(crate) writer: Box<dyn SnapshotWriter>,
    pub(crate) content_type: &'a str,
    pub(crate) length: u64,
    pub(crate) mark: Option<SnapshotMark>,
    pub(crate) identity: Option<SnapshotIdentity>,
}

/// Gives a file that was written its name; whether the name is new.
pub(crate) fn publish(
    unit: &Unit,
    cell: &Id,
    new: New<'_>,
    name: &str,
    naming: Naming<'_>,
) -> Result<(SnapshotInfo, bool)> {
    let New { writer, content_type, length, mark, identity } = new;
    identity::learn(unit, cell)?;
    let making = Making::begin(unit, cell)?;
    let place = writer.keep(cell)?;
    let info = SnapshotInfo { mark, identity, ..unnamed(place.clone(), name, content_type, length) };
    let (owner, entry) = (cell.clone(), making.entry());
    let (if_match, must_be_new) = match naming {
        Naming::Replace(if_match) => (if_match.map(str::to_owned), false),
        Naming::New => (None, true),
    };
    let entered = unit.backend().register().write(move |tx| {
        let naming = if must_be_new { Naming::New } else { Naming::Replace(if_match.as_deref()) };
        let (info, before) = give_name(tx, &owner, info, naming)?;
        if before.is_none() {
            entry.remove(tx)?;
        }
        Ok((info, before))
    });
    match entered {
        Ok((info, None)) => Ok((info, true)),
        Ok((info, Some(before))) => {
            remove_replaced(unit, cell, &before, making);
            Ok((info, false))
        }
        Err(error) => {
            unit.backend().snapshots().remove(cell, &place)?;
            making.done()?;
            Err(error)
        }
    }
}

/// What is known of a file that is to get a name.
fn unnamed(place: String, name: &str, content_type: &str, length: u64) -> SnapshotInfo {
    let now = clock::now();
    SnapshotInfo {
        name: name.to_owned(),
        place,
        version: 1,
        published: now,
        updated: now,
        content_type: content_type.to_owned(),
        length,
        mark: None,
        identity: None,
    }
}

/// Gives a file its name; what is known of it then, and of the one that had the name before.
fn give_name(
    tx: &mut dyn WriteTx,
    cell: &Id,
    mut info: SnapshotInfo,
    naming: Naming<'_>,
) -> Result<(SnapshotInfo, Option<SnapshotInfo>)> {
    let before = find(tx.read(), cell, &info.name)?;
    if let Some(before) = &before {
        let Naming::Replace(if_match) = naming else {
            return Err(ErrorCode::FileAlreadyExists.with([&info.name]));
        };
        etag(before).check_if_match(if_match)?;
        let manifest = |info: &SnapshotInfo| info.identity.as_ref().and_then(|known| known.manifest.clone());
        // The same snapshot once more does the others no harm.
        if manifest(before).is_none() || manifest(before) != manifest(&info) {
            needed::check(&all(tx.read(), cell)?, before)?;
        }
        export::gone(tx, cell, before)?;
        info.version = before.version + 1;
        info.published = before.published;
    }
    // What was just exported, while somebody deleted its base.
    if let Some(base) =
        info.identity.as_ref().and_then(|known| known.base.as_ref()).filter(|_| info.mark.is_some())
        && !needed::has(&all(tx.read(), cell)?, base)
    {
        return Err(ErrorCode::SnapshotNoBase.with([base.name.as_str(), "it was deleted meanwhile"]));
    }
    enter(tx, cell, &info)?;
    Ok((info, before))
}

/// Removes the file that had a name before. The new one has it, whatever becomes of this.
fn remove_replaced(unit: &Unit, cell: &Id, before: &SnapshotInfo, making: Making<'_>) {
    let removed = unit.backend().snapshots().remove(cell, &before.place).map_err(saibo_model::Error::from);
    if let Err(error) = removed.and_then(|()| making.done()) {
        tracing::warn!(%error, "a snapshot file that was replaced could not be removed yet");
    }
}

/// The ETag of a file.
#[must_use]
pub fn etag(info: &SnapshotInfo) -> ETag {
    ETag { version: info.version, updated: info.updated }
}

/// Removes files that have no name: a crash came between writing one and naming it, or between taking its name away
/// and removing it.
///
/// # Errors
/// The store's.
pub(crate) fn scrub(unit: &Unit, cell: &Id) -> Result<()> {
    // In one view: an upload that ends has its file in one of the two at any moment.
    let named = unit.backend().register().read(|tx| {
        let files = tx.values(&scope(cell))?;
        let mut named = files.iter().map(|(_, text)| Ok(parse(text)?.place)).collect::<Result<Vec<_>>>()?;
        named.extend(resumable::places(tx, cell)?);
        Ok(named)
    })?;
    let snapshots = unit.backend().snapshots();
    for place in snapshots.places(cell)? {
        if !named.contains(&place) {
            snapshots.remove(cell, &place)?;
        }
    }
    Ok(())
}

/// Forgets every file of a Cell that is deleted; the backend removes their bytes.
pub(crate) fn forget_all(unit: &Unit, cell: &Id) -> Result<()> {
    let owner = cell.clone();
    unit.backend().register().write(move |tx| {
        let scope = scope(&owner);
        export::forget_cell(tx, &owner)?;
        for (name, _) in tx.read().values(&scope)? {
            tx.set_value(&scope, &name, None)?;
        }
        resumable::forget_all(tx, &owner)
    })
}

fn parse(text: &str) -> Result<SnapshotInfo> {
    document::stored(text)
}
