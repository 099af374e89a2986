//! What `GET __export` and `GET __import` say (API pages 502 and 508).

use serde_json::Value;

/// How the exports or imports of a Cell stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JobStatus {
    /// None runs.
    Ready,
    /// One runs.
    Running(RunningJob),
    /// None runs, for the last one was cancelled.
    Cancelled,
    /// The last one failed.
    Failed {
        /// The API's code.
        code: String,
        /// What the unit says.
        message: String,
    },
}

/// A job that runs. The API knows its name and per cent; what follows is saibo's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunningJob {
    /// Name of the snapshot, without `.zip`.
    pub(crate) name: String,
    /// Per cent done.
    pub(crate) percent: u64,
    /// What it is at.
    pub(crate) phase: Option<String>,
    /// Documents, links and resources done.
    pub(crate) items_done: u64,
    /// Of how many; 0 if unknown.
    pub(crate) items_total: u64,
    /// Bytes done.
    pub(crate) bytes_done: u64,
    /// Of how many; 0 if unknown.
    pub(crate) bytes_total: u64,
    /// Seconds left.
    pub(crate) seconds_left: Option<u64>,
}

impl JobStatus {
    /// Reads a status; `None` if it is none.
    pub(super) fn parse(body: &Value) -> Option<Self> {
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        let number = |key: &str| body[key].as_u64().unwrap_or_default();
        let status = body["status"].as_str()?;
        if status.eq_ignore_ascii_case("ready") || status == "moved" {
            let was_cancelled = body["last"]["outcome"] == "cancelled";
            return Some(if was_cancelled { Self::Cancelled } else { Self::Ready });
        }
        if status.contains("failed") {
            let message = &body["message"];
            return Some(Self::Failed {
                code: message["code"].as_str().unwrap_or_default().to_owned(),
                message: message["message"]["value"].as_str().unwrap_or(status).to_owned(),
            });
        }
        let percent = body["progress"].as_str()?.trim_end_matches('%').trim().parse().ok()?;
        Some(Self::Running(RunningJob {
            name: text("exportation_name")
                .or_else(|| text("importation_name"))
                .or_else(|| text("move_name"))?,
            percent,
            phase: text("phase"),
            items_done: number("items_done"),
            items_total: number("items_total"),
            bytes_done: number("bytes_done"),
            bytes_total: number("bytes_total"),
            seconds_left: body["seconds_left"].as_u64(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_documented_keys_are_enough() {
        let status = json!({
            "status": "exportation in progress", "started_at": "2017-02-13T09:00:00.000Z",
            "progress": "81%", "exportation_name": "CellExport_01",
        });
        let running = RunningJob { name: "CellExport_01".to_owned(), percent: 81, ..RunningJob::default() };
        assert_eq!(JobStatus::parse(&status), Some(JobStatus::Running(running)));
        assert_eq!(JobStatus::parse(&json!({ "status": "ready" })), Some(JobStatus::Ready));
        let cancelled = json!({ "status": "ready", "last": { "outcome": "cancelled" } });
        assert_eq!(JobStatus::parse(&cancelled), Some(JobStatus::Cancelled));
        assert_eq!(JobStatus::parse(&json!({ "state": "ready" })), None);
        let failed = json!({
            "status": "import failed", "progress": "30%",
            "message": { "code": "PR400-CM-0006", "message": { "lang": "en", "value": "No." } },
        });
        let (code, message) = ("PR400-CM-0006".to_owned(), "No.".to_owned());
        assert_eq!(JobStatus::parse(&failed), Some(JobStatus::Failed { code, message }));
    }
}
