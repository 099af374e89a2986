//! Watching a job of a unit to its end, or calling it off.

use std::time::Duration;

use crate::cli::interrupt::Interruption;
use crate::cli::meter::Meter;
use crate::client::{ClientError, JobStatus, RemoteCell, RunningJob};

/// How often a unit is asked, unless somebody is in a hurry.
pub(in crate::cli) const PAUSE: Duration = Duration::from_millis(100);

/// How often it may not answer in a row: a job survives its unit being started anew.
const TRIES: u32 = 20;

/// Asks until nothing runs any more, with a progress bar; how it ended. `ask` is [`RemoteCell::export_status`] or
/// [`RemoteCell::import_status`]. `look` sees each answer, and tells what is said beside the bar.
///
/// # Errors
/// What the unit says; that of `look`.
pub(in crate::cli) fn watch(
    cell: &RemoteCell,
    label: &'static str,
    pause: Duration,
    ask: impl Fn(&RemoteCell) -> Result<JobStatus, ClientError>,
    mut look: impl FnMut(&RunningJob) -> Result<String, ClientError>,
) -> Result<JobStatus, ClientError> {
    let mut meter = Meter::percent(label);
    let mut unanswered = 0;
    loop {
        match ask(cell) {
            Ok(JobStatus::Running(job)) => {
                unanswered = 0;
                let beside = look(&job)?;
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

/// For `look`: has the unit cancel the job of that name, or whatever runs, when Ctrl-C comes, once. `cancel` is
/// [`RemoteCell::cancel_export`], [`RemoteCell::cancel_import`] or [`RemoteCell::cancel_move`].
pub(super) fn unless_interrupted<'a>(
    cell: &'a RemoteCell,
    name: Option<&'a str>,
    interruption: &'a Interruption,
    cancel: fn(&RemoteCell) -> Result<(), ClientError>,
) -> impl FnMut(&RunningJob) -> Result<String, ClientError> + 'a {
    let mut asked = false;
    move |job| {
        if asked || !interruption.came() || name.is_some_and(|name| job.name != name) {
            return Ok(String::new());
        }
        asked = true;
        match cancel(cell) {
            // It takes effect in this very moment.
            Err(error) if error.status() == Some(409) => Ok("too late to cancel".to_owned()),
            cancelled => cancelled.map(|()| "cancelled".to_owned()),
        }
    }
}
