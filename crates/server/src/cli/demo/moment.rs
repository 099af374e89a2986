//! Whether a snapshot shows one moment of a Cell that was written to all the while.

use std::error::Error;
use std::io::Read as _;
use std::path::Path;

use saibo_model::Kind;
use serde::Deserialize;

use super::story::Story;
use super::writer::{Written, live_number};
use crate::cli::snapshot::open;

/// The declared field of an entity that names it.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "__id")]
    id: String,
}

/// Looks for the writer's entities and the file that counts them.
///
/// # Errors
/// If the snapshot cannot be read.
pub(super) fn check(file: &Path, written: &Written, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let snapshot = open(file, None)?;
    let mut numbers = Vec::new();
    let mut documents = snapshot.documents(Kind::UserData)?;
    while let Some(line) = documents.read()? {
        let named: Named = serde_json::from_str(line.fields)?;
        numbers.extend(live_number(&named.id));
    }
    numbers.sort_unstable();
    let mut counted = String::new();
    for resource in snapshot.resources() {
        let resource = resource?;
        if let Some(mut content) = resource.content.filter(|_| resource.path.ends_with("/live/count.txt")) {
            content.read_to_string(&mut counted)?;
        }
    }
    let last = numbers.last().copied().unwrap_or_default();
    let is_whole = numbers.iter().copied().eq(1..=last);
    let counted: u64 = counted.parse().unwrap_or_default();
    let is_one_moment = is_whole
        && (counted == last || counted + 1 == last)
        && (written.entities_before..=written.entities).contains(&last);
    story.check(
        is_one_moment,
        &format!(
            "it shows one moment: the writer's entities 1 to {last} of {}, none missing, and its file says {counted}",
            written.entities
        ),
    );
    Ok(())
}
