//! A unit killed in the middle of change sets: each is there whole or not at all, and those that were acknowledged are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{Rounds, content, say};
use crate::portability::cell_data::CellData;
use crate::portability::client::Client;
use crate::portability::process::TestUnit;

const CELL: CellData = CellData { files: 1, notes: 1, ..content("batches") };

/// Requests of a change set: each creates, and the last changes what the first has created.
const OF_EACH: u64 = 20;

/// Clients that send them at once: their commits are shared.
const CLIENTS: u64 = 3;

#[test]
fn a_change_set_is_there_whole_or_not_at_all() {
    let mut rounds = Rounds::new();
    let mut unit = TestUnit::start();
    CELL.fill(&unit.client(), "cell");
    rounds.typical = Duration::from_millis(300);
    for round in 0..rounds.count {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..CLIENTS)
            .map(|writer| {
                let (client, stop) = (unit.client(), stop.clone());
                std::thread::spawn(move || write(&client, &format!("r{round}w{writer}"), &stop))
            })
            .collect();
        let time = rounds.random.time(rounds.typical);
        say(&format!("round {round}: killed after {time:?}"));
        std::thread::sleep(time);
        unit.kill();
        stop.store(true, Ordering::Relaxed);
        let sent: Vec<Sent> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        rounds.start_again(&mut unit);
        let client = unit.client();
        for sent in sent {
            // One more than those that were answered may have been under way.
            for set in 0..=sent.acknowledged {
                let (name, found) = (&sent.name, found(&client, &sent.name, set));
                let whole = found == (OF_EACH - 1, 1);
                let right = if set < sent.acknowledged { whole } else { whole || found == (0, 0) };
                assert!(right, "round {round}: {found:?} of change set {name}-{set}");
            }
        }
    }
    unit.stop();
}

/// What a client has sent.
struct Sent {
    name: String,
    /// How many change sets were answered, with all of their requests done.
    acknowledged: u64,
}

/// Sends change sets until the unit is gone.
fn write(client: &Client, name: &str, stop: &AtomicBool) -> Sent {
    let mut acknowledged = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = change_set(name, acknowledged);
        let multipart = [("Content-Type", "multipart/mixed; boundary=b")];
        let Ok(reply) = client.send("POST", "/cell/__/notes/$batch", &multipart, body.as_bytes()) else {
            break;
        };
        let text = String::from_utf8(reply.expect(202).body).unwrap();
        let done = [("201 Created", OF_EACH as usize - 1), ("204 No Content", 1)];
        assert!(done.iter().all(|(status, times)| text.matches(status).count() == *times), "{text}");
        acknowledged += 1;
    }
    Sent { name: name.to_owned(), acknowledged }
}

/// The body of a `$batch` with one change set.
fn change_set(name: &str, set: u64) -> String {
    let mut body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n".to_owned();
    let mut part = |method: &str, path: &str, json: &str| {
        body.push_str(&format!(
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             {method} {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}\r\n",
            json.len()
        ));
    };
    let id = |n: u64| format!("{name}-{set}-{n}");
    let note = |n: u64, title: String| json!({ "__id": id(n), "title": title, "number": n }).to_string();
    for n in 0..OF_EACH - 1 {
        part("POST", "Note", &note(n, format!("{name}-{set}")));
    }
    part("PUT", &format!("Note('{}')", id(0)), &note(0, format!("{name}-{set}, changed")));
    body.push_str("--c--\r\n--b--\r\n");
    body
}

/// How many entities of a change set there are, and how many of them it has changed.
fn found(client: &Client, name: &str, set: u64) -> (u64, u64) {
    let titled = |title: &str| {
        let filter = format!("title%20eq%20'{title}'");
        let path = format!("/cell/__/notes/Note?$filter={filter}&$top=0&$inlinecount=allpages");
        let count = client.get(&path).expect(200).json()["d"]["__count"].as_str().map(str::to_owned);
        count.unwrap().parse::<u64>().unwrap()
    };
    let changed = titled(&format!("{name}-{set},%20changed"));
    (titled(&format!("{name}-{set}")) + changed, changed)
}
