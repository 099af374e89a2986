//! What is in the demo's Cell: photos, texts, and a diary of entities.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::noise::Bytes;
use super::story::Story;
use crate::cli::figures;
use crate::cli::meter::Meter;
use crate::client::{ClientError, RemoteCell};

/// How many requests are under way at a time.
const CLIENTS: u64 = 4;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Photos, which do not shrink.
    pub(super) photos: u64,
    /// Bytes of each.
    pub(super) photo_bytes: u64,
    /// Texts, which do.
    pub(super) texts: u64,
    /// Entities.
    pub(super) notes: u64,
}

impl Sizes {
    /// The usual, times a factor.
    pub(super) fn scaled(factor: f64) -> Self {
        let of = |usual: f64| (usual * factor.clamp(0.01, 100.0)).ceil() as u64;
        Self { photos: of(48.0).min(500), photo_bytes: 4 << 20, texts: of(100.0).min(500), notes: of(4000.0) }
    }
}

/// Fills the Box.
///
/// # Errors
/// What the unit says.
pub(super) fn fill(cell: &RemoteCell, sizes: Sizes, story: &mut Story) -> Result<(), Box<dyn Error>> {
    for (name, kind) in [("photos", ""), ("texts", ""), ("live", ""), ("diary", "<p:odata/>")] {
        collection(cell, name, kind)?;
    }
    files(cell, sizes, story)?;
    schema(cell)?;
    notes(cell, sizes, story)
}

fn files(cell: &RemoteCell, sizes: Sizes, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let total =
        sizes.photos * sizes.photo_bytes + (0..sizes.texts).map(|n| text(n).len() as u64).sum::<u64>();
    let mut meter = Meter::bytes("files", total);
    all(
        sizes.photos,
        |done| meter.set(done * sizes.photo_bytes),
        |n| {
            let url = photo_url(cell, n);
            let mut photo = Bytes::of(n, sizes.photo_bytes);
            let call = cell.client().call("PUT", &url).stream("image/jpeg", &mut photo, sizes.photo_bytes);
            call.send()?.expect(&[201]).map(drop)
        },
    )?;
    let before = sizes.photos * sizes.photo_bytes;
    all(
        sizes.texts,
        |done| meter.set(before + done * 2048),
        |n| {
            let url = format!("{}journal/texts/text-{n:03}.md", cell.url());
            cell.client().call("PUT", &url).bytes("text/markdown", text(n)).send()?.expect(&[201]).map(drop)
        },
    )?;
    drop(meter);
    let time = began.elapsed();
    let what = format!(
        "{} photos and {} texts, {} at {}",
        sizes.photos,
        sizes.texts,
        figures::bytes(total),
        figures::rate(total, time)
    );
    story.did(&what, time);
    story.figure(
        "files written",
        format!("{}, each on disk before it is answered", figures::rate(total, time)),
    );
    Ok(())
}

fn notes(cell: &RemoteCell, sizes: Sizes, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let url = format!("{}journal/diary/Note", cell.url());
    let mut meter = Meter::items("entities", sizes.notes);
    all(
        sizes.notes,
        |done| meter.set(done),
        |n| cell.client().call("POST", &url).json(&note(n)).send()?.expect(&[201]).map(drop),
    )?;
    drop(meter);
    let time = began.elapsed();
    let pace = figures::pace(sizes.notes, time);
    let what = format!("{} entities of 5 properties, a request each, at {pace}", figures::count(sizes.notes));
    story.did(&what, time);
    story.figure("entities written", format!("{pace}, each on disk before it is answered"));
    Ok(())
}

/// Does something `count` times, by several threads; `progress` is told how often it is done.
fn all(
    count: u64,
    mut progress: impl FnMut(u64),
    work: impl Fn(u64) -> Result<(), ClientError> + Sync,
) -> Result<(), ClientError> {
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work_all = || {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(());
                }
                if let Err(error) = work(n) {
                    next.store(count, Ordering::Relaxed);
                    return Err(error);
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        let threads: Vec<_> = (0..CLIENTS.min(count)).map(|_| scope.spawn(work_all)).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            progress(done.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(5));
        }
        // A thread that panicked has said so; what it was to do is missed when Cells are compared.
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn collection(cell: &RemoteCell, name: &str, kind: &str) -> Result<(), ClientError> {
    let url = format!("{}journal/{name}", cell.url());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <D:mkcol xmlns:D=\"DAV:\" xmlns:p=\"urn:x-personium:xmlns\"><D:set><D:prop>\
         <D:resourcetype><D:collection/>{kind}</D:resourcetype></D:prop></D:set></D:mkcol>"
    );
    cell.client().call("MKCOL", &url).bytes("application/xml", body).send()?.expect(&[201])?;
    Ok(())
}

fn schema(cell: &RemoteCell) -> Result<(), ClientError> {
    let post = |kind: &str, body: &Value| {
        let url = format!("{}journal/diary/$metadata/{kind}", cell.url());
        cell.client().call("POST", &url).json(body).send()?.expect(&[201]).map(drop)
    };
    post("EntityType", &json!({ "Name": "Note" }))?;
    for (name, of) in [
        ("title", "Edm.String"),
        ("text", "Edm.String"),
        ("mood", "Edm.Int32"),
        ("shared", "Edm.Boolean"),
        ("written", "Edm.DateTime"),
    ] {
        post("Property", &json!({ "Name": name, "_EntityType.Name": "Note", "Type": of }))?;
    }
    Ok(())
}

/// URL of a photo.
pub(super) fn photo_url(cell: &RemoteCell, n: u64) -> String {
    format!("{}journal/photos/photo-{n:03}.jpg", cell.url())
}

/// `__id` of an entity.
pub(super) fn note_id(n: u64) -> String {
    format!("note-{n:05}")
}

/// An entity.
fn note(n: u64) -> Value {
    json!({
        "__id": note_id(n),
        "title": format!("Day {n} 日記"),
        "text": format!("It rained \"{}\" times; then the sun came out. {}", n % 7, "…".repeat((n % 40) as usize)),
        "mood": (n % 11) as i64 - 5,
        "shared": n.is_multiple_of(3),
        "written": format!("/Date({})/", 1_600_000_000_000_u64 + n * 86_400_000),
    })
}

fn text(n: u64) -> String {
    format!("# Text {n}\n\n{}", "A cell is small, whole, and its own. 細胞。\n".repeat(44 + (n % 3) as usize))
}
