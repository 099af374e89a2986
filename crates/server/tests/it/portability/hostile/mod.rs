//! Snapshot files that nobody should import: each is refused with what is wrong and where, nothing of it reaches the
//! Cell, and the Cell goes on being used.

mod cases;
mod oddities;
mod template;
mod upload;
mod zip;

use serde_json::{Value, json};

use self::cases::Case;
use self::template::{ROOT, Template};
use super::cell_data::CellData;
use super::client::Client;
use super::jobs::{export, settled};
use super::process::TestUnit;

const DATA: CellData = CellData { flavour: "precious", files: 2, file_bytes: 50_000, notes: 20 };

/// A unit with a Cell that must stay as it is.
fn unit() -> TestUnit {
    let unit = TestUnit::start();
    DATA.fill(&unit.client(), "cell");
    unit
}

fn put(client: &Client, cell: &str, file: &[u8]) {
    let reply = client.put(&format!("/{cell}/__snapshot/bad.zip"), "application/zip", file);
    assert!(matches!(reply.status, 201 | 204), "{reply}");
}

/// What an import of that file comes to: refused at once or in the end, with the error; `None` if it went well.
fn import(client: &Client, cell: &str, file: &[u8]) -> Option<(bool, Value)> {
    put(client, cell, file);
    let path = format!("/{cell}/__import");
    let reply = client.post(&path, &json!({ "Name": "bad" }));
    if reply.status != 202 {
        assert_eq!(reply.status, 400, "{reply}");
        return Some((true, reply.json()));
    }
    let status = settled(client, &path);
    if status == json!({ "status": "ready" }) {
        return None;
    }
    assert_eq!(status["status"], "import failed", "{status}");
    assert_eq!(status["importation_name"], "bad", "{status}");
    assert!(status["progress"].as_str().unwrap().ends_with('%') && status["progress"] != "100%", "{status}");
    Some((false, status["message"].clone()))
}

/// What is wrong with an answer, if anything.
fn judge(case: &Case, outcome: Option<(bool, Value)>) -> Result<(), String> {
    let (at_once, error) = outcome.ok_or_else(|| format!("{}: was imported", case.what))?;
    let message = error["message"]["value"].as_str().unwrap_or_default();
    let is_right = at_once == case.at_once
        && error["code"] == case.code
        && case.parts.iter().all(|part| message.contains(part));
    let expected = || format!("at once: {}, {}, {:?}", case.at_once, case.code, case.parts);
    if is_right {
        Ok(())
    } else {
        Err(format!("{}: at once: {at_once}, {error}; not {}", case.what, expected()))
    }
}

fn all_are_refused(cases: Vec<Case>) {
    let mut unit = unit();
    let client = unit.client();
    let root = export(&client, "cell").report.root;
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(judge(&case, import(&client, "cell", &case.file)).err());
        assert_eq!(export(&client, "cell").report.root, root, "{} changed the Cell", case.what);
        unit.assert_tidy(1, 1);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    is_usable(&client);
    unit.stop();
    unit.assert_tidy(1, 1);
}

/// The Cell has what it had, takes writes, and imports what is good.
fn is_usable(client: &Client) {
    DATA.find(client, "cell").unwrap();
    client.put("/cell/__/live/new.txt", "text/plain", b"written").expect(201);
    client.post("/cell/__/notes/Note", &json!({ "__id": "new", "title": "written" })).expect(201);
    assert_eq!(client.get("/cell/__/live/new.txt").expect(200).body, b"written");
    client.post("/__ctl/Cell", &json!({ "Name": "other" })).expect(201);
    assert_eq!(import(client, "other", &Template::new().zip()), None);
    client.send("DELETE", "/other", &[("X-Personium-Recursive", "true")], b"").unwrap().expect(204);
}

#[test]
fn files_of_a_wrong_structure() {
    all_are_refused(cases::structure());
}

#[test]
fn entries_that_are_not_what_they_should_be() {
    all_are_refused(cases::entries());
}

#[test]
fn contents_that_do_not_fit_together() {
    all_are_refused(cases::content());
}

#[test]
fn what_is_good_is_imported_and_so_is_an_ace_of_nobody() {
    let unit = unit();
    let client = unit.client();
    let ace = |role: &str| {
        let acl = format!(
            r#"{{"D.ace":[{{"D.principal":{{"D.href":"{role}"}},"D.grant":{{"D.privilege":[{{"D.read":{{}}}}]}}}}]}}"#
        );
        let root =
            template::meta("Cell", "root", r#","cs":"normal""#).replace(r#""a":{}"#, &format!("\"a\":{acl}"));
        Template::new().with(ROOT, root).zip()
    };
    for (file, has_ace) in [(Template::new().zip(), false), (ace("role"), true), (ace("nobody"), true)] {
        assert_eq!(import(&client, "cell", &file), None);
        let file = client.get("/cell/__/f").expect(200);
        assert_eq!((file.body.as_slice(), file.content_type.as_str()), (&b"four"[..], "text/plain"));
        let note = client.get("/cell/__/od/Note('x')").expect(200).json();
        assert_eq!(note["d"]["results"]["title"], "text", "{note}");
        let again = export(&client, "cell");
        assert_eq!((again.report.counts.files, again.report.counts.links), (1, 1));
        assert!(!has_ace || again.meta("").acl.unwrap().contains("D.principal"), "it is kept");
        client.send("PROPFIND", "/cell", &[("Depth", "0")], b"").unwrap().expect(207);
        client.post("/cell/__import", &json!({ "Undo": true })).expect(204);
        DATA.find(&client, "cell").unwrap();
    }
}

#[test]
fn no_bit_of_a_signed_snapshot_counts_for_nothing() {
    let unit = unit();
    let client = unit.client();
    let root = export(&client, "cell").report.root;
    client.post("/cell/__export", &json!({ "Name": "signed" })).expect(202);
    settled(&client, "/cell/__export");
    let good = client.download_small("/cell/__snapshot/signed.zip");
    let find = |text: &[u8]| good.windows(text.len()).position(|window| window == text).unwrap();
    // In a file's content, which lies behind its name; in the list of entries; in a name.
    let content = find(b"20_webdav/__/files/0.jpg/content") + 10_000;
    for (at, part) in [
        (content, "20_webdav/__/files/0.jpg/content"),
        (find(b"90_saibo/entries.jsonl") + 100, "90_saibo/entries.jsonl"),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let (_, error) = import(&client, "cell", &bad).unwrap();
        let message = error["message"]["value"].as_str().unwrap();
        assert!(message.contains(part) && error["code"] == "PR400-MC-0004", "{at}: {error}");
        assert_eq!(export(&client, "cell").report.root, root);
    }
    assert_eq!(import(&client, "cell", &good), None);
    assert_eq!(export(&client, "cell").report.root, root, "what is whole comes back as it was");
}
