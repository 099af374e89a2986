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
            folder = format!("__/photos-{}", n / IN_EACH);
            let id = noise::id(4, n);
            if n == 0 {
                snapshot.begin_tree(&folder, NodeKind::WebDav, &id)?;
            } else {
                snapshot.writer.collection(&folder, &meta(NodeKind::WebDav, id))?;
            }
        }
        Noise::of(5 << 48 | n).fill(&mut photo);
        let length = photo.len() as u64;
        let sha256 = Sha256::digest(&photo).into();
        let known = Content { name: sha256, sha256, crc32: crc32fast::hash(&photo), length };
        let mut about = meta(NodeKind::File, noise::id(6, n));
        about.content_type = Some("image/jpeg".to_owned());
        about.length = Some(length);
        about.encryption = Some("NONE".to_owned());
        snapshot.writer.file(&format!("{folder}/photo-{n:05}.jpg"), &about, &known, &mut photo.as_slice())?;
    }
    snapshot.finish()?;
    Ok(count * MIB_OF_EACH * MIB)
}
