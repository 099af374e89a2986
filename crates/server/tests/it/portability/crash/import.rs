//! A unit killed in the middle of an import.

use serde_json::json;

use super::{Moment, PAUSE, Rounds, content, time_of};
use crate::portability::cell_data::CellData;
use crate::portability::client::Client;
use crate::portability::jobs::settled;
use crate::portability::live::{Live, Writer, Written};
use crate::portability::process::TestUnit;

const OLD: CellData = content("old");
const NEW: CellData = content("new");

#[test]
fn a_cell_is_the_old_or_the_new_one_however_often_the_unit_is_killed() {
    let mut rounds = Rounds::new();
    let mut unit = TestUnit::start();
    let client = unit.client();
    OLD.fill(&client, "cell");
    NEW.fill(&client, "source");
    rounds.typical = prepare(&client);
    let (mut all, mut imports) = (Vec::new(), 1);
    for round in 0..rounds.count {
        let client = unit.client();
        let moment = rounds.moment(round);
        let name = format!("round{round}");
        let writer = Writer::start(&client, "cell", &name, PAUSE, true);
        let accepted = moment.strike(&client, "/cell/__import", "new", || unit.kill());
        all.push(writer.end());
        rounds.start_again(&mut unit);
        let client = unit.client();
        either(&client).unwrap_or_else(|why| panic!("round {round}, {moment:?}: {why}"));
        let status = settled(&client, "/cell/__import");
        assert_eq!(status, json!({ "status": "ready" }), "round {round}, {moment:?}");
        imports += usize::from(check_end(&client, accepted, &mut all, moment));
        // The source, the live one, and what was replaced.
        unit.assert_tidy(2 + imports, 2);
    }
    // What was replaced goes, and with it all but one generation of each Cell.
    unit.stop();
    unit.start_again(&[("SAIBO_CELL__REPLACED_KEPT_HOURS", "0")]);
    OLD.find(&unit.client(), "cell").unwrap();
    NEW.find(&unit.client(), "source").unwrap();
    unit.assert_tidy(2, 2);
    unit.stop();
    unit.assert_tidy(2, 2);
}

/// Puts the snapshot of the source into the Cell; how long it takes to import it and to have it undone.
fn prepare(client: &Client) -> std::time::Duration {
    time_of(client, "/source/__export", "new");
    let snapshot = client.download_small("/source/__snapshot/new.zip");
    client.put("/cell/__snapshot/new.zip", "application/zip", &snapshot).expect(201);
    let typical = time_of(client, "/cell/__import", "new");
    NEW.find(client, "cell").unwrap();
    client.post("/cell/__import", &json!({ "Undo": true })).expect(204);
    OLD.find(client, "cell").unwrap();
    typical
}

/// Whether the Cell is wholly the new one; an error if it is a mix.
fn either(client: &Client) -> Result<bool, String> {
    let is_running = || client.get("/cell/__import").expect(200).json()["status"] != "ready";
    loop {
        let running = is_running();
        let (old, new) = (OLD.find(client, "cell"), NEW.find(client, "cell"));
        // If an import came to its end in between, two states were seen.
        match (running && !is_running(), old, new) {
            (true, ..) => {}
            (false, Ok(()), Err(_)) => return Ok(false),
            (false, Err(_), Ok(())) => return Ok(true),
            (false, old, new) => return Err(format!("not the old one: {old:?}; not the new one: {new:?}")),
        }
    }
}

/// After the job: the Cell is the new one if the import was accepted, and undone it is the old one again, with all
/// that was ever acknowledged in either. Whether it was imported.
fn check_end(client: &Client, accepted: bool, all: &mut [Written], moment: Moment) -> bool {
    let is_new = either(client).unwrap_or_else(|why| panic!("{moment:?}: {why}"));
    assert!(is_new || !accepted, "{moment:?}: accepted, and neither done nor reported");
    let read = |all: &[Written]| {
        let names: Vec<&str> = all.iter().map(|written| written.name.as_str()).collect();
        Live::read(client, "cell", &names)
    };
    if !is_new {
        let live = read(all);
        all.iter().for_each(|written| written.assert_kept(&live));
        return false;
    }
    let in_new = read(all);
    client.post("/cell/__import", &json!({ "Undo": true })).expect(204);
    OLD.find(client, "cell").unwrap_or_else(|why| panic!("{moment:?}: undone, it is another: {why}"));
    let in_old = read(all);
    // What was written before the swap is in the old one, what was written after it in the new one.
    let (last, earlier) = all.split_last_mut().unwrap();
    let (before, after) = (in_old.numbers(&last.name), in_new.numbers(&last.name));
    assert!(after.is_empty() || after.start == before.end, "{moment:?}: {before:?} then {after:?}");
    earlier.iter().for_each(|written| written.assert_kept(&in_old));
    let kept = Written { entities: before.end, file: in_old.file(&last.name), ..last.clone() };
    last.assert_kept(&in_old.and(in_new));
    // The rest has gone with the undo.
    *last = kept;
    true
}
