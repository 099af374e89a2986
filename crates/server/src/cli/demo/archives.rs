//! Whether two snapshots hold the same, down to the last byte.
//!
//! Every document, link and property is compared as the file has it, and every file's content by its SHA-256. What
//! must differ is the id of the Cell, and where it stands for the main box; the Cell's own document, with its name and
//! dates, belongs to the unit and is left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use saibo_model::Kind;
use sha2::{Digest, Sha256};

use super::story::Story;
use crate::cli::figures;
use crate::cli::snapshot::{Snapshot, open};

/// What stands for the id of the Cell.
const CELL: &str = "CELL";

type Hash = [u8; 32];

/// Everything in a snapshot, as hashes.
#[derive(Debug, Default)]
struct Content {
    documents: BTreeMap<(&'static str, String), Hash>,
    links: BTreeMap<String, Hash>,
    resources: BTreeMap<String, Hash>,
    bytes: u64,
}

/// Compares two snapshots.
///
/// # Errors
/// If one cannot be read.
pub(super) fn compare(one: &Path, other: &Path, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let [one, other] = [read(one)?, read(other)?];
    let mut differing = Vec::new();
    differ(&one.documents, &other.documents, |(kind, id)| format!("{kind} {id}"), &mut differing);
    differ(&one.links, &other.links, |id| format!("link {id}"), &mut differing);
    differ(&one.resources, &other.resources, Clone::clone, &mut differing);
    for name in differing.iter().take(5) {
        story.wrong(format!("{name} is not the same in both"));
    }
    story.check(
        differing.is_empty(),
        &format!(
            "both snapshots hold the same {}, {}, {} and {} of files, compared in {}",
            figures::counted(one.documents.len() as u64, "document", "documents"),
            figures::counted(one.links.len() as u64, "link", "links"),
            figures::counted(one.resources.len() as u64, "resource", "resources"),
            figures::bytes(one.bytes),
            figures::seconds(began.elapsed()),
        ),
    );
    Ok(())
}

fn differ<K: Ord>(
    one: &BTreeMap<K, Hash>,
    other: &BTreeMap<K, Hash>,
    name: impl Fn(&K) -> String,
    differing: &mut Vec<String>,
) {
    differing
        .extend(one.iter().filter(|(key, hash)| other.get(*key) != Some(*hash)).map(|(key, _)| name(key)));
    differing.extend(other.keys().filter(|key| !one.contains_key(*key)).map(name));
}

fn read(path: &Path) -> Result<Content, Box<dyn Error>> {
    let snapshot = open(path, None)?;
    let mut content = Content::default();
    let cell = cell_id(&snapshot)?;
    let mut line_bytes = Vec::new();
    for kind in Kind::IN_CELL {
        let mut documents = snapshot.documents(kind)?;
        while let Some(mut line) = documents.read()? {
            line.cell = line.cell.map(|_| CELL.into());
            line.box_id = line.box_id.map(|id| if id == cell.as_str() { CELL.into() } else { id });
            line_bytes.clear();
            line.write(&mut line_bytes);
            content.documents.insert((kind.name(), line.id.into_owned()), Sha256::digest(&line_bytes).into());
        }
    }
    let mut links = snapshot.links()?;
    while let Some(mut line) = links.read()? {
        line.cell = CELL.into();
        line.box_id = line.box_id.map(|id| if id == cell.as_str() { CELL.into() } else { id });
        line_bytes.clear();
        line.write(&mut line_bytes);
        content.links.insert(line.id.into_owned(), Sha256::digest(&line_bytes).into());
    }
    for resource in snapshot.resources() {
        let resource = resource?;
        line_bytes.clear();
        resource.meta.write(&mut line_bytes);
        let mut hash = Sha256::new();
        hash.update(&line_bytes);
        if let Some(mut file) = resource.content {
            content.bytes += file.size();
            let mut buffer = vec![0; 256 << 10];
            loop {
                let read = file.read(&mut buffer)?;
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
                hash.update(bytes);
            }
        }
        content.resources.insert(resource.path, hash.finalize().into());
    }
    Ok(content)
}

fn cell_id(snapshot: &Snapshot) -> Result<String, Box<dyn Error>> {
    let mut documents = snapshot.documents(Kind::Cell)?;
    let line = documents.read()?.ok_or("the snapshot has no Cell")?;
    Ok(line.id.into_owned())
}
