//! Opens a snapshot, and gives out what is in it.
//!
//! Opening reads the central directory twice and nothing else but the manifest. It settles everything that names and
//! sizes can tell: no entry that does not belong, none twice, none missing, no resource without the collection that it
//! is in, nothing larger than allowed. What an entry's data can tell is settled when it is read. All that is kept in
//! memory while that lasts is a number an entry.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Seek};

use saibo_model::Kind;

use super::layout::{self, Place};
use super::lines::{Documents, Links};
use super::manifest::{ExportManifest, Manifest, ManifestSignature, manifest_hash};
use super::removed::Removals;
use super::walk::Resources;
use crate::zip::directory::{Cursor, Directory, Entry};
use crate::zip::entry::EntryReader;
use crate::zip::source::Source;
use crate::{Error, Limits, Result};

/// Sizes, as the directory has them: what progress is measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries of the zip, folders included.
    pub entries: u64,
    /// Bytes of all entries, uncompressed.
    pub bytes: u64,
    /// Bytes of documents and links.
    pub document_bytes: u64,
    /// WebDAV resources, the Cell's own included.
    pub resources: u64,
    /// Files.
    pub files: u64,
    /// Bytes of files' contents.
    pub content_bytes: u64,
    /// Entries of the readable copy; none if it has no such copy.
    pub readable: u64,
}

/// An opened snapshot. What it gives out shares the file, so several may be read in turns.
pub struct SnapshotReader<R> {
    pub(crate) source: Source<R>,
    pub(crate) limits: Limits,
    pub(crate) directory: Directory,
    /// The entries that there is one of, by name.
    singles: HashMap<&'static str, Entry>,
    totals: Totals,
    export: ExportManifest,
    /// How deep the tree is, and whether every resource comes after the collection that it is in.
    pub(crate) levels: usize,
    pub(crate) parents_first: bool,
}

impl<R: Read + Seek> SnapshotReader<R> {
    /// Opens a snapshot and checks its structure. `source` need not be buffered.
    ///
    /// # Errors
    /// If it is no snapshot, or one that no honest program writes, or larger than `limits` allow.
    pub fn open(source: R, limits: Limits) -> Result<Self> {
        let source = Source::new(source);
        let directory = Directory::locate(&source)?;
        if directory.count > limits.max_entries {
            return Err(Error::limit("", "number of entries", limits.max_entries));
        }
        let mut reader = Self {
            source,
            limits,
            directory,
            singles: HashMap::new(),
            totals: Totals::default(),
            export: ExportManifest { unit_url: String::new(), created: 0, is_incremental: false },
            levels: 0,
            parents_first: true,
        };
        // One of another version is told so, whatever else it lacks.
        reader.export = reader.find_export_manifest()?;
        let names = reader.survey()?;
        reader.check_tree(&names)?;
        let ours = [layout::ENTRY_LIST, layout::MANIFEST, layout::SIGNATURE];
        let has_ours = ours.iter().any(|name| reader.singles.contains_key(name));
        let is_incremental = reader.export.is_incremental;
        if !is_incremental && reader.singles.contains_key(layout::REMOVED) {
            return Err(Error::hostile(layout::REMOVED, "removals in a snapshot that has no base"));
        }
        for name in layout::required()
            .chain(ours.into_iter().filter(|_| has_ours || is_incremental))
            .chain(is_incremental.then_some(layout::REMOVED))
        {
            reader.single(name)?;
        }
        Ok(reader)
    }

    /// Reads the entry that says which version this is; it is the first as a rule.
    fn find_export_manifest(&self) -> Result<ExportManifest> {
        let mut cursor = self.cursor();
        while let Some(entry) = cursor.next(&self.source, &self.limits)? {
            if entry.name() == layout::EXPORT_MANIFEST {
                return ExportManifest::parse(&self.small_entry(&entry)?);
            }
        }
        Err(Error::missing(layout::EXPORT_MANIFEST))
    }

