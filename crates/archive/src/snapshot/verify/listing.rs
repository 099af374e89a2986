//! Compares the entries with the list of them that was signed.
//!
//! Both are in the order of the file, so they are read side by side and neither is held in memory. Only when they part
//! are the names of both indexed, to tell what is missing from what was added.

use std::io::{Read, Seek};

use super::report::{Problem, Report};
use super::{Seen, each_line};
use crate::Result;
use crate::snapshot::layout;
use crate::snapshot::lines::Lines;
use crate::snapshot::manifest::{ListedEntry, from_hex, hex};
use crate::snapshot::reader::{Names, SnapshotReader};
use crate::zip::directory::Entry;
use crate::zip::entry::EntryReader;

pub(super) struct Listing<'a, R> {
    snapshot: &'a SnapshotReader<R>,
    lines: Lines<EntryReader<'a, R>>,
    ahead: Option<ListedEntry>,
    count: u64,
    bytes: u64,
    index: Option<Index>,
    /// The list is damaged: that is said once, and nothing is compared.
    broken: bool,
}

/// Names of the directory, and of the list.
struct Index {
    present: Names,
    listed: Names,
}

impl<'a, R: Read + Seek> Listing<'a, R> {
    pub(super) fn open(snapshot: &'a SnapshotReader<R>) -> Result<Self> {
        let reader = snapshot.open_single(layout::ENTRY_LIST)?;
        let size = reader.size();
        let lines = Lines::new(reader, layout::ENTRY_LIST, size, snapshot.limits.max_line_bytes);
        Ok(Self { snapshot, lines, ahead: None, count: 0, bytes: 0, index: None, broken: false })
    }

    /// Compares an entry that stands in the directory.
    pub(super) fn check(&mut self, entry: &Entry, seen: Option<&Seen>, report: &mut Report) -> Result<()> {
        loop {
            if self.broken {
                return Ok(());
            }
            let Some(listed) = self.next(report)? else {
                if !self.broken {
                    report.add(entry.name(), Problem::Extra);
                }
                return Ok(());
            };
            if listed.name == entry.name() {
                if let Some(seen) = seen {
                    compare(&listed, entry, seen, report);
                }
                return Ok(());
            }
            if !self.index()?.listed.contains(entry.name()) {
                self.ahead = Some(listed);
                report.add(entry.name(), Problem::Extra);
                return Ok(());
            }
            if self.index()?.present.contains(&listed.name) {
                report.add(entry.name(), Problem::OutOfOrder);
                return Ok(());
            }
            report.add(&listed.name, Problem::Missing);
        }
    }

    /// The SHA-256 that the list says of an entry, if it is the next one there.
    pub(super) fn sha256_of(&mut self, name: &str, report: &mut Report) -> Result<Option<[u8; 32]>> {
        let Some(listed) = self.next(report)? else { return Ok(None) };
        // It is compared with what follows yet, so it is counted once.
        let listed = self.ahead.insert(listed);
        Ok(if listed.name == name { from_hex(&listed.sha256) } else { None })
    }

    /// Reports what the list has and the directory has not.
    pub(super) fn finish(&mut self, report: &mut Report) -> Result<()> {
        while let Some(listed) = self.next(report)? {
            if !self.index()?.present.contains(&listed.name) {
                report.add(&listed.name, Problem::Missing);
            }
        }
        if let (Some(manifest), false) = (&report.manifest, self.broken)
            && (manifest.entries.count, manifest.entries.bytes) != (self.count, self.bytes)
        {
            report.add(layout::MANIFEST, Problem::CountsDiffer);
        }
        Ok(())
    }

    fn next(&mut self, report: &mut Report) -> Result<Option<ListedEntry>> {
        if self.broken {
            return Ok(None);
        }
        if let Some(listed) = self.ahead.take() {
            return Ok(Some(listed));
        }
        let number = self.lines.number() + 1;
        let listed = match self.lines.next() {
            Ok(Some(line)) => ListedEntry::parse(line, number),
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        };
        match listed {
            Ok(listed) => {
                self.count += 1;
                self.bytes = self.bytes.saturating_add(listed.length);
                Ok(Some(listed))
            }
            Err(error) => {
                self.broken = true;
                report.add_error(layout::ENTRY_LIST, error)?;
                Ok(None)
            }
        }
    }

    fn index(&mut self) -> Result<&Index> {
        let index = match self.index.take() {
            Some(index) => index,
            None => Index::build(self.snapshot)?,
        };
        Ok(self.index.insert(index))
    }
}

impl Index {
    fn build<R: Read + Seek>(snapshot: &SnapshotReader<R>) -> Result<Self> {
        let (mut present, mut listed) = (Names::with_capacity(0), Names::with_capacity(0));
        let mut cursor = snapshot.cursor();
        while let Some(entry) = cursor.next(&snapshot.source, &snapshot.limits)? {
            present.add(entry.name());
        }
        let reader = snapshot.open_single(layout::ENTRY_LIST)?;
        let size = reader.size();
        let mut lines = Lines::new(reader, layout::ENTRY_LIST, size, snapshot.limits.max_line_bytes);
        // A list that ends in an error is reported where it is compared.
        let _ = each_line(&mut lines, |line, number| {
            listed.add(&ListedEntry::parse(line, number)?.name);
            Ok(())
        });
        present.sort();
        listed.sort();
        Ok(Self { present, listed })
    }
}

fn compare(listed: &ListedEntry, entry: &Entry, seen: &Seen, report: &mut Report) {
    if listed.length != entry.header.size || listed.sha256 != hex(&seen.sha256) {
        report.add(entry.name(), Problem::HashDiffers);
    } else if listed.packed_crc32 != seen.packed_crc32 {
        report.add(entry.name(), Problem::Repacked("compressed anew".to_owned()));
    }
}
