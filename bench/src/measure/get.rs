//! `GET` of small files and of entities by key, compared with a bare handler that gives the same answers.
//!
//! Both are processes that only one of is asked at a time, in turns. The clients share the machine with them, and cost
//! both the same; the processors' time of each request is told too, which they have no part in.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::{BIG, Course, DATA};
use crate::bare::Answer;
use crate::load::{self, Load, Script};
use crate::report::Target;
use crate::snapshots::entities;
use crate::unit::{Server, Unit};
use crate::{Result, figures, process, wire};

const CLIENTS: usize = 16;

/// How many different files and entities are asked for.
const DIFFERENT: u64 = 64;

/// Bytes of a file.
const FILE: usize = 4096;

/// How often the two take turns.
const TURNS: u32 = 3;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let (unit, client) = course.start(DATA)?;
    course.fill(BIG, &unit, &client)?;
    let count = course.options.sizes.entities();
    let mut files = Vec::new();
    let mut rows = Vec::new();
    for n in 0..DIFFERENT {
        let path = format!("{BIG}/{}/small-{n}.txt", entities::FOLDER);
        let letter = b'a' + (n % 26) as u8;
        client.put(&path, "text/plain", &[letter; FILE])?;
        files.push(client.get(&path)?);
        let key = entities::key(n * (count / DIFFERENT));
        rows.push(client.get(&format!("{BIG}/{}('{key}')", entities::SET))?);
    }
    for (what, answers) in [("a file of 4 KiB", files), ("an entity by key", rows)] {
        compare(course, &unit, what, &answers)?;
    }
    unit.stop()
}

fn compare(course: &mut Course<'_>, unit: &Unit, what: &'static str, answers: &[Answer]) -> Result<()> {
    let path = course.ground.path("answers.json");
    fs::write(&path, serde_json::to_vec(answers)?)?;
    let bare = Server::start(Command::new(std::env::current_exe()?).arg("bare").arg(&path))?;
    let script = script(unit, answers);
    let turn = Duration::from_secs(course.options.sizes.seconds()) / TURNS;
    let (mut ours, mut theirs) = (Measured::default(), Measured::default());
    for (address, pid, measured) in
        [(unit.address(), unit.pid(), &mut ours), (bare.address, bare.pid(), &mut theirs)]
    {
        measured.turn(address, pid, turn / 2, &script)?;
        *measured = Measured::default();
    }
    for _ in 0..TURNS {
        ours.turn(unit.address(), unit.pid(), turn, &script)?;
        theirs.turn(bare.address, bare.pid(), turn, &script)?;
    }
    drop(bare);
    ours.load.sort();
    theirs.load.sort();
    let ratio = ours.load.rate() / theirs.load.rate();
    let from = format!("{}; bare: {}", ours.shown(), theirs.shown());
    course.report.add("get", what, (ratio, "× bare"), Some(Target::AtLeast(0.5)), from);
    Ok(())
}

/// Requests of one of the two.
#[derive(Default)]
struct Measured {
    load: Load,
    cpu: Duration,
}

impl Measured {
    fn turn(
        &mut self,
        address: std::net::SocketAddr,
        pid: u32,
        time: Duration,
        script: &Script,
    ) -> Result<()> {
        let before = process::cpu(pid)?;
        self.load.add(load::run_for(address, CLIENTS, time, script)?.unrefused()?);
        self.cpu += process::cpu(pid)?.saturating_sub(before);
        Ok(())
    }

    fn shown(&self) -> String {
        let each = self.cpu.as_secs_f64() * 1e6 / self.load.micros.len().max(1) as f64;
        let p99 = figures::time(self.load.quantile(0.99));
        format!("{}/s, p99 {p99}, {each:.0} µs of processors each", figures::count(self.load.rate()))
    }
}

fn script(unit: &Unit, answers: &[Answer]) -> Script {
    let headers = unit.headers("Accept: application/json\r\n");
    let requests: Vec<Vec<u8>> = answers
        .iter()
        .map(|answer| {
            let mut out = Vec::new();
            wire::request(&mut out, "GET", &answer.path, &headers, b"");
            out
        })
        .collect();
    Arc::new(move |client, sent, out| {
        let at = (sent as usize + client * 5) % requests.len().max(1);
        let Some(request) = requests.get(at) else { return false };
        out.clear();
        out.extend_from_slice(request);
        true
    })
}