    /// Goes over the directory: sums up, remembers the single entries, indexes the names.
    fn survey(&mut self) -> Result<Names> {
        let mut names = Names::with_capacity(self.directory.count as usize);
        let mut ancestors = Ancestors::default();
        let mut cursor = self.cursor();
        while let Some(entry) = cursor.next(&self.source, &self.limits)? {
            self.totals.entries += 1;
            self.totals.bytes = self.totals.bytes.saturating_add(entry.header.size);
            if self.totals.bytes > self.limits.max_total_bytes {
                return Err(Error::limit("", "total size", self.limits.max_total_bytes));
            }
            names.add(entry.name());
            match self.place(entry.name())? {
                Place::Meta(path) => {
                    self.totals.resources += 1;
                    self.levels = self.levels.max(layout::depth(path));
                    self.parents_first &= ancestors.enter(path);
                }
                Place::Content(_) => {
                    self.totals.files += 1;
                    self.totals.content_bytes += entry.header.size;
                }
                Place::Readable => self.totals.readable += 1,
                Place::Folder(_) | Place::Root => {}
                single => {
                    if matches!(single, Place::Documents(_) | Place::Links | Place::Removed) {
                        self.totals.document_bytes += entry.header.size;
                    }
                    if let Some(name) = layout::singles().find(|&name| name == entry.name()) {
                        self.singles.insert(name, entry);
                    }
                }
            }
        }
        for hash in names.sort() {
            self.refuse_duplicate(&names, hash)?;
        }
        Ok(names)
    }

    /// Refuses two entries of one name among those of a hash.
    fn refuse_duplicate(&self, names: &Names, hash: u64) -> Result<()> {
        let mut found: Vec<String> = Vec::new();
        let mut cursor = self.cursor();
        while let Some(entry) = cursor.next(&self.source, &self.limits)? {
            if names.hash(entry.name()) == hash {
                if found.iter().any(|name| name == entry.name()) {
                    return Err(Error::hostile(entry.name(), "two entries of this name"));
                }
                found.push(entry.header.name);
            }
        }
        Ok(())
    }

    /// Checks that every resource has a `.pmeta` and is in something that has one and is no file.
    fn check_tree(&self, names: &Names) -> Result<()> {
        let require = |path: &str| {
            let name = layout::folder(path) + layout::META;
            if names.contains(&name) { Ok(()) } else { Err(Error::missing(name)) }
        };
        require("")?;
        let mut cursor = self.cursor();
        while let Some(entry) = cursor.next(&self.source, &self.limits)? {
            match self.place(entry.name())? {
                Place::Meta(path) => {
                    let Some(parent) = layout::parent(path) else { continue };
                    require(parent)?;
                    if names.contains(&(layout::folder(parent) + layout::CONTENT)) {
                        return Err(Error::hostile(entry.name(), "a resource in a file"));
                    }
                }
                Place::Content(path) | Place::Folder(path) => require(path)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// What an entry of that name is.
    pub(crate) fn place<'n>(&self, name: &'n str) -> Result<Place<'n>> {
        layout::place(name, self.limits.max_depth)
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor::new(&self.directory)
    }

    fn single(&self, name: &str) -> Result<&Entry> {
        self.singles.get(name).ok_or_else(|| Error::missing(name))
    }

    pub(crate) fn open_single(&self, name: &str) -> Result<EntryReader<'_, R>> {
        EntryReader::open(&self.source, self.single(name)?)
    }

    /// An entry that is small by its nature.
    fn small(&self, name: &str) -> Result<Vec<u8>> {
        self.small_entry(self.single(name)?)
    }

    pub(crate) fn small_entry(&self, entry: &Entry) -> Result<Vec<u8>> {
        if entry.header.size > self.limits.max_meta_bytes {
            return Err(Error::limit(entry.name(), "size of a small entry", self.limits.max_meta_bytes));
        }
        EntryReader::open(&self.source, entry)?.read_all()
    }

    /// Sizes by the directory.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// When and where it was exported.
    #[must_use]
    pub fn export_manifest(&self) -> &ExportManifest {
        &self.export
    }

