//! A unit killed in the middle of moving a Cell to another one.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PAUSE, Rounds, content, say};
use crate::portability::cell_data::CellData;
use crate::portability::client::{Client, TOKEN};
use crate::portability::live::{Live, Writer, Written};
use crate::portability::process::TestUnit;

const CELL: CellData = content("moving");

/// So many documents are more than was written in a round: an import of everything.
const MOST_OF_IT: u64 = 1500;

const SETTINGS: &[(&str, &str)] = &[("SAIBO_UNIT__MOVES_TO_PRIVATE_ADDRESSES", "true")];

#[test]
fn a_cell_is_in_one_place_and_whole_however_often_the_unit_is_killed() {
    let mut rounds = Rounds::new();
    rounds.settings = SETTINGS;
    let mut old = TestUnit::start_with(SETTINGS);
    let new = TestUnit::start_with(SETTINGS);
    CELL.fill(&old.client(), "cell");
    let cron = json!({ "Cron": "0 0 1 1 *", "Keep": 5 }).to_string();
    old.client().put("/cell/__export/schedule", "application/json", cron.as_bytes()).expect(201);
    let begun = std::time::Instant::now();
    begin(&old.client(), &new.client()).unwrap();
    assert!(settled(&old.client(), &Value::Null));
    rounds.typical = begun.elapsed();
    reset(&old, &new, true);
    let (mut all, mut resumed): (Vec<Written>, u64) = (Vec::new(), 0);
    for round in 0..rounds.count {
        let client = old.client();
        let name = format!("round{round}");
        let before = last(&client);
        let writer = Writer::start(&client, "cell", &name, PAUSE, true);
        let accepted = strike(&mut rounds, round, &mut old, &new);
        all.push(writer.end());
        rounds.start_again(&mut old);
        let client = old.client();
        let is_moved = settled(&client, &before);
        resumed += u64::from(accepted && is_moved);
        let told = last(&client);
        assert!(is_moved || !accepted, "round {round}: accepted, and it has not moved: {told}");
        assert!(!is_moved || told["warnings"].is_null(), "round {round}: {told}");
        let place = if is_moved { new.client() } else { old.client() };
        let schedule = place.get("/cell/__export/schedule").expect(200).json();
        assert_eq!(schedule["Keep"], 5, "round {round}, moved {is_moved}: it is where the Cell is");
        CELL.find(&place, "cell").unwrap_or_else(|why| panic!("round {round}, moved {is_moved}: {why}"));
        let names: Vec<&str> = all.iter().map(|written| written.name.as_str()).collect();
        let live = Live::read(&place, "cell", &names);
        all.iter().for_each(|written| written.assert_kept(&live));
        if is_moved {
            // It is nowhere else.
            let put = client.send("PUT", "/cell/__/live/x.txt", &[], b"x").unwrap().expect(308);
            assert_eq!(put.header("location"), Some(place.url("/cell/__/live/x.txt").as_str()));
            let former = place.get("/cell/__move/former").expect(200).json();
            // Which of them: each start is at another port.
            let is_known = former["former"][0].as_str().is_some_and(|url| url.ends_with("/cell/"));
            assert!(is_known, "round {round}: {former}");
            let whole = imports(&place).iter().filter(|count| **count > MOST_OF_IT).count();
            say(&format!("round {round}: {whole} imports of everything: {:?}", imports(&place)));
        }
        // No parcel stays behind anywhere.
        for unit in [&old, &new] {
            assert_eq!(unit.snapshots(), 0, "round {round}, moved {is_moved}");
        }
        reset(&old, &new, is_moved);
    }
    say(&format!("{resumed} of {} moves that were cut off, or just over, came to their end", rounds.count));
    old.stop();
}

/// Asks for a move; an error if no answer comes.
fn begin(old: &Client, new: &Client) -> Result<(), ureq::Error> {
    let body = json!({ "To": new.url("/cell/"), "Token": TOKEN }).to_string();
    let json = [("Content-Type", "application/json")];
    old.send("POST", "/cell/__move", &json, body.as_bytes()).map(|reply| drop(reply.expect(202)))
}

/// Has a move begun and kills the unit at some moment of it; whether the move was accepted.
fn strike(rounds: &mut Rounds, round: u64, old: &mut TestUnit, new: &TestUnit) -> bool {
    let (client, to) = (old.client(), new.client());
    let asking = client.clone();
    let post = std::thread::spawn(move || begin(&asking, &to).is_ok());
    // Every fourth time at its beginning, when the Cell there is made.
    let early = Duration::from_millis(60);
    if round.is_multiple_of(2) {
        let longest = if round.is_multiple_of(4) { rounds.typical + rounds.typical / 5 } else { early };
        let time = rounds.random.time(longest);
        say(&format!("round {round}: after {time:?}"));
        std::thread::sleep(time);
        old.kill();
        return post.join().unwrap();
    }
    // Around the handover.
    let longest = [20, 100, 400][rounds.random.below(3) as usize];
    let time = rounds.random.time(Duration::from_millis(longest));
    say(&format!("round {round}: {time:?} after the handover began"));
    let accepted = post.join().unwrap();
    loop {
        let status = client.get("/cell/__move").expect(200).json();
        if status["phase"] == "handing over" || status.get("phase").is_none() {
            break;
        }
    }
    std::thread::sleep(time);
    old.kill();
    accepted
}

/// What became of the last move.
fn last(client: &Client) -> Value {
    client.get("/cell/__move/history").expect(200).json()["history"][0].clone()
}

/// Waits until no move runs; whether the Cell has moved. `before` became of the last one that was over.
fn settled(client: &Client, before: &Value) -> bool {
    let begun = std::time::Instant::now();
    loop {
        let status = client.get("/cell/__move").expect(200).json();
        let word = status["status"].as_str().unwrap().to_owned();
        // When it has moved there is a little left to do.
        if !word.ends_with("in progress") && (word != "moved" || last(client) != *before) {
            return word == "moved";
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{status}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many documents each import had that was done.
fn imports(client: &Client) -> Vec<u64> {
    let history = client.get("/cell/__import/history").expect(200).json();
    let past = history["history"].as_array().unwrap().iter();
    past.filter(|past| past["outcome"] == "done").map(|past| past["documents"].as_u64().unwrap()).collect()
}

/// Has the Cell at its old place again, as it was when it moved.
fn reset(old: &TestUnit, new: &TestUnit, is_moved: bool) {
    if is_moved {
        old.client().post("/cell/__move", &json!({ "Undo": true })).expect(204);
    }
    let gone = new.client().send("DELETE", "/cell", &[("X-Personium-Recursive", "true")], b"").unwrap();
    assert!(matches!(gone.status, 204 | 404), "{gone}");
}
