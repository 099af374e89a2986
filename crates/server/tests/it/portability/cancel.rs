//! Exports and imports that somebody calls off in the middle: the Cell is as it was, and nothing of them is left.

use std::time::{Duration, Instant};

use serde_json::json;

use super::cell_data::CellData;
use super::client::Client;
use super::jobs::{export, settled};
use super::process::TestUnit;

const DATA: CellData = CellData { flavour: "kept", files: 16, file_bytes: 1 << 20, notes: 4000 };

/// The phases in their order.
const PHASES: [&str; 7] = ["waiting", "copying", "checking", "documents", "files", "verifying", "finishing"];

/// Waits until a job is at a phase, or beyond it.
fn until(client: &Client, path: &str, phase: &str) {
    let begun = Instant::now();
    let place = |phase: &str| PHASES.iter().position(|known| *known == phase).unwrap();
    loop {
        let status = client.get(path).expect(200).json();
        if status["phase"].as_str().is_none_or(|now| place(now) >= place(phase)) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{status}");
    }
}

/// Begins a job, cancels it at a phase, and looks at what it says then. Whether it was in time.
fn cancelled(client: &Client, path: &str, name: &str, phase: &str) -> bool {
    client.post(path, &json!({ "Name": name })).expect(202);
    until(client, path, phase);
    let reply = client.send("DELETE", path, &[], b"").unwrap();
    let status = settled(client, path);
    if reply.status != 204 {
        assert!(matches!(reply.status, 405 | 409), "{reply}");
        assert_eq!(status, json!({ "status": "ready" }));
        return false;
    }
    assert_eq!(status["status"], "ready");
    assert_eq!((&status["last"]["outcome"], &status["last"]["name"]), (&json!("cancelled"), &json!(name)));
    true
}

#[test]
fn nothing_is_left_of_a_cancelled_export() {
    let mut unit = TestUnit::start();
    let client = unit.client();
    DATA.fill(&client, "cell");
    for phase in ["copying", "documents", "files", "verifying"] {
        let name = format!("at-{phase}");
        // A phase may be over before the request is there; then the export is whole, and another one is begun.
        let in_time = (0..10).any(|_| {
            cancelled(&client, "/cell/__export", &name, phase) || {
                let late = client.send("DELETE", &format!("/cell/__snapshot/{name}.zip"), &[], b"").unwrap();
                assert_eq!(late.status, 204, "{late}");
                false
            }
        });
        assert!(in_time, "{phase}");
        for file in [format!("{name}.zip"), format!("{name}.error")] {
            client.get(&format!("/cell/__snapshot/{file}")).expect(404);
        }
        unit.assert_tidy(1, 0);
    }
    // It is not taken up again.
    unit.stop();
    unit.start_again(&[]);
    let client = unit.client();
    let status = client.get("/cell/__export").expect(200).json();
    assert_eq!(status["last"]["outcome"], "cancelled", "{status}");
    DATA.find(&client, "cell").unwrap();
    export(&client, "cell");
    unit.stop();
    unit.assert_tidy(1, 0);
}

#[test]
fn a_cell_is_as_it_was_after_a_cancelled_import() {
    let mut unit = TestUnit::start();
    let client = unit.client();
    DATA.fill(&client, "cell");
    let before = export(&client, "cell").report.root;
    client.post("/cell/__export", &json!({ "Name": "kept" })).expect(202);
    settled(&client, "/cell/__export");
    let mut in_time = 0;
    for phase in ["checking", "documents", "files", "verifying", "finishing"] {
        if cancelled(&client, "/cell/__import", "kept", phase) {
            in_time += 1;
        } else {
            // The end of an import is a moment; it came first, and is taken back.
            client.post("/cell/__import", &json!({ "Undo": true })).expect(204);
        }
        DATA.find(&client, "cell").unwrap();
    }
    assert!(in_time >= 3, "{in_time}");
    assert_eq!(export(&client, "cell").report.root, before);
    unit.stop();
    unit.start_again(&[("SAIBO_CELL__REPLACED_KEPT_HOURS", "0")]);
    unit.assert_tidy(1, 1);
    unit.stop();
}
