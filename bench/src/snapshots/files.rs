//! A Cell with photos: files that do not shrink.

use std::path::Path;

use saibo_model::NodeKind;
use saibo_model::node::Content;
use sha2::{Digest, Sha256};

use super::noise::{self, Noise};
use super::{Snapshot, meta};
use crate::Result;
use crate::figures::MIB;

/// MiB of each.
pub(crate) const MIB_OF_EACH: u64 = 4;

/// How many are in a collection.
const IN_EACH: u64 = 250;

/// Bytes of a small file, and of each of so many that is not small.
const SMALL: usize = 4096;
const LESS_SMALL: usize = 256 << 10;
const SMALL_TO_ONE: u64 = 100;

/// Writes a snapshot with that many small files; how many bytes they have.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_small(path: &Path, count: u64) -> Result<u64> {
    let mut snapshot = Snapshot::begin(path)?;
    let (mut folder, mut bytes) = (String::new(), 0);
    let mut content = vec![0; LESS_SMALL];
    for n in 0..count {
        if n.is_multiple_of(IN_EACH) {
            folder = begin_folder(&mut snapshot, "notes-of", n)?;
        }
        let length = if n.is_multiple_of(SMALL_TO_ONE) { LESS_SMALL } else { SMALL };
        let content = content.get_mut(..length).unwrap_or_default();
        Noise::of(8 << 48 | n).fill(content);
        let name = format!("{folder}/note-{n:06}.txt");
        write_file(&mut snapshot, &name, noise::id(9, n), "text/plain", content)?;
        bytes += length as u64;
    }
    snapshot.finish()?;
    Ok(bytes)
}

/// Writes the snapshot, with files of so many MiB together; how many bytes they have.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, mib: u64) -> Result<u64> {
    let mut snapshot = Snapshot::begin(path)?;
    let mut photo = vec![0; usize::try_from(MIB_OF_EACH * MIB)?];
    let count = mib.div_ceil(MIB_OF_EACH);
    let mut folder = String::new();
    for n in 0..count {
        if n.is_multiple_of(IN_EACH) {
            folder = begin_folder(&mut snapshot, "photos", n)?;
        }
        Noise::of(5 << 48 | n).fill(&mut photo);
        let name = format!("{folder}/photo-{n:05}.jpg");
        write_file(&mut snapshot, &name, noise::id(6, n), "image/jpeg", &photo)?;
    }
    snapshot.finish()?;
    Ok(count * MIB_OF_EACH * MIB)
}

/// Begins the collection that the file of a number is the first of; its path.
fn begin_folder(snapshot: &mut Snapshot, name: &str, n: u64) -> Result<String> {
    let (folder, id) = (format!("__/{name}-{}", n / IN_EACH), noise::id(4, n));
    if n == 0 {
        snapshot.begin_tree(&folder, NodeKind::WebDav, &id)?;
    } else {
        snapshot.writer.collection(&folder, &meta(NodeKind::WebDav, id))?;
    }
    Ok(folder)
}

fn write_file(
    snapshot: &mut Snapshot,
    path: &str,
    id: String,
    media_type: &str,
    mut content: &[u8],
) -> Result<()> {
    let length = content.len() as u64;
    let sha256 = Sha256::digest(content).into();
    let known = Content { name: sha256, sha256, crc32: crc32fast::hash(content), length };
    let mut about = meta(NodeKind::File, id);
    about.content_type = Some(media_type.to_owned());
    about.length = Some(length);
    about.encryption = Some("NONE".to_owned());
    snapshot.writer.file(path, &about, &known, &mut content)?;
    Ok(())
}
