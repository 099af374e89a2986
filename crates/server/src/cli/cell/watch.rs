//! Watching a job of a unit to its end.

use std::time::Duration;

use crate::cli::meter::Meter;
use crate::client::{ClientError, JobStatus, RemoteCell, RunningJob};

/// How often a unit is asked, unless somebody is in a hurry.
pub(in crate::cli) const PAUSE: Duration = Duration::from_millis(100);

/// How often it may not answer in a row: a job survives its unit being started anew.
const TRIES: u32 = 20;

/// Asks until nothing runs any more, with a progress bar; how it ended. `ask` is [`RemoteCell::export_status`] or
/// [`RemoteCell::import_status`].
///
/// # Errors
/// What the unit says.
pub(in crate::cli) fn watch(
    cell: &RemoteCell,
    label: &'static str,
    pause: Duration,
    ask: impl Fn(&RemoteCell) -> Result<JobStatus, ClientError>,
    mut look: impl FnMut(&RunningJob) -> String,
) -> Result<JobStatus, ClientError> {
    let mut meter = Meter::percent(label);
    let mut unanswered = 0;
    loop {
        match ask(cell) {
            Ok(JobStatus::Running(job)) => {
                unanswered = 0;
                let beside = look(&job);
                meter.job(&job, &beside);
            }
            Ok(ended) => return Ok(ended),
            Err(error) if error.may_pass() && unanswered < TRIES => {
                unanswered += 1;
                meter.message("the unit does not answer; trying again".to_owned());
                std::thread::sleep(PAUSE * unanswered);
            }
            Err(error) => return Err(error),
        }
        std::thread::sleep(pause);
    }
}
