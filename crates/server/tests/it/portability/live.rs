//! Writing all the while, and remembering what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::cell_data::pages;
use super::client::Client;

/// After so many entities comes a file.
const FILE_AFTER: u64 = 8;

/// More than is kept in the database, so that there are blobs that come and go.
const FILE_BYTES: usize = 20_000;

/// Somebody who writes: numbered entities, and their own file over and over with the latest number in it. One write
/// is acknowledged before the next is sent.
pub(super) struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Written>,
}

/// What they wrote.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) name: String,
    /// Entities acknowledged: numbers from 0.
    pub(super) entities: u64,
    /// The number in the file, as acknowledged last.
    pub(super) file: Option<u64>,
    /// What was refused, or not answered.
    pub(super) failed: Vec<String>,
}

impl Writer {
    /// Begins to write. A 503 is tried again where a swap may be under way, as it says.
    pub(super) fn start(client: &Client, cell: &str, name: &str, pause: Duration, retries: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (client, cell, stopping) = (client.clone(), cell.to_owned(), stop.clone());
        let mut written = Written { name: name.to_owned(), entities: 0, file: None, failed: Vec::new() };
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) && written.write(&client, &cell, retries) {
                std::thread::sleep(pause);
            }
            written
        });
        Self { stop, thread }
    }

    /// Waits until they have stopped.
    pub(super) fn end(self) -> Written {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

impl Written {
    /// Writes once; whether there is any use in going on.
    fn write(&mut self, client: &Client, cell: &str, retries: bool) -> bool {
        let number = self.entities;
        let is_file = number.is_multiple_of(FILE_AFTER) && number > 0 && self.file != Some(number);
        let sent = if is_file {
            let path = format!("/{cell}/__/live/{}.txt", self.name);
            client.send("PUT", &path, &[("Content-Type", "text/plain")], &content(number))
        } else {
            let path = format!("/{cell}/__/notes/Live");
            let body = json!({ "__id": id(&self.name, number) }).to_string();
            client.send("POST", &path, &[("Content-Type", "application/json")], body.as_bytes())
        };
        match sent {
            Ok(reply) if matches!(reply.status, 201 | 204) && is_file => self.file = Some(number),
            Ok(reply) if reply.status == 201 => self.entities += 1,
            Ok(reply) if reply.status == 503 && retries => {}
            Ok(reply) => self.failed.push(reply.to_string()),
            Err(error) => {
                self.failed.push(error.to_string());
                return false;
            }
        }
        self.failed.len() < 10
    }

    /// Checks that all that was acknowledged is there, and at most the write that was under way at the end besides.
    pub(super) fn assert_kept(&self, live: &Live) {
        let name = &self.name;
        for n in 0..self.entities {
            assert!(live.entities.contains(&id(name, n)), "entity {n} of {name} is lost: {self:?}");
        }
        let beyond = live.entities.range(id(name, self.entities + 1)..id(name, u64::MAX)).next();
        assert_eq!(beyond, None, "{self:?}");
        let file = live.files.get(name).copied();
        assert!(file >= self.file && file <= Some(self.entities), "the file has {file:?}: {self:?}");
    }
}

/// What of it is in a Cell.
#[derive(Debug, Default)]
pub(super) struct Live {
    entities: BTreeSet<String>,
    files: BTreeMap<String, u64>,
}

impl Live {
    /// Reads it, with the files of those writers.
    pub(super) fn read(client: &Client, cell: &str, names: &[&str]) -> Self {
        let mut live = Self::default();
        pages(client, &format!("/{cell}/__/notes/Live"), |entity| {
            live.entities.insert(entity["__id"].as_str().unwrap().to_owned());
        });
        for name in names {
            let reply = client.get(&format!("/{cell}/__/live/{name}.txt"));
            if reply.status != 404 {
                live.files.insert((*name).to_owned(), number_in(&reply.expect(200).body));
            }
        }
        live
    }

    /// What is in a snapshot.
    pub(super) fn of(entities: Vec<String>, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let files = files.iter().filter_map(|(path, bytes)| {
            let name = path.strip_prefix("live/")?.strip_suffix(".txt")?;
            Some((name.to_owned(), number_in(bytes)))
        });
        Self { entities: entities.into_iter().collect(), files: files.collect() }
    }

    /// The numbers of a writer's entities; checks that none is missing between them.
    pub(super) fn numbers(&self, name: &str) -> std::ops::Range<u64> {
        let ids = self.entities.range(id(name, 0)..=id(name, u64::MAX));
        let numbers: Vec<u64> = ids.map(|id| id.rsplit_once('-').unwrap().1.parse().unwrap()).collect();
        let Some((first, last)) = numbers.first().zip(numbers.last()) else { return 0..0 };
        assert_eq!(last - first + 1, numbers.len() as u64, "some between are missing: {numbers:?}");
        *first..last + 1
    }

    /// What is here or there.
    pub(super) fn and(mut self, other: Live) -> Self {
        self.entities.extend(other.entities);
        for (name, number) in other.files {
            let known = self.files.entry(name).or_default();
            *known = number.max(*known);
        }
        self
    }

    /// The number in a writer's file.
    pub(super) fn file(&self, name: &str) -> Option<u64> {
        self.files.get(name).copied()
    }
}

fn id(name: &str, number: u64) -> String {
    format!("{name}-{number:020}")
}

fn content(number: u64) -> Vec<u8> {
    format!("{number:010} ").into_bytes().into_iter().cycle().take(FILE_BYTES).collect()
}

/// The number in a file; it must be whole.
fn number_in(bytes: &[u8]) -> u64 {
    let number = std::str::from_utf8(&bytes[..10]).unwrap().parse().unwrap();
    assert!(bytes == content(number), "a file is a mix of two: {number}");
    number
}
