//! Exports and imports: beginning one, waiting for its end, and what came of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use saibo_archive::{Limits, NodeMeta, Report, SnapshotReader, verify};
use saibo_model::Kind;
use serde_json::{Value, json};

use super::client::Client;

/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Waits until no job runs; what `GET` says then.
pub(super) fn settled(client: &Client, path: &str) -> Value {
    let begun = Instant::now();
    loop {
        let status = client.get(path).expect(200).json();
        if !status["status"].as_str().unwrap().ends_with("in progress") {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "{status}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Exports a Cell; the snapshot is gone from the unit then.
pub(super) fn export(client: &Client, cell: &str) -> Snapshot {
    client.post(&format!("/{cell}/__export"), &json!({ "Name": "taken" })).expect(202);
    assert_eq!(settled(client, &format!("/{cell}/__export")), json!({ "status": "ready" }));
    let snapshot = Snapshot::of(client, cell, "taken");
    client.send("DELETE", &format!("/{cell}/__snapshot/taken.zip"), &[], b"").unwrap().expect(204);
    snapshot
}

/// A snapshot that its unit signed, and of which every byte was compared.
pub(super) struct Snapshot {
    pub(super) report: Report,
    reader: SnapshotReader<File>,
}

impl Snapshot {
    /// The one of a name.
    pub(super) fn of(client: &Client, cell: &str, name: &str) -> Self {
        let file = client.download(&format!("/{cell}/__snapshot/{name}.zip"));
        let reader = SnapshotReader::open(file, Limits::default()).unwrap();
        let report = verify(&reader, None, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(report.is_intact() && report.manifest.is_some(), "{name}: {:?}", report.findings);
        Self { report, reader }
    }

    /// The `.pmeta` of a path.
    pub(super) fn meta(&self, path: &str) -> NodeMeta {
        self.reader.resources().map(Result::unwrap).find(|resource| resource.path == path).unwrap().meta
    }

    /// `__id`s of all entities.
    pub(super) fn entities(&self) -> Vec<String> {
        let mut lines = self.reader.documents(Kind::UserData).unwrap();
        let mut ids = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            let fields: Value = serde_json::from_str(line.fields).unwrap();
            ids.push(fields["__id"].as_str().unwrap().to_owned());
        }
        ids
    }

    /// The files whose path below the main box begins so, by that path.
    pub(super) fn files_below(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for resource in self.reader.resources().map(Result::unwrap) {
            let path = resource.path.strip_prefix("__/").filter(|path| path.starts_with(prefix));
            if let Some((path, mut content)) = path.zip(resource.content) {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).unwrap();
                files.insert(path.to_owned(), bytes);
            }
        }
        files
    }
}
