//! The two Cells compared as a client sees them, over HTTP.

use std::error::Error;

use sha2::{Digest, Sha256};

use super::content::{Sizes, note_id, photo_url};
use super::noise::Bytes;
use super::story::Story;
use crate::cli::figures;
use crate::client::{ClientError, RemoteCell};

/// How many entities and photos are looked at.
const SAMPLES: u64 = 25;

/// Compares entities, files and ACLs.
///
/// # Errors
/// What the unit says.
pub(super) fn compare(
    cell: &RemoteCell,
    copy: &RemoteCell,
    sizes: Sizes,
    story: &mut Story,
) -> Result<(), Box<dyn Error>> {
    let notes: Vec<u64> = spread(sizes.notes).collect();
    let mut same = true;
    for n in &notes {
        let [one, other] = both(cell, copy, |cell| {
            let url = format!("{}journal/diary/Note('{}')", cell.url(), note_id(*n));
            let call = cell.client().call("GET", &url).header("Accept", "application/json");
            neutral(cell, call.send()?.expect(&[200])?.whole()?)
        })?;
        same &= one == other;
    }
    story.check(
        same,
        &format!("{} read the same from both", figures::counted(notes.len() as u64, "entity", "entities")),
    );

    let photos: Vec<u64> = spread(sizes.photos).take(8).collect();
    let mut same = true;
    for n in &photos {
        let sent: [u8; 32] = hash(&mut Bytes::of(*n, sizes.photo_bytes))?;
        let [one, other] = both(cell, copy, |cell| {
            let answer = cell.client().call("GET", &photo_url(cell, *n)).send()?.expect(&[200])?;
            Ok(hash(&mut answer.into_reader()).ok())
        })?;
        same &= one == Some(sent) && other == Some(sent);
    }
    story.check(
        same,
        &format!(
            "{} of {} are, in both, the bytes that were sent",
            figures::counted(photos.len() as u64, "photo", "photos"),
            figures::bytes(sizes.photo_bytes)
        ),
    );

    let mut same = true;
    for path in ["", "journal", "journal/photos", "journal/diary"] {
        let [one, other] = both(cell, copy, |cell| {
            let url = format!("{}{path}", cell.url());
            let call = cell.client().call("PROPFIND", &url).header("Depth", "0");
            neutral(cell, call.send()?.expect(&[207])?.whole()?)
        })?;
        same &= one == other && one.contains("acl");
    }
    story.check(same, "the ACLs and properties of Cell, Box and collections read the same");
    Ok(())
}

fn both<T>(
    cell: &RemoteCell,
    copy: &RemoteCell,
    ask: impl Fn(&RemoteCell) -> Result<T, ClientError>,
) -> Result<[T; 2], ClientError> {
    Ok([ask(cell)?, ask(copy)?])
}

/// An answer without the URL of its Cell.
fn neutral(cell: &RemoteCell, body: Vec<u8>) -> Result<String, ClientError> {
    let text = String::from_utf8_lossy(&body);
    Ok(text.replace(cell.url(), "CELL/").replace(cell.url().trim_end_matches('/'), "CELL"))
}

fn hash(content: &mut impl std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = content.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
    }
    Ok(hash.finalize().into())
}

/// Some numbers below a count, the first and the last among them.
fn spread(count: u64) -> impl Iterator<Item = u64> {
    let samples = SAMPLES.min(count);
    (0..samples).map(move |n| n * (count - 1) / (samples - 1).max(1))
}
