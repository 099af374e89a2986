//! What is in a Cell before anything happens to it, and whether it is there again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::client::Client;
use super::random::Random;

/// The greatest page of a list, and the largest batch.
const PAGE: u64 = 10_000;
const BATCH: u64 = 1000;

/// How many requests are under way at a time.
const CLIENTS: u64 = 4;

/// What is in a Cell: files, entities, a Role, a link.
#[derive(Clone, Copy)]
pub(super) struct CellData {
    /// Tells this content from another.
    pub(super) flavour: &'static str,
    /// Files, in one folder.
    pub(super) files: u64,
    /// Bytes of each.
    pub(super) file_bytes: usize,
    /// Entities.
    pub(super) notes: u64,
}

impl CellData {
    /// Makes a Cell with it; with what [`live`](super::live) writes to, too.
    pub(super) fn fill(&self, client: &Client, cell: &str) {
        client.post("/__ctl/Cell", &json!({ "Name": cell })).expect(201);
        client.post(&format!("/{cell}/__ctl/Role"), &json!({ "Name": self.flavour })).expect(201);
        for (name, kind) in [("files", ""), ("live", ""), ("notes", "<p:odata/>")] {
            let body = format!(
                "<D:mkcol xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:set><D:prop><D:resourcetype>\
                 <D:collection/>{kind}</D:resourcetype></D:prop></D:set></D:mkcol>"
            );
            client.send("MKCOL", &format!("/{cell}/__/{name}"), &[], body.as_bytes()).unwrap().expect(201);
        }
        let schema = |set: &str, body: &Value| {
            client.post(&format!("/{cell}/__/notes/$metadata/{set}"), body).expect(201);
        };
        for name in ["Note", "Tag", "Live"] {
            schema("EntityType", &json!({ "Name": name }));
        }
        for (name, of) in [("title", "Edm.String"), ("number", "Edm.Int32")] {
            schema("Property", &json!({ "Name": name, "_EntityType.Name": "Note", "Type": of }));
        }
        for (name, of) in [("tags", "Note"), ("notes", "Tag")] {
            schema("AssociationEnd", &json!({ "Name": name, "_EntityType.Name": of, "Multiplicity": "*" }));
        }
        let [note, tag] = [("tags", "Note"), ("notes", "Tag")]
            .map(|(name, of)| format!("AssociationEnd(Name='{name}',_EntityType.Name='{of}')"));
        let metadata = format!("/{cell}/__/notes/$metadata");
        let uri = json!({ "uri": client.url(&format!("{metadata}/{tag}")) });
        client.post(&format!("{metadata}/{note}/$links/_AssociationEnd"), &uri).expect(204);

        self.put_files(client, cell);
        all(self.notes.div_ceil(BATCH), |n| self.post_notes(client, cell, n * BATCH));
        client.post(&format!("/{cell}/__/notes/Tag"), &json!({ "__id": self.flavour })).expect(201);
        let uri = json!({ "uri": client.url(&format!("/{cell}/__/notes/Tag('{}')", self.flavour)) });
        client.post(&format!("/{cell}/__/notes/Note('{}')/$links/_Tag", id(0)), &uri).expect(204);
    }

    fn put_files(&self, client: &Client, cell: &str) {
        all(self.files, |n| {
            client.put(&format!("/{cell}/__/files/{n}.jpg"), "image/jpeg", &self.file(n)).expect(201);
        });
    }

    fn post_notes(&self, client: &Client, cell: &str, from: u64) {
        let mut body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n".to_owned();
        for n in from..(from + BATCH).min(self.notes) {
            let note = json!({ "__id": id(n), "title": self.title(n), "number": n }).to_string();
            body.push_str(&format!(
                "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 POST Note HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{note}\r\n",
                note.len()
            ));
        }
        body.push_str("--c--\r\n--b--\r\n");
        let batch = [("Content-Type", "multipart/mixed; boundary=b")];
        let path = format!("/{cell}/__/notes/$batch");
        let reply = client.send("POST", &path, &batch, body.as_bytes()).unwrap().expect(202);
        assert!(!String::from_utf8_lossy(&reply.body).contains("HTTP/1.1 4"), "{reply}");
    }

    fn file(&self, n: u64) -> Vec<u8> {
        let flavour = self.flavour.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
        Random::new(flavour * 100_000 + n).bytes(self.file_bytes)
    }

    fn title(&self, n: u64) -> String {
        format!("note {n} of {} 日記", self.flavour)
    }

    /// Whether a Cell has exactly this, whatever was written beside it; else what differs.
    pub(super) fn find(&self, client: &Client, cell: &str) -> Result<(), String> {
        let roles = client.get(&format!("/{cell}/__ctl/Role")).expect(200).json();
        let roles = column(&roles, "Name");
        if roles != [self.flavour] {
            return Err(format!("the Roles are {roles:?}"));
        }
        let linked = client.get(&format!("/{cell}/__/notes/Note('{}')/_Tag", id(0))).expect(200).json();
        let linked = column(&linked, "__id");
        if linked != [self.flavour] {
            return Err(format!("the links are {linked:?}"));
        }
        let mut notes: BTreeMap<String, String> = BTreeMap::new();
        pages(client, &format!("/{cell}/__/notes/Note"), |note| {
            let text = |key: &str| note[key].as_str().unwrap().to_owned();
            notes.insert(text("__id"), text("title"));
        });
        if notes.len() as u64 != self.notes {
            return Err(format!("there are {} notes, not {}", notes.len(), self.notes));
        }
        for n in 0..self.notes {
            let found = notes.get(&id(n));
            if found != Some(&self.title(n)) {
                return Err(format!("note {n} is {found:?}"));
            }
        }
        for n in 0..self.files {
            let reply = client.get(&format!("/{cell}/__/files/{n}.jpg"));
            if reply.status != 200 || reply.body != self.file(n) {
                return Err(format!("file {n} is another ({}, {} bytes)", reply.status, reply.body.len()));
            }
        }
        match client.get(&format!("/{cell}/__/files/{}.jpg", self.files)).status {
            404 => Ok(()),
            status => Err(format!("there is one file too many ({status})")),
        }
    }
}

fn id(n: u64) -> String {
    format!("n{n:07}")
}

/// A text of every entity of a list.
fn column<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    let results = list["d"]["results"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    results.iter().map(|one| one[key].as_str().unwrap()).collect()
}

/// All entities of a set.
pub(super) fn pages(client: &Client, path: &str, mut each: impl FnMut(&Value)) {
    let mut last = String::new();
    loop {
        let query = format!("$orderby=__id&$top={PAGE}&$filter=__id%20gt%20'{last}'");
        let list = client.get(&format!("{path}?{query}")).expect(200).json();
        let results = list["d"]["results"].as_array().unwrap();
        results.iter().for_each(&mut each);
        match results.last() {
            Some(entity) => last = entity["__id"].as_str().unwrap().to_owned(),
            None => return,
        }
    }
}

/// Does something `count` times, by several threads.
fn all(count: u64, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS.min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    work(n);
                }
            });
        }
    });
}
