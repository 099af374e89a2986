//! Says whether a snapshot is whole, and whether it is exactly what its unit signed.
//!
//! One pass over the file in the order of its entries. Everything is read and parsed; what a signed manifest lists is
//! compared; and since an archive that [`SnapshotWriter`](crate::SnapshotWriter) wrote has one form only, headers are
//! compared with that form: not one bit of it can change unseen.

mod container;
mod listing;
mod report;

use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use ed25519_dalek::VerifyingKey;
use saibo_model::Kind;
use sha2::{Digest, Sha256};

use self::container::Container;
use self::listing::Listing;
pub use self::report::{Finding, Problem, Progress, Report};
use super::document::DocumentLine;
use super::layout::{self, Place};
use super::lines::Lines;
use super::link::LinkLine;
use super::manifest::{ContentRoot, ExportManifest, hex};
use super::meta::NodeMeta;
use super::reader::SnapshotReader;
use super::removed;
use super::summary::Signer;
use super::walk::check_kind;
use super::writer::is_skippable;
use crate::zip::BUFFER;
use crate::zip::directory::Entry;
use crate::zip::entry::EntryReader;
use crate::{Error, Result};

/// Checks a whole snapshot. A key that is not in `trusted`, if given, is a finding, and so is no signature then.
/// `progress` is called after every piece that was read, and may stop it.
///
/// # Errors
/// If the file itself fails, or `progress` breaks. Whatever is wrong with the snapshot is in the report.
pub fn verify<R: Read + Seek>(
    snapshot: &SnapshotReader<R>,
    trusted: Option<&[VerifyingKey]>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report> {
    verify_rest(snapshot, trusted, 0, progress)
}

/// As [`verify`], but for contents that lie ahead of `read_back` and that [`SnapshotWriter::file`] told of. Their data is
/// not read again: whoever wrote the file has read it back, and found the SHA-256 that the list of entries is to say.
///
/// [`SnapshotWriter::file`]: crate::SnapshotWriter::file
///
/// # Errors
/// As of [`verify`].
pub fn verify_rest<R: Read + Seek>(
    snapshot: &SnapshotReader<R>,
    trusted: Option<&[VerifyingKey]>,
    read_back: u64,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report> {
    let mut verifier = Verifier {
        snapshot,
        read_back,
        report: Report::default(),
        progress: Ticker::new(snapshot, progress),
        root: ContentRoot::new(),
        buffer: Vec::new(),
    };
    verifier.signature(trusted)?;
    verifier.entries()?;
    verifier.totals();
    verifier.tree()?;
    Ok(verifier.report)
}

struct Verifier<'a, R> {
    snapshot: &'a SnapshotReader<R>,
    /// Up to where contents were read back already.
    read_back: u64,
    report: Report,
    progress: Ticker<'a>,
    root: ContentRoot,
    buffer: Vec<u8>,
}

/// What reading an entry to its end has shown.
struct Seen {
    sha256: [u8; 32],
    /// Where its data ended, and the data's checksum.
    end: u64,
    packed_crc32: u32,
}

impl<R: Read + Seek> Verifier<'_, R> {
    fn signature(&mut self, trusted: Option<&[VerifyingKey]>) -> Result<()> {
        let signed = match self.snapshot.signed_manifest() {
            Ok(Some((bytes, signature))) => {
                self.snapshot.parse_manifest(&bytes).map(|manifest| (manifest, bytes, signature))
            }
            Ok(None) => {
                if trusted.is_some() {
                    self.report.add(layout::SIGNATURE, Problem::Unsigned);
                }
                return Ok(());
            }
            Err(error) => Err(error),
        };
        match signed {
            Ok((manifest, bytes, signature)) => {
                if !signature.is_of(&bytes) {
                    self.report.add(layout::SIGNATURE, Problem::BadSignature);
                } else if trusted.is_some_and(|keys| !keys.contains(&signature.key)) {
                    self.report.add(layout::SIGNATURE, Problem::UntrustedKey);
                }
                self.report.signer = Some(Signer::new(signature.key));
                self.report.manifest = Some(manifest);
                Ok(())
            }
            Err(error) => self.report.add_error(layout::MANIFEST, error),
        }
    }

    /// Reads every entry, in the order of the directory.
    fn entries(&mut self) -> Result<()> {
        let mut listing = None;
        if self.report.manifest.is_some() {
            match Listing::open(self.snapshot) {
                Ok(opened) => listing = Some(opened),
                Err(error) => self.report.add_error(layout::ENTRY_LIST, error)?,
            }
        }
        let mut container = Container::new(self.snapshot, self.report.manifest.as_ref());
        let mut cursor = self.snapshot.cursor();
        while let Some(entry) = cursor.next(&self.snapshot.source, &self.snapshot.limits)? {
            self.report.entries += 1;
            self.report.bytes += entry.header.size;
            let known = match &mut listing {
                Some(listing) if entry.end <= self.read_back && is_skippable(&entry.header) => {
                    listing.sha256_of(entry.name(), &mut self.report)?
                }
                _ => None,
            };
            let seen = match known {
                Some(sha256) => self.skip(&entry, sha256),
                None => self.read(&entry),
            };
            let seen = match seen {
                Ok(seen) => Some(seen),
                Err(error) => {
                    self.report.add_error(entry.name(), error)?;
                    None
                }
            };
            container.check(&entry, seen.as_ref(), &mut self.report)?;
            let ours = matches!(
                self.snapshot.place(entry.name())?,
                Place::EntryList | Place::Manifest | Place::Signature
            );
            if let (Some(seen), false) = (&seen, ours) {
                self.root.add(entry.name(), &seen.sha256);
            }
            if !ours && let Some(listing) = &mut listing {
                listing.check(&entry, seen.as_ref(), &mut self.report)?;
            } else if entry.name() == layout::ENTRY_LIST
                && let (Some(seen), Some(manifest)) = (&seen, &self.report.manifest)
            {
                let list = &manifest.entries;
                if hex(&seen.sha256) != list.sha256 {
                    self.report.add(layout::ENTRY_LIST, Problem::HashDiffers);
                } else if seen.packed_crc32 != list.packed_crc32 {
                    self.report.add(layout::ENTRY_LIST, Problem::Repacked("compressed anew".to_owned()));
                }
            }
            self.progress.entry()?;
        }
        match &mut listing {
            Some(listing) => listing.finish(&mut self.report),
            None => Ok(()),
        }
    }

    /// Compares what was summed up on the way.
    fn totals(&mut self) {
        self.report.root = self.root.finish();
        // Any other finding makes these differ too, and says better what is wrong.
        if !self.report.content_is_intact() {
            return;
        }
        let Some(manifest) = &self.report.manifest else { return };
        if manifest.root != self.report.root {
            self.report.add(layout::MANIFEST, Problem::RootDiffers);
        } else if manifest.counts != self.report.counts {
            self.report.add(layout::MANIFEST, Problem::CountsDiffer);
        }
    }

    /// Checks that files have contents and nothing else has. Our writer cannot do otherwise.
    fn tree(&mut self) -> Result<()> {
        if self.report.manifest.is_some() && self.report.content_is_intact() {
            return Ok(());
        }
        for resource in self.snapshot.resources() {
            if let Err(error) = resource {
                let entry = error.entry().unwrap_or(layout::WEBDAV).to_owned();
                if !self.report.findings.iter().any(|finding| finding.entry == entry) {
                    self.report.add_error(&entry, error)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a content for what it was when it was read back.
    fn skip(&mut self, entry: &Entry, sha256: [u8; 32]) -> Result<Seen> {
        let Place::Content(path) = self.snapshot.place(entry.name())? else { return self.read(entry) };
        let (end, packed_crc32) = EntryReader::open(&self.snapshot.source, entry)?.skip_stored();
        self.report.counts.content(path, entry.header.size);
        Ok(Seen { sha256, end, packed_crc32 })
    }

    /// Reads an entry to its end. What its text says wrong is reported, and it is read on.
    fn read(&mut self, entry: &Entry) -> Result<Seen> {
        let name = entry.name();
        let reader = EntryReader::open(&self.snapshot.source, entry)?;
        let mut tap = Tap { reader, sha256: Sha256::new(), ticker: &mut self.progress };
        let limits = &self.snapshot.limits;
        let counts = &mut self.report.counts;
        let wrong = match self.snapshot.place(name)? {
            Place::Documents(kind) => {
                let mut lines = Lines::new(tap, name, entry.header.size, limits.max_line_bytes);
                let wrong = each_line(&mut lines, |line, number| {
                    DocumentLine::parse(line, kind, name, number).map(|line| counts.document(&line))
                });
                let one = kind != Kind::Cell || lines.number() == 1;
                tap = lines.into_inner();
                wrong.and(if one { Ok(()) } else { Err(Error::malformed(name, 1, "not one document")) })
            }
            Place::Links => {
                let mut lines = Lines::new(tap, name, entry.header.size, limits.max_line_bytes);
                let wrong = each_line(&mut lines, |line, number| {
                    LinkLine::parse(line, number).map(|_| counts.links += 1)
                });
                tap = lines.into_inner();
                wrong
            }
            Place::Removed => {
                let mut lines = Lines::new(tap, name, entry.header.size, limits.max_line_bytes);
                let wrong = each_line(&mut lines, |line, number| {
                    removed::parse(line, number).map(|_| counts.removed += 1)
                });
                tap = lines.into_inner();
                wrong
            }
            Place::ExportManifest => small(&mut tap, entry, limits.max_meta_bytes)
                .and_then(|bytes| ExportManifest::parse(&bytes).map(drop)),
            Place::Meta(path) => small(&mut tap, entry, limits.max_meta_bytes).and_then(|bytes| {
                let meta = NodeMeta::parse(&bytes, name)?;
                check_kind(path, &meta, name)?;
                counts.node(path, meta.kind);
                Ok(())
            }),
            Place::Content(path) => {
                counts.content(path, entry.header.size);
                Ok(())
            }
            _ => Ok(()),
        };
        match wrong {
            Err(
                error @ (Error::Malformed { .. } | Error::Limit { .. } | Error::UnsupportedVersion { .. }),
            ) => {
                self.report.add_error(name, error)?;
            }
            other => other?,
        }
        self.buffer.resize((BUFFER as u64).min(entry.header.size) as usize, 0);
        while tap.read(&mut self.buffer)? > 0 {}
        let sha256 = tap.sha256.finalize().into();
        let (end, packed_crc32) = tap.reader.packed_end();
        Ok(Seen { sha256, end, packed_crc32 })
    }
}

fn each_line<T: Read>(lines: &mut Lines<T>, mut parse: impl FnMut(&str, u64) -> Result<()>) -> Result<()> {
    loop {
        let number = lines.number() + 1;
        match lines.next()? {
            Some(line) => parse(line, number)?,
            None => return Ok(()),
        }
    }
}

fn small(tap: &mut impl Read, entry: &Entry, limit: u64) -> Result<Vec<u8>> {
    if entry.header.size > limit {
        return Err(Error::limit(entry.name(), "size of a small entry", limit));
    }
    let mut bytes = Vec::new();
    tap.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hashes what is read, and says so.
struct Tap<'a, 't, 'p, R> {
    reader: EntryReader<'a, R>,
    sha256: Sha256,
    ticker: &'t mut Ticker<'p>,
}

impl<R: Read + Seek> Read for Tap<'_, '_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read_some(out)?;
        self.sha256.update(&out[..count]);
        self.ticker.bytes(count as u64)?;
        Ok(count)
    }
}

/// Reports the progress.
struct Ticker<'p> {
    now: Progress,
    call: &'p mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl<'p> Ticker<'p> {
    fn new<R: Read + Seek>(
        snapshot: &SnapshotReader<R>,
        call: &'p mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Self {
        let totals = snapshot.totals();
        let now = Progress { entries: 0, bytes: 0, total_entries: totals.entries, total_bytes: totals.bytes };
        Self { now, call }
    }

    fn entry(&mut self) -> Result<()> {
        self.now.entries += 1;
        self.tick()
    }

    fn bytes(&mut self, count: u64) -> Result<()> {
        self.now.bytes += count;
        self.tick()
    }

    fn tick(&mut self) -> Result<()> {
        match (self.call)(self.now) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted),
        }
    }
}
