//! Where what is in a snapshot: the one place that knows the names of entries.

use saibo_model::Kind;

use crate::{Error, Result};

/// When and where the snapshot was exported, as the reference writes it.
pub(crate) const EXPORT_MANIFEST: &str = "00_manifest.json";
/// Folder of the documents.
pub(crate) const ODATA: &str = "10_odata/";
/// The Cell's own document.
pub(crate) const CELL: &str = "10_odata/00_cell.json";
/// Links between documents.
pub(crate) const LINKS: &str = "10_odata/80_link.pjson";
/// Folder of the WebDAV tree.
pub(crate) const WEBDAV: &str = "20_webdav/";
/// Properties and ACL of a resource, in its folder.
pub(crate) const META: &str = ".pmeta";
/// Content of a file, in its folder.
pub(crate) const CONTENT: &str = "content";
/// The page that a person opens to read the snapshot, if it has a readable copy. The reference ignores this one and
/// what is in [`READABLE`]: it looks for the names above.
pub(crate) const INDEX: &str = "index.html";
/// Folder of the rest of the readable copy.
pub(crate) const READABLE: &str = "readable/";
/// Our folder, which the reference ignores, too.
pub(crate) const OURS: &str = "90_saibo/";
/// What was removed since the base of an incremental snapshot.
pub(crate) const REMOVED: &str = "90_saibo/removed.jsonl";
/// Name, length and hash of every entry.
pub(crate) const ENTRY_LIST: &str = "90_saibo/entries.jsonl";
/// What the snapshot is: counts, content root.
pub(crate) const MANIFEST: &str = "90_saibo/manifest.json";
/// The manifest's signature.
pub(crate) const SIGNATURE: &str = "90_saibo/signature.json";

/// The entry of a kind's documents.
#[must_use]
pub fn documents(kind: Kind) -> &'static str {
    match kind {
        Kind::Cell => CELL,
        Kind::Box => "10_odata/10_box.pjson",
        Kind::Account => "10_odata/11_account.pjson",
        Kind::ExtCell => "10_odata/12_extcell.pjson",
        Kind::Role => "10_odata/20_role.pjson",
        Kind::Rule => "10_odata/21_rule.pjson",
        Kind::Relation => "10_odata/22_relation.pjson",
        Kind::SentMessage => "10_odata/23_sentmessage.pjson",
        Kind::ReceivedMessage => "10_odata/24_receivedmessage.pjson",
        Kind::ExtRole => "10_odata/30_extrole.pjson",
        Kind::EntityType => "10_odata/40_entitytype.pjson",
        Kind::ComplexType => "10_odata/41_complextype.pjson",
        Kind::Property => "10_odata/50_property.pjson",
        Kind::ComplexTypeProperty => "10_odata/51_complextypeproperty.pjson",
        Kind::AssociationEnd => "10_odata/60_associationend.pjson",
        Kind::UserData => "10_odata/70_userdata.pjson",
    }
}

/// The entries that every snapshot has.
pub(crate) fn required() -> impl Iterator<Item = &'static str> {
    [EXPORT_MANIFEST, CELL].into_iter().chain(Kind::IN_CELL.into_iter().map(documents)).chain([LINKS])
}

/// The entries that there is one of: the required ones and ours.
pub(crate) fn singles() -> impl Iterator<Item = &'static str> {
    required().chain([REMOVED, ENTRY_LIST, MANIFEST, SIGNATURE])
}

/// What an entry is, by its name. Paths are relative to `20_webdav/`; the Cell's own is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'n> {
    ExportManifest,
    /// Documents of a kind; the Cell's own too.
    Documents(Kind),
    Links,
    /// The folder of a resource.
    Folder(&'n str),
    /// The `.pmeta` of a resource.
    Meta(&'n str),
    /// The content of a file.
    Content(&'n str),
    /// A part of the readable copy, which says nothing that is not said elsewhere.
    Readable,
    Removed,
    EntryList,
    Manifest,
    Signature,
    /// One of the three folders at the root.
    Root,
}

/// Tells what an entry is.
///
/// # Errors
/// If no snapshot has an entry of that name.
pub(crate) fn place(name: &str, max_depth: usize) -> Result<Place<'_>> {
    if let Some(path) = name.strip_prefix(WEBDAV) {
        return webdav(name, path, max_depth);
    }
    let place = match name {
        EXPORT_MANIFEST => Place::ExportManifest,
        ODATA | OURS => Place::Root,
        INDEX => Place::Readable,
        _ if is_readable(name) => {
            check_path(name).map_err(|why| Error::hostile(name, why))?;
            Place::Readable
        }
        CELL => Place::Documents(Kind::Cell),
        LINKS => Place::Links,
        REMOVED => Place::Removed,
        ENTRY_LIST => Place::EntryList,
        MANIFEST => Place::Manifest,
        SIGNATURE => Place::Signature,
        _ => match Kind::IN_CELL.into_iter().find(|&kind| documents(kind) == name) {
            Some(kind) => Place::Documents(kind),
            None => {
                check_path(name.trim_end_matches('/')).map_err(|why| Error::hostile(name, why))?;
                return Err(Error::hostile(name, "no entry of a snapshot"));
            }
        },
    };
    Ok(place)
}

/// Whether an entry is of the readable copy.
pub(crate) fn is_readable(name: &str) -> bool {
    name == INDEX || name.starts_with(READABLE)
}

fn webdav<'n>(name: &str, path: &'n str, max_depth: usize) -> Result<Place<'n>> {
    if path.is_empty() {
        return Ok(Place::Root);
    }
    let (folder, file) = match path.strip_suffix('/') {
        Some(folder) => (folder, None),
        None => path.rsplit_once('/').map_or(("", Some(path)), |(folder, file)| (folder, Some(file))),
    };
    if file.is_none() || !folder.is_empty() {
        check_path(folder).map_err(|why| Error::hostile(name, why))?;
        if folder.split('/').count() > max_depth {
            return Err(Error::limit(name, "depth of a path", max_depth as u64));
        }
    }
    match file {
        None => Ok(Place::Folder(folder)),
        Some(META) => Ok(Place::Meta(folder)),
        Some(CONTENT) if !folder.is_empty() => Ok(Place::Content(folder)),
        Some(file) => {
            check_path(file).map_err(|why| Error::hostile(name, why))?;
            Err(Error::hostile(name, "neither .pmeta nor content of a resource"))
        }
    }
}

/// Whether a path could lead out of where it belongs, on any system, or is not one way only to write it.
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    if path.starts_with('/') {
        return Err("an absolute path");
    }
    if path.contains('\\') {
        return Err("a path with a backslash");
    }
    if path.contains('\0') {
        return Err("a path with a NUL");
    }
    if matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic()) {
        return Err("a path with a drive");
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err("a path with an empty segment"),
            "." | ".." => return Err("a path that leads elsewhere"),
            _ => {}
        }
    }
    Ok(())
}

/// The path of the collection that a resource is in; `None` for the Cell's own.
pub(crate) fn parent(path: &str) -> Option<&str> {
    if path.is_empty() { None } else { Some(path.rsplit_once('/').map_or("", |(parent, _)| parent)) }
}

/// How many collections a resource is below the Cell.
pub(crate) fn depth(path: &str) -> usize {
    if path.is_empty() { 0 } else { 1 + memchr::memchr_iter(b'/', path.as_bytes()).count() }
}

/// The name of a resource's folder, with the slash.
pub(crate) fn folder(path: &str) -> String {
    if path.is_empty() { WEBDAV.to_owned() } else { format!("{WEBDAV}{path}/") }
}