    /// Our manifest, unchecked; `None` in a snapshot of the reference. [`verify`](crate::verify) says whether it is
    /// true.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub fn manifest(&self) -> Result<Option<Manifest>> {
        match self.signed_manifest()? {
            Some((bytes, _)) => self.parse_manifest(&bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The hash of our manifest, by which an incremental snapshot names its [`Base`](crate::Base); `None` in a snapshot
    /// of the reference.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn manifest_hash(&self) -> Result<Option<String>> {
        Ok(self.signed_manifest()?.map(|(bytes, _)| manifest_hash(&bytes)))
    }

    /// Parses our manifest, which must say the same of a base as `00_manifest.json`.
    pub(crate) fn parse_manifest(&self, bytes: &[u8]) -> Result<Manifest> {
        let manifest = Manifest::parse(bytes)?;
        if manifest.base.is_some() != self.export.is_incremental {
            return Err(Error::malformed(layout::MANIFEST, 1, "`base` does not belong here, or is missing"));
        }
        Ok(manifest)
    }

    /// What was removed since the base, of an incremental snapshot.
    ///
    /// # Errors
    /// If it is none, or the entry is damaged.
    pub fn removed(&self) -> Result<Removals<'_, R>> {
        Ok(Removals::new(self.open_single(layout::REMOVED)?, self.limits.max_line_bytes))
    }

    /// The bytes of our manifest and the signature, unchecked.
    pub(crate) fn signed_manifest(&self) -> Result<Option<(Vec<u8>, ManifestSignature)>> {
        if !self.singles.contains_key(layout::MANIFEST) {
            return Ok(None);
        }
        let signature = ManifestSignature::parse(&self.small(layout::SIGNATURE)?)?;
        Ok(Some((self.small(layout::MANIFEST)?, signature)))
    }

    /// The documents of a kind. Of [`Kind::Cell`] there is one.
    ///
    /// # Errors
    /// If the entry is damaged.
    pub fn documents(&self, kind: Kind) -> Result<Documents<'_, R>> {
        let reader = self.open_single(layout::documents(kind))?;
        Ok(Documents::new(reader, kind, self.limits.max_line_bytes))
    }

    /// The many-to-many links.
    ///
    /// # Errors
    /// If the entry is damaged.
    pub fn links(&self) -> Result<Links<'_, R>> {
        Ok(Links::new(self.open_single(layout::LINKS)?, self.limits.max_line_bytes))
    }

    /// The WebDAV resources, each after the collection that it is in, the Cell's own first.
    #[must_use]
    pub fn resources(&self) -> Resources<'_, R> {
        Resources::new(self)
    }
}

/// Which names there are, as hashes: eight bytes an entry, whatever its name. The key is random, so nobody can make
/// names that collide.
pub(crate) struct Names {
    state: RandomState,
    hashes: Vec<u64>,
}

impl Names {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { state: RandomState::new(), hashes: Vec::with_capacity(count) }
    }

    pub(crate) fn hash(&self, name: &str) -> u64 {
        self.state.hash_one(name)
    }

    pub(crate) fn add(&mut self, name: &str) {
        self.hashes.push(self.hash(name));
    }

    /// Makes ready for [`contains`](Self::contains); returns the hashes that there are two of.
    pub(crate) fn sort(&mut self) -> Vec<u64> {
        self.hashes.sort_unstable();
        let mut twice: Vec<u64> =
            self.hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        twice.dedup();
        twice
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.hashes.binary_search(&self.hash(name)).is_ok()
    }
}

/// Follows a walk through the tree.
#[derive(Default)]
struct Ancestors(Vec<String>);

impl Ancestors {
    /// Whether the resource comes while, or directly after, the collection that it is in was walked.
    fn enter(&mut self, path: &str) -> bool {
        if let Some(parent) = layout::parent(path) {
            while self.0.last().is_some_and(|last| last != parent) {
                self.0.pop();
            }
            if self.0.is_empty() {
                return false;
            }
        }
        self.0.push(path.to_owned());
        true
    }
}
