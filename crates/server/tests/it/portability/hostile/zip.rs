//! Zip files made byte by byte, so that they can say whatever a test wants.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// An entry, with what its headers claim.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc32: u32,
    /// Length of the data, as claimed.
    pub(super) packed: u32,
    /// Length of the content, as claimed.
    pub(super) size: u32,
    /// Unix mode.
    pub(super) mode: u32,
    /// Where the directory says that it begins; by default where it does.
    pub(super) offset: Option<u32>,
    pub(super) data: Vec<u8>,
}

impl Entry {
    /// Stored, and honest.
    pub(super) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        Self {
            name: name.to_owned(),
            flags: 0,
            method: 0,
            crc32: crc32(content),
            packed: content.len() as u32,
            size: content.len() as u32,
            mode: 0,
            offset: None,
            data: content.to_vec(),
        }
    }

    /// Deflated, and honest.
    pub(super) fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        Self { method: 8, packed: data.len() as u32, data, ..Self::new(name, content) }
    }

    /// What both of its headers have.
    fn header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, 20, 2);
        put(&mut out, self.flags.into(), 2);
        put(&mut out, self.method.into(), 2);
        put(&mut out, 0x5d78_002d, 4);
        put(&mut out, self.crc32.into(), 4);
        put(&mut out, self.packed.into(), 4);
        put(&mut out, self.size.into(), 4);
        put(&mut out, self.name.len() as u64, 2);
        put(&mut out, 0, 2);
        out
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn put(out: &mut Vec<u8>, value: u64, bytes: usize) {
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

/// The zip file of these entries.
pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        put(&mut out, 0x0403_4b50, 4);
        out.extend(entry.header());
        out.extend_from_slice(entry.name.as_bytes());
        out.extend_from_slice(&entry.data);
        put(&mut directory, 0x0201_4b50, 4);
        put(&mut directory, 0x031e, 2);
        directory.extend(entry.header());
        put(&mut directory, 0, 6);
        put(&mut directory, u64::from(entry.mode) << 16, 4);
        put(&mut directory, offset.into(), 4);
        directory.extend_from_slice(entry.name.as_bytes());
    }
    let (start, size, count) = (out.len() as u64, directory.len() as u64, entries.len() as u64);
    out.extend(directory);
    for (value, bytes) in [(0x0605_4b50, 4), (0, 4), (count, 2), (count, 2), (size, 4), (start, 4), (0, 2)] {
        put(&mut out, value, bytes);
    }
    out
}
