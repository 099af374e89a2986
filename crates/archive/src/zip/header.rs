//! The records of a zip: local header, data descriptor, central header, end of the central directory.
//!
//! Each encoder has no choice but what its arguments say. A reader that encodes what it has parsed and finds the
//! same bytes knows that no bit of the record differs from what this module wrote.

use super::time::DosTime;
use crate::{Error, Result};

pub(crate) const LOCAL: u32 = 0x0403_4b50;
pub(crate) const DESCRIPTOR: u32 = 0x0807_4b50;
pub(crate) const CENTRAL: u32 = 0x0201_4b50;
pub(crate) const END: u32 = 0x0605_4b50;
pub(crate) const END64: u32 = 0x0606_4b50;
pub(crate) const LOCATOR64: u32 = 0x0706_4b50;

/// Length of a local header without name and extra fields.
pub(crate) const LOCAL_LEN: usize = 30;
/// Length of a central header without name, extra fields and comment.
pub(crate) const CENTRAL_LEN: usize = 46;
/// Length of the end record without comment.
pub(crate) const END_LEN: usize = 22;
/// Length of the Zip64 end record.
pub(crate) const END64_LEN: usize = 56;
/// Length of the Zip64 locator.
pub(crate) const LOCATOR64_LEN: usize = 20;

/// Flag: sizes and checksum follow the data.
pub(crate) const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// Flag: the name is UTF-8.
pub(crate) const FLAG_UTF8: u16 = 1 << 11;
/// Flags of encryption in its three forms.
pub(crate) const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Flag: the data is a patch.
pub(crate) const FLAG_PATCH: u16 = 1 << 5;

/// Method: the data as it is.
pub(crate) const STORED: u16 = 0;
/// Method: deflate.
pub(crate) const DEFLATED: u16 = 8;

/// Sizes and offsets from here on stand in a Zip64 field.
pub(crate) const SENTINEL: u32 = u32::MAX;
const ZIP64_EXTRA: u16 = 1;
/// Unix, version 4.5 of the format.
const MADE_BY: u16 = 3 << 8 | 45;
const FILE_ATTRIBUTES: u32 = 0o100_644 << 16;
const FOLDER_ATTRIBUTES: u32 = 0o040_755 << 16 | 0x10;

/// What an entry's headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: DosTime,
    pub(crate) crc32: u32,
    /// Size of the data as it stands in the file.
    pub(crate) packed: u64,
    /// Size of the content.
    pub(crate) size: u64,
    /// Where the local header begins.
    pub(crate) offset: u64,
}

impl Header {
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    pub(crate) fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }

    fn is_large(&self) -> bool {
        self.size >= u64::from(SENTINEL) || self.packed >= u64::from(SENTINEL)
    }

    fn version_needed(&self, zip64: bool) -> u16 {
        match (zip64, self.method == DEFLATED || self.is_folder()) {
            (true, _) => 45,
            (false, true) => 20,
            (false, false) => 10,
        }
    }
}

