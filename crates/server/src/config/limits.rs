//! The section `[limits]`: how much of anything a unit accepts.
//!
//! Times are in seconds and sizes in bytes, so that no unit of measure has to be parsed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[limits]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Members of a collection.
    pub dav_children_per_collection: u64,
    /// How deep collections nest below a Box.
    pub dav_collection_depth: u64,
    /// Many-to-many links of one entity along one navigation property.
    pub links_per_entity: u64,
    /// Length of a request's URL, path and query (API page 003). The HTTP library itself ends at 65534.
    pub url_bytes: usize,
    /// Size of all headers of a request together.
    pub header_bytes: usize,
    /// Number of headers of a request.
    pub header_count: usize,
    /// Size of a request's body that is read whole: JSON, XML, forms.
    pub body_bytes: u64,
    /// Size of a `$batch` body: a thousand entities do not fit into `body_bytes`.
    pub batch_bytes: u64,
    /// Size of a snapshot that is uploaded.
    pub snapshot_upload_bytes: u64,
    /// Uploads of snapshots in parts that a Cell may have at a time, unfinished.
    pub uploads_per_cell: usize,
    /// Minutes between two runs of a schedule of exports, at least. Each may copy, write and read back all of a Cell;
    /// whoever may set a schedule must not keep the unit busy with nothing else.
    pub schedule_minutes: u64,
    /// Size of a bar file.
    pub bar_bytes: u64,
    /// Size of one entry of a bar file.
    pub bar_entry_bytes: u64,
    /// Connections open at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long a client may take to send a request's headers, or stay idle between two requests.
    pub request_header_seconds: u64,
    /// How long a client may pause in the middle of a body.
    pub body_pause_seconds: u64,
    /// How long a stopping unit waits for requests to end.
    pub shutdown_seconds: u64,
    /// Exports, imports and installations that run at once; further ones wait.
    pub concurrent_jobs: usize,
    /// Clients that listen to the progress of exports and imports at the same time. Each holds a connection.
    pub job_listeners: usize,
    /// Destinations of messages in other units that are asked at the same time; more wait. Each takes up to ten
    /// seconds.
    pub concurrent_deliveries: usize,
    /// Password checks that run at the same time; more wait. Each takes tens of ms and some 20 MiB.
    pub concurrent_password_checks: usize,
    /// Cells whose databases stay open after use. Each holds some six file handles.
    pub open_cells: usize,
}

const MIB: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            dav_children_per_collection: 1024,
            dav_collection_depth: 50,
            links_per_entity: 150_000,
            url_bytes: 50 * 1024,
            header_bytes: 64 * 1024,
            header_count: 100,
            body_bytes: 10 * MIB,
            batch_bytes: 64 * MIB,
            snapshot_upload_bytes: 256 * 1024 * MIB,
            uploads_per_cell: 8,
            schedule_minutes: 15,
            bar_bytes: 100 * MIB,
            bar_entry_bytes: 10 * MIB,
            connections: 2048,
            request_header_seconds: 60,
            body_pause_seconds: 60,
            shutdown_seconds: 30,
            concurrent_jobs: 2,
            job_listeners: 256,
            concurrent_deliveries: 16,
            concurrent_password_checks: 1,
            open_cells: 64,
        }
    }
}

impl Limits {
    /// [`Limits::request_header_seconds`]
    #[must_use]
    pub fn request_header(&self) -> Duration {
        Duration::from_secs(self.request_header_seconds)
    }

    /// [`Limits::body_pause_seconds`]
    #[must_use]
    pub fn body_pause(&self) -> Duration {
        Duration::from_secs(self.body_pause_seconds)
    }

    /// [`Limits::shutdown_seconds`]
    #[must_use]
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.connections == 0 || self.concurrent_jobs == 0 || self.header_count == 0 {
            return Err("limits.connections, concurrent_jobs and header_count must be at least 1");
        }
        if self.request_header_seconds == 0 || self.body_pause_seconds == 0 {
            return Err("limits.request_header_seconds and body_pause_seconds must be at least 1");
        }
        if self.header_bytes < 1024 || self.url_bytes < 256 {
            return Err("limits.header_bytes must be at least 1024 and url_bytes at least 256");
        }
        Ok(())
    }
}
