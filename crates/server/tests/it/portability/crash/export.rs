//! A unit killed in the middle of an export.

use serde_json::json;

use super::{PAUSE, Rounds, content, time_of};
use crate::portability::jobs::{Snapshot, settled};
use crate::portability::live::{Live, Writer};
use crate::portability::process::TestUnit;

#[test]
fn an_export_comes_to_its_end_however_often_the_unit_is_killed() {
    let mut rounds = Rounds::new();
    let data = content("steady");
    let mut unit = TestUnit::start();
    let client = unit.client();
    data.fill(&client, "cell");
    rounds.typical = time_of(&client, "/cell/__export", "first");
    let mut all = Vec::new();
    for round in 0..rounds.count {
        let client = unit.client();
        let moment = rounds.moment(round);
        let name = format!("round{round}");
        let writer = Writer::start(&client, "cell", &name, PAUSE, false);
        let accepted = moment.strike(&client, "/cell/__export", &name, || unit.kill());
        all.push(writer.end());
        rounds.start_again(&mut unit);

        // The job goes on, and meanwhile everything is there.
        let client = unit.client();
        data.find(&client, "cell").unwrap_or_else(|why| panic!("round {round}, {moment:?}: {why}"));
        let names: Vec<&str> = all.iter().map(|written| written.name.as_str()).collect();
        let live = Live::read(&client, "cell", &names);
        all.iter().for_each(|written| written.assert_kept(&live));

        let status = settled(&client, "/cell/__export");
        assert_eq!(status, json!({ "status": "ready" }), "round {round}, {moment:?}");
        let path = format!("/cell/__snapshot/{name}.zip");
        let is_there = client.send("PROPFIND", &path, &[("Depth", "0")], b"").unwrap().status == 207;
        assert!(is_there || !accepted, "round {round}, {moment:?}: accepted, and neither done nor reported");
        if is_there {
            let snapshot = Snapshot::of(&client, "cell", &name);
            // One moment: of what was written one after the other, nothing without what came before.
            let live = Live::of(snapshot.entities(), &snapshot.files_below("live/"));
            assert!(live.numbers(&name).start == 0, "{live:?}");
            assert!(live.file(&name) <= Some(live.numbers(&name).end));
            all.iter().rev().skip(1).for_each(|written| written.assert_kept(&live));
            client.send("DELETE", &path, &[], b"").unwrap().expect(204);
        }
        let report = client.get(&format!("/cell/__snapshot/{name}.error"));
        assert_eq!(report.status, 404, "round {round}, {moment:?}: {report}");
        // The first export is still there.
        unit.assert_tidy(1, 1);
    }
    unit.stop();
    unit.assert_tidy(1, 1);
}
