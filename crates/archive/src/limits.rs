//! How much of an archive a reader is willing to believe.

/// Bounds that are checked before, or while, anything is read.
///
/// The defaults stop what can only be an attack and nothing that a real Cell could hold: a server lowers
/// `max_total_bytes` to the disk space that it has.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Entries of the archive, folders included.
    pub max_entries: u64,
    /// Sum of all entries' uncompressed sizes.
    pub max_total_bytes: u64,
    /// Uncompressed size of one entry.
    pub max_entry_bytes: u64,
    /// Uncompressed over compressed size of an entry larger than `ratio_floor`. Deflate cannot exceed 1032.
    pub max_ratio: u64,
    /// Entries up to this uncompressed size may have any ratio.
    pub ratio_floor: u64,
    /// Bytes of one line of a document entry.
    pub max_line_bytes: usize,
    /// Size of a `.pmeta` and of the manifests.
    pub max_meta_bytes: u64,
    /// Segments of a path below `20_webdav/`.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entries: 30_000_000,
            max_total_bytes: 1 << 40,
            max_entry_bytes: 1 << 40,
            max_ratio: 1000,
            ratio_floor: 64 << 20,
            max_line_bytes: 64 << 20,
            max_meta_bytes: 16 << 20,
            max_depth: 256,
        }
    }
}