/// `value`, or the sentinel if a Zip64 field has to hold it.
fn short(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(SENTINEL)
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends the local header. With a descriptor to follow, sizes and checksum are left zero. There is no Zip64 field
/// then: Java's stream reader tells the form of the descriptor by the size of the data alone.
pub(crate) fn encode_local(out: &mut Vec<u8>, header: &Header) {
    let known = !header.has_descriptor();
    let zip64 = known && header.is_large();
    let (crc32, packed, size) = match (known, zip64) {
        (false, _) => (0, 0, 0),
        (true, true) => (header.crc32, SENTINEL, SENTINEL),
        (true, false) => (header.crc32, short(header.packed), short(header.size)),
    };
    put32(out, LOCAL);
    put16(out, header.version_needed(zip64));
    put16(out, header.flags);
    put16(out, header.method);
    put32(out, header.time.0);
    put32(out, crc32);
    put32(out, packed);
    put32(out, size);
    put16(out, header.name.len() as u16);
    put16(out, if zip64 { 20 } else { 0 });
    out.extend_from_slice(header.name.as_bytes());
    if zip64 {
        put16(out, ZIP64_EXTRA);
        put16(out, 16);
        put64(out, header.size);
        put64(out, header.packed);
    }
}

/// Appends the data descriptor, if the header announces one.
pub(crate) fn encode_descriptor(out: &mut Vec<u8>, header: &Header) {
    if !header.has_descriptor() {
        return;
    }
    put32(out, DESCRIPTOR);
    put32(out, header.crc32);
    if header.packed > u64::from(SENTINEL) || header.size > u64::from(SENTINEL) {
        put64(out, header.packed);
        put64(out, header.size);
    } else {
        put32(out, header.packed as u32);
        put32(out, header.size as u32);
    }
}

/// Appends the central header.
pub(crate) fn encode_central(out: &mut Vec<u8>, header: &Header) {
    let large: Vec<u64> = [header.size, header.packed, header.offset]
        .into_iter()
        .filter(|&value| value >= u64::from(SENTINEL))
        .collect();
    put32(out, CENTRAL);
    put16(out, MADE_BY);
    put16(out, header.version_needed(!large.is_empty()));
    put16(out, header.flags);
    put16(out, header.method);
    put32(out, header.time.0);
    put32(out, header.crc32);
    put32(out, short(header.packed));
    put32(out, short(header.size));
    put16(out, header.name.len() as u16);
    put16(out, if large.is_empty() { 0 } else { 4 + 8 * large.len() as u16 });
    put16(out, 0); // comment
    put16(out, 0); // disk
    put16(out, 0); // internal attributes
    put32(out, if header.is_folder() { FOLDER_ATTRIBUTES } else { FILE_ATTRIBUTES });
    put32(out, short(header.offset));
    out.extend_from_slice(header.name.as_bytes());
    if !large.is_empty() {
        put16(out, ZIP64_EXTRA);
        put16(out, 8 * large.len() as u16);
        for value in large {
            put64(out, value);
        }
    }
}

/// Appends the end of the central directory, with its Zip64 records when a number asks for them.
pub(crate) fn encode_end(out: &mut Vec<u8>, count: u64, start: u64, size: u64) {
    let few = u16::try_from(count).unwrap_or(u16::MAX);
    if few == u16::MAX || start >= u64::from(SENTINEL) || size >= u64::from(SENTINEL) {
        put32(out, END64);
        put64(out, END64_LEN as u64 - 12);
        put16(out, MADE_BY);
        put16(out, 45);
        put32(out, 0);
        put32(out, 0);
        put64(out, count);
        put64(out, count);
        put64(out, size);
        put64(out, start);
        put32(out, LOCATOR64);
        put32(out, 0);
        put64(out, start.saturating_add(size));
        put32(out, 1);
    }
    put32(out, END);
    put32(out, 0);
    put16(out, few);
    put16(out, few);
    put32(out, short(size));
    put32(out, short(start));
    put16(out, 0);
}

/// Reads little-endian numbers from the front of a slice.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// A central header as parsed, with what is checked but not kept.
pub(crate) struct Central {
    pub(crate) header: Header,
    /// The Unix mode, if the writer gave one.
    pub(crate) mode: u32,
    /// Length of the whole record.
    pub(crate) length: usize,
}

/// Parses the central header at the front of `bytes`; `None` if more bytes are needed.
pub(crate) fn decode_central(bytes: &[u8]) -> Result<Option<Central>> {
    let mut fields = Fields(bytes);
    let Some(fixed) = fields.bytes(CENTRAL_LEN) else { return Ok(None) };
    match central(fixed, &mut fields) {
        None => Ok(None),
        Some(Err(error)) => Err(error),
        Some(Ok(mut central)) => {
            central.length = bytes.len() - fields.0.len();
            Ok(Some(central))
        }
    }
}

fn central(fixed: &[u8], rest: &mut Fields<'_>) -> Option<Result<Central>> {
    let mut fixed = Fields(fixed);
    if fixed.u32()? != CENTRAL {
        return Some(Err(Error::truncated("the central directory holds something else than entries")));
    }
    let _made_by = fixed.u16()?;
    let _needed = fixed.u16()?;
    let flags = fixed.u16()?;
    let method = fixed.u16()?;
    let time = DosTime(fixed.u32()?);
    let crc32 = fixed.u32()?;
    let packed = fixed.u32()?;
    let size = fixed.u32()?;
    let name_len = usize::from(fixed.u16()?);
    let extra_len = usize::from(fixed.u16()?);
    let comment_len = usize::from(fixed.u16()?);
    let disk = fixed.u16()?;
    let _internal = fixed.u16()?;
    let attributes = fixed.u32()?;
    let offset = fixed.u32()?;
    let name = rest.bytes(name_len)?;
    let extra = rest.bytes(extra_len)?;
    let _comment = rest.bytes(comment_len)?;

    let Ok(name) = std::str::from_utf8(name) else {
        return Some(Err(Error::hostile(&String::from_utf8_lossy(name), "its name is not UTF-8")));
    };
    let mut header = Header {
        name: name.to_owned(),
        flags,
        method,
        time,
        crc32,
        packed: packed.into(),
        size: size.into(),
        offset: offset.into(),
    };
    let mut large = Vec::new();
    if size == SENTINEL {
        large.push(&mut header.size);
    }
    if packed == SENTINEL {
        large.push(&mut header.packed);
    }
    if offset == SENTINEL {
        large.push(&mut header.offset);
    }
    if disk != 0 || !zip64_extra(extra, large) {
        return Some(Err(Error::corrupt(name, "its extra fields are damaged")));
    }
    Some(Ok(Central { header, mode: attributes >> 16, length: 0 }))
}

/// Walks the extra fields and fills `large` from the Zip64 one. False if they are malformed or it is not there.
fn zip64_extra(extra: &[u8], large: Vec<&mut u64>) -> bool {
    let mut fields = Fields(extra);
    let mut wanted = large.into_iter();
    let mut filled = wanted.len() == 0;
    while !fields.0.is_empty() {
        let Some((id, body)) = fields
            .u16()
            .zip(fields.u16())
            .and_then(|(id, length)| fields.bytes(usize::from(length)).map(|body| (id, body)))
        else {
            return false;
        };
        if id == ZIP64_EXTRA && !filled {
            let mut values = Fields(body);
            for place in wanted.by_ref() {
                let Some(value) = values.u64() else { return false };
                *place = value;
            }
            filled = true;
        }
    }
    filled
}

/// Checks a local header, given its fixed part and the bytes that follow, against the central one.
///
/// # Errors
/// Names the field that differs: an archive whose two directories disagree shows one thing to one program and another
/// to the next.
pub(crate) fn check_local(fixed: &[u8], rest: &[u8], header: &Header) -> Result<()> {
    match compare_local(Fields(fixed), Fields(rest), header) {
        Some(None) => Ok(()),
        Some(Some(what)) => Err(Error::corrupt(
            &header.name,
            format!("its local header and the central directory differ in the {what}"),
        )),
        None => Err(Error::corrupt(&header.name, "its local header is damaged")),
    }
}

/// The name of the first field that differs, or `None` within if none does.
fn compare_local(
    mut fixed: Fields<'_>,
    mut rest: Fields<'_>,
    header: &Header,
) -> Option<Option<&'static str>> {
    if fixed.u32()? != LOCAL {
        return None;
    }
    let _needed = fixed.u16()?;
    let (flags, method, time) = (fixed.u16()?, fixed.u16()?, fixed.u32()?);
    let (crc32, packed, size) = (fixed.u32()?, fixed.u32()?, fixed.u32()?);
    let (name_len, extra_len) = (fixed.u16()?, fixed.u16()?);
    let name = rest.bytes(name_len.into())?;
    let extra = rest.bytes(extra_len.into())?;

    let (mut packed64, mut size64) = (u64::from(packed), u64::from(size));
    let mut large = Vec::new();
    // APPNOTE 4.5.3: a local header has both sizes in its Zip64 field, or none.
    if size == SENTINEL || packed == SENTINEL {
        large.push(&mut size64);
        large.push(&mut packed64);
    }
    if !zip64_extra(extra, large) {
        return None;
    }
    // With a descriptor to come, writers leave zeros (some, where Zip64 may be needed, sentinels).
    let postponed =
        header.has_descriptor() && crc32 == 0 && matches!((packed, size), (0, 0) | (SENTINEL, SENTINEL));
    Some(if name != header.name.as_bytes() {
        Some("name")
    } else if flags != header.flags {
        Some("flags")
    } else if method != header.method {
        Some("method")
    } else if time != header.time.0 {
        Some("time")
    } else if !postponed && crc32 != header.crc32 {
        Some("checksum")
    } else if !postponed && (packed64, size64) != (header.packed, header.size) {
        Some("size")
    } else {
        None
    })
}
