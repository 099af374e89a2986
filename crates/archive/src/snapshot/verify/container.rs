//! Checks how entries lie in the file: without gaps, and in a signed archive with headers of the one form that our
//! writer gives them.

use std::io::{Read, Seek};

use saibo_model::Kind;

use super::Seen;
use super::report::{Problem, Report};
use crate::Result;
use crate::snapshot::layout::{self, Place};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::reader::SnapshotReader;
use crate::zip::directory::Entry;
use crate::zip::entry::read_local;
use crate::zip::header::{self, DEFLATED, FLAG_DESCRIPTOR, FLAG_UTF8, Header, STORED};
use crate::zip::time::DosTime;
use crate::zip::writer::WHOLE;

pub(super) struct Container<'a, R> {
    snapshot: &'a SnapshotReader<R>,
    /// Time of all entries of a signed archive.
    signed: Option<DosTime>,
    first: bool,
    left: u64,
}

/// Whether method and flags are those that our writer gives such an entry: two headers that agree could have others,
/// and nothing else would tell.
fn has_form(place: Place<'_>, header: &Header) -> bool {
    let form = (header.method, header.flags);
    let stored = form == (STORED, FLAG_UTF8);
    let deflated = form == (DEFLATED, FLAG_UTF8);
    let streamed = form == (DEFLATED, FLAG_UTF8 | FLAG_DESCRIPTOR);
    match place {
        Place::Root | Place::Folder(_) | Place::Manifest | Place::Signature => stored,
        Place::ExportManifest | Place::Documents(Kind::Cell) | Place::Meta(_) => stored || deflated,
        Place::Content(_) if header.size <= WHOLE as u64 => stored || deflated,
        Place::Content(_) => stored || streamed,
        Place::Documents(_) | Place::Links | Place::Readable | Place::Removed | Place::EntryList => streamed,
    }
}

/// The longest data descriptor.
const MOST_DESCRIPTOR: u64 = 24;

impl<'a, R: Read + Seek> Container<'a, R> {
    pub(super) fn new(snapshot: &'a SnapshotReader<R>, manifest: Option<&Manifest>) -> Self {
        let signed = manifest.map(|manifest| DosTime::from_millis(manifest.created));
        Self { snapshot, signed, first: true, left: snapshot.directory.count }
    }

    /// Checks an entry; `seen` is missing if its data is damaged.
    pub(super) fn check(&mut self, entry: &Entry, seen: Option<&Seen>, report: &mut Report) -> Result<()> {
        let mut found = |why: &str| report.add(entry.name(), Problem::Repacked(why.to_owned()));
        if std::mem::take(&mut self.first) {
            if entry.header.offset != 0 {
                found("bytes before the first entry");
            }
            if self.signed.is_some() && !self.snapshot.directory.canonical {
                found("the end of the central directory");
            }
        }
        if let Some(seen) = seen
            && !self.is_descriptor(entry, seen.end)?
        {
            found("bytes between its data and what follows");
        }
        self.left = self.left.saturating_sub(1);
        let Some(time) = self.signed else { return Ok(()) };
        if entry.header.time != time {
            found("the time in its header");
        }
        if !has_form(self.snapshot.place(entry.name())?, &entry.header) {
            found("its flags, or how it is compressed");
        }
        if !entry.canonical {
            found("its header in the central directory");
        }
        if seen.is_some() {
            let mut expected = Vec::new();
            header::encode_local(&mut expected, &entry.header);
            if read_local(&self.snapshot.source, entry)? != expected {
                found("its local header");
            }
        }
        // Ours are the last three, in this order.
        let ours = [layout::SIGNATURE, layout::MANIFEST, layout::ENTRY_LIST];
        let place = usize::try_from(self.left).ok().and_then(|left| ours.get(left));
        if place.is_some_and(|name| *name != entry.name())
            || (place.is_none() && ours.contains(&entry.name()))
        {
            found("its place in the archive");
        }
        Ok(())
    }

    /// Whether what follows the data is a true descriptor if one is announced, and otherwise nothing.
    fn is_descriptor(&self, entry: &Entry, end: u64) -> Result<bool> {
        let length = entry.end.saturating_sub(end);
        if length > MOST_DESCRIPTOR {
            return Ok(false);
        }
        let mut bytes = vec![0; length as usize];
        if self.snapshot.source.read_at(end, &mut bytes)? != bytes.len() {
            return Ok(false);
        }
        let mut expected = Vec::new();
        header::encode_descriptor(&mut expected, &entry.header);
        // Other writers may leave the signature out.
        Ok(bytes == expected || (self.signed.is_none() && expected.get(4..) == Some(&*bytes)))
    }
}
