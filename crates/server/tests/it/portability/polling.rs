//! What `GET __export` says while an export runs and others write (API page 502): asked every 5 ms, it has the four
//! keys of the API, never goes back, and nothing that is written meanwhile is refused or lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cell_data::CellData;
use super::client::Client;
use super::jobs::Snapshot;
use super::live::{Live, Writer, Written};
use super::process::TestUnit;

const EVERY: Duration = Duration::from_millis(5);

const WRITERS: [&str; 4] = ["one", "two", "three", "four"];

/// How long a writer pauses between two writes.
const PAUSE: Duration = Duration::from_millis(3);

/// How many different values of the progress are seen at least.
const VALUES: usize = 20;

/// Keys that are not the API's.
const OURS: [&str; 7] =
    ["phase", "items_done", "items_total", "bytes_done", "bytes_total", "bytes_per_second", "seconds_left"];

fn size() -> CellData {
    let flavour = "polled";
    if std::env::var("SAIBO_POLLING_FULL").is_ok_and(|value| value == "1") {
        return CellData { flavour, files: 600, file_bytes: 1 << 20, notes: 200_000 };
    }
    CellData { flavour, files: 40, file_bytes: 1 << 20, notes: 20_000 }
}

#[test]
fn the_status_is_true_and_writers_go_on() {
    let mut unit = TestUnit::start();
    let client = unit.client();
    let data = size();
    data.fill(&client, "cell");
    let before = client.get("/cell/__export").expect(200);
    assert_eq!(before.json(), json!({ "status": "ready" }));

    let writers = WRITERS.map(|name| Writer::start(&client, "cell", name, PAUSE, false));
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    client.post("/cell/__export", &json!({ "Name": "polled_1-A" })).expect(202);
    let seen = poll(&client);
    let time = begun.elapsed();
    std::thread::sleep(Duration::from_millis(200));
    let written = writers.map(Writer::end);

    check_statuses(&seen);
    let values: BTreeSet<u64> = seen.iter().map(percent).collect();
    let writes: u64 = written.iter().map(|written| written.entities).sum();
    #[allow(clippy::print_stdout, reason = "shown with a failed test, and on demand")]
    {
        println!("{} answers with {} values in {time:?}; {writes} entities", seen.len(), values.len());
    }
    assert!(values.len() >= VALUES, "{values:?} in {time:?}");
    check_writes(&client, &written);
    data.find(&client, "cell").unwrap();
    check_snapshot(&client, data, &written);
    unit.stop();
    unit.assert_tidy(1, 1);
}

/// Asks until the export is over; the snapshot is there by then. What was said meanwhile.
fn poll(client: &Client) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut next = Instant::now();
    loop {
        let reply = client.get("/cell/__export").expect(200);
        assert!(reply.content_type.starts_with("application/json"), "{}", reply.content_type);
        let status = reply.json();
        if status == json!({ "status": "ready" }) {
            let path = "/cell/__snapshot/polled_1-A.zip";
            client.send("PROPFIND", path, &[("Depth", "0")], b"").unwrap().expect(207);
            return seen;
        }
        seen.push(status);
        next = (next + EVERY).max(Instant::now());
        std::thread::sleep(next - Instant::now());
    }
}

/// `NN%`, as a number.
fn percent(status: &Value) -> u64 {
    let text = status["progress"].as_str().unwrap_or_else(|| panic!("{status}"));
    let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
    number.filter(|number| format!("{number}%") == text).unwrap_or_else(|| panic!("{status}"))
}

/// Whether it is a time as the API writes it, such as `2017-02-13T09:00:00.000Z`.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

fn check_statuses(seen: &[Value]) {
    let started_at = seen[0]["started_at"].as_str().unwrap();
    assert!(is_time(started_at), "{started_at}");
    for status in seen {
        assert_eq!(status["status"], "exportation in progress", "{status}");
        assert_eq!(status["started_at"], started_at, "{status}");
        assert_eq!(status["exportation_name"], "polled_1-A", "{status}");
        assert!(percent(status) < 100, "it is not over: {status}");
        let api = ["status", "started_at", "progress", "exportation_name"];
        let keys: BTreeSet<&str> = status.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, api.into_iter().chain(OURS).collect(), "{status}");
    }
    for key in ["items_done", "bytes_done"] {
        let total = key.replace("done", "total");
        let total_in = |status: &Value| status[&total].as_u64().unwrap();
        for pair in seen.windows(2) {
            assert!(percent(&pair[0]) <= percent(&pair[1]), "{} after {}", pair[1], pair[0]);
            assert!(pair[0][key].as_u64() <= pair[1][key].as_u64(), "{} after {}", pair[1], pair[0]);
        }
        for status in seen.iter().filter(|status| total_in(status) > 0) {
            assert!(status[key].as_u64().unwrap() <= total_in(status), "{status}");
            assert_eq!(total_in(status), total_in(seen.last().unwrap()), "counted beforehand: {status}");
        }
    }
}

fn check_writes(client: &Client, written: &[Written]) {
    let live = Live::read(client, "cell", &WRITERS);
    for written in written {
        assert!(written.failed.is_empty(), "{written:?}");
        assert!(written.entities > 20, "hardly anything was written: {written:?}");
        written.assert_kept(&live);
    }
}

/// The snapshot verifies, has all that was there before, and shows one moment of what each writer did.
fn check_snapshot(client: &Client, data: CellData, written: &[Written]) {
    let snapshot = Snapshot::of(client, "cell", "polled_1-A");
    assert_eq!(snapshot.report.counts.files, data.files + WRITERS.len() as u64);
    let (entities, files) = (snapshot.entities(), snapshot.files_below("live/"));
    assert!(entities.len() as u64 > data.notes);
    let live = Live::of(entities, &files);
    for written in written {
        let numbers = live.numbers(&written.name);
        assert!(numbers.start == 0 && (1..=written.entities).contains(&numbers.end), "{numbers:?}");
        // The file's number is that of the entity that comes next.
        let file = live.file(&written.name).unwrap();
        assert!(file <= numbers.end && numbers.end <= file + 8, "{file} and {numbers:?}");
    }
}
