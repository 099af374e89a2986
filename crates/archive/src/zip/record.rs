//! A finished entry, as the spool remembers it: the central header with its length ahead, then the hashes.

use super::header::{self, Header};
use crate::Result;

/// A finished entry.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) header: Header,
    /// SHA-256 of the content.
    pub(crate) sha256: [u8; 32],
    /// CRC-32 of the data as it stands in the file: in a deflated stream there are bits that mean nothing, and a
    /// change of those shows nowhere else.
    pub(crate) packed_crc32: u32,
}

/// What follows the central header in the spool.
pub(super) const HASHES: usize = 36;

impl Record {
    /// Appends it as the spool has it.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        header::encode_central(out, &self.header);
        let length = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.sha256);
        out.extend_from_slice(&self.packed_crc32.to_le_bytes());
    }
}

/// A record and its length in the spool; `None` if there are too few bytes.
pub(super) fn decode_record(bytes: &[u8]) -> Result<Option<(Record, usize)>> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    let Some((central, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let Some((sha256, rest)) = rest.split_first_chunk::<32>() else { return Ok(None) };
    let Some((packed_crc32, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    Ok(header::decode_central(central)?.map(|central| {
        let record = Record {
            header: central.header,
            sha256: *sha256,
            packed_crc32: u32::from_le_bytes(*packed_crc32),
        };
        (record, 4 + length + HASHES)
    }))
}
