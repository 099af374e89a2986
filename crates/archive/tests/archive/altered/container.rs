//! A zip as a snapshot's writer makes it, taken apart and put together again, believing whatever it is told.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
/// Flag: checksum and sizes follow the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u32,
    pub(super) content: Vec<u8>,
    /// The content as it stands in the file.
    pub(super) data: Vec<u8>,
}

impl Entry {
    fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// Gives it another content; the same one stays packed as it is.
    pub(super) fn set_content(&mut self, content: Vec<u8>) {
        if content != self.content {
            self.content = content;
            self.pack(self.method, Compression::fast());
        }
    }

    /// Packs the content in another way.
    pub(super) fn pack(&mut self, method: u16, level: Compression) {
        self.method = method;
        self.data = self.content.clone();
        if method == DEFLATED {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(&self.content).unwrap();
            self.data = encoder.finish().unwrap();
        }
    }

    /// What both of its headers have.
    fn common(&self, has_sizes: bool, out: &mut Vec<u8>) {
        let needed = if self.method == DEFLATED || self.is_folder() { 20_u16 } else { 10 };
        for field in [needed, self.flags, self.method] {
            out.extend(field.to_le_bytes());
        }
        out.extend(self.time.to_le_bytes());
        let sizes = [crc32fast::hash(&self.content), self.data.len() as u32, self.content.len() as u32];
        for field in sizes {
            out.extend(if has_sizes { field } else { 0 }.to_le_bytes());
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend([0; 2]);
    }

    fn local(&self, out: &mut Vec<u8>) {
        let has_descriptor = self.flags & DESCRIPTOR != 0;
        out.extend(LOCAL.to_le_bytes());
        self.common(!has_descriptor, out);
        out.extend(self.name.as_bytes());
        out.extend(&self.data);
        if has_descriptor {
            out.extend(b"PK\x07\x08");
            for field in [crc32fast::hash(&self.content), self.data.len() as u32, self.content.len() as u32] {
                out.extend(field.to_le_bytes());
            }
        }
    }

    fn central(&self, offset: usize, out: &mut Vec<u8>) {
        out.extend(CENTRAL.to_le_bytes());
        out.extend((3_u16 << 8 | 45).to_le_bytes());
        self.common(true, out);
        out.extend([0; 6]);
        let attributes = if self.is_folder() { 0o040_755 << 16 | 0x10 } else { 0o100_644_u32 << 16 };
        out.extend(attributes.to_le_bytes());
        out.extend((offset as u32).to_le_bytes());
        out.extend(self.name.as_bytes());
    }
}

/// Numbers at places of a file.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn short(&self, at: usize) -> usize {
        u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap()).into()
    }

    fn long(&self, at: usize) -> usize {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
    }
}

/// The entries of a zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container(pub(super) Vec<Entry>);

impl Container {
    /// Takes a snapshot apart that nobody altered.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let numbers = Numbers(bytes);
        let end = bytes.len() - 22;
        let mut at = numbers.long(end + 16);
        let entries = (0..numbers.short(end + 10)).map(|_| {
            let name_len = numbers.short(at + 28);
            let name = std::str::from_utf8(&bytes[at + 46..at + 46 + name_len]).unwrap().to_owned();
            let from = numbers.long(at + 42) + 30 + name_len;
            let data = bytes[from..from + numbers.long(at + 20)].to_vec();
            let method = numbers.short(at + 10) as u16;
            let mut content = data.clone();
            if method == DEFLATED {
                content.clear();
                DeflateDecoder::new(data.as_slice()).read_to_end(&mut content).unwrap();
            }
            let (flags, time) = (numbers.short(at + 8) as u16, numbers.long(at + 12) as u32);
            at += 46 + name_len;
            Entry { name, flags, method, time, content, data }
        });
        Self(entries.collect())
    }

    /// Puts it together.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_listed(&(0..self.0.len()).collect::<Vec<_>>())
    }

    /// Puts it together, with the entries in another order in the directory.
    pub(super) fn to_bytes_listed(&self, order: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        let offsets: Vec<usize> = self
            .0
            .iter()
            .map(|entry| {
                let offset = out.len();
                entry.local(&mut out);
                offset
            })
            .collect();
        let start = out.len();
        for &at in order {
            self.0[at].central(offsets[at], &mut out);
        }
        let size = out.len() - start;
        out.extend(END.to_le_bytes());
        out.extend([0; 4]);
        out.extend((order.len() as u16).to_le_bytes());
        out.extend((order.len() as u16).to_le_bytes());
        out.extend((size as u32).to_le_bytes());
        out.extend((start as u32).to_le_bytes());
        out.extend([0; 2]);
        out
    }

    /// The entry in whose data a byte of the file is.
    pub(super) fn entry_at(&self, byte: usize) -> Option<&Entry> {
        let mut at = 0;
        self.0.iter().find(|entry| {
            let mut local = Vec::new();
            entry.local(&mut local);
            let from = at + 30 + entry.name.len();
            at += local.len();
            (from..from + entry.data.len()).contains(&byte)
        })
    }

    /// Names and contents, in whatever order.
    pub(super) fn contents(&self) -> Vec<(&str, &[u8])> {
        let mut contents: Vec<_> =
            self.0.iter().map(|entry| (entry.name.as_str(), entry.content.as_slice())).collect();
        contents.sort_unstable();
        contents
    }
}
