//! The import into a new Cell.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::COPY;
use super::stage::Stage;
use super::story::Story;
use crate::cli::cell::watch::watch;
use crate::cli::figures;
use crate::client::{JobStatus, RemoteCell};

/// How often the progress is asked for.
const OFTEN: Duration = Duration::from_millis(20);

/// Makes another Cell and imports a snapshot into it; that Cell, for somebody with the master token.
///
/// # Errors
/// What the unit says.
pub(super) fn into_new(stage: &Stage, file: &Path, story: &mut Story) -> Result<RemoteCell, Box<dyn Error>> {
    let copy = stage.cell(COPY)?;
    let began = Instant::now();
    copy.create()?;
    let mut content = File::open(file)?;
    let length = content.metadata()?.len();
    copy.upload("demo.zip", &mut content, length)?;
    story.did(&format!("The Cell {} is made, and the snapshot uploaded", copy.url()), began.elapsed());
    let began = Instant::now();
    copy.start_import(&serde_json::json!({ "Name": "demo" }))?;
    match watch(&copy, "importing", OFTEN, RemoteCell::import_status, |_job| Ok(String::new()))? {
        JobStatus::Failed { code, message } => {
            return Err(format!("the import failed: {message} ({code})").into());
        }
        _ => story.did("Imported, in one step", began.elapsed()),
    }
    story.figure("import", figures::seconds(began.elapsed()));
    Ok(copy)
}
