//! What is left of a build after its process was killed: all that was kept, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use saibo_model::Id;
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, Builder, Origin};
use saibo_store_sqlite::{Options, SqliteBackend};

use support::files;

const CHILD: &str = "SAIBO_TEST_CRASHING_BUILD";

fn open(data: &Path) -> SqliteBackend {
    SqliteBackend::open(data, Options::default()).unwrap()
}

fn cell() -> Id {
    Id::from("cell")
}

fn add(builder: &mut dyn Builder, number: u64) {
    // Enough for the pages of several to be written before they are kept.
    let body = format!(r#"{{"text":"{}"}}"#, "long ".repeat(4_000));
    builder.document(&document(&roles(), &number.to_string(), &body), Origin { line: number }).unwrap();
    let mut writer = builder.content_writer().unwrap();
    writer.write_all(&number.to_le_bytes().repeat(2_100)).unwrap();
    let stored = writer.finish().unwrap();
    builder.content(&stored.content, stored.small.as_deref()).unwrap();
}

/// Goes on with building until it is killed, telling what was kept.
fn build_for_ever(data: &Path) {
    let backend = open(data);
    let say = |line: &str| std::io::stdout().write_all(line.as_bytes()).unwrap();
    let left = std::env::var("LEFT").ok().and_then(|name| backend.build_again(&cell(), &name).unwrap());
    let (mut builder, first) = match left {
        Some((builder, state)) => (builder, state.parse().unwrap()),
        None => (backend.build(&cell()).unwrap(), 0),
    };
    say(&format!("name {}\n", builder.name()));
    for number in first.. {
        add(&mut *builder, number);
        if number % 5 == 4 {
            builder.checkpoint(&(number + 1).to_string()).unwrap();
            say(&format!("kept {}\n", number + 1));
        }
    }
}

/// Not a test of its own: what the killed process runs.
#[test]
fn child() {
    if let Some(data) = std::env::var_os(CHILD) {
        build_for_ever(Path::new(&data));
    }
}

#[test]
fn a_killed_build_goes_on_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let (mut name, mut kept) = (None, 0);
    for round in 1..=6 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["child", "--exact", "--nocapture"]).env(CHILD, data).stdout(Stdio::piped());
        if let Some(name) = &name {
            child.env("LEFT", name);
        }
        let mut child = child.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let until = kept + 37 * round;
        while kept < until {
            let line = lines.next().unwrap().unwrap();
            match line.split_once(' ') {
                Some(("name", text)) => {
                    assert!(name.as_deref().is_none_or(|name| name == text), "it is built on");
                    name = Some(text.to_owned());
                }
                Some(("kept", number)) => kept = number.parse().unwrap(),
                _ => {}
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(Ok(line)) = lines.next()
            && let Some(number) = line.strip_prefix("kept ").and_then(|number| number.parse::<u64>().ok())
        {
            kept = kept.max(number);
        }
    }
    let backend = open(data);
    let (mut builder, state) = backend.build_again(&cell(), &name.unwrap()).unwrap().unwrap();
    let number: u64 = state.parse().unwrap();
    assert!(number >= kept, "{number} were kept, and {kept} had been told of");
    assert_eq!(builder.check(10).unwrap(), []);
    let mut found = 0;
    builder
        .read_with(&mut |tx| {
            found = tx.count(&roles(), None)?;
            Ok(())
        })
        .unwrap();
    assert_eq!(found, number);
    let built = builder.finish().unwrap();
    let place = saibo_store::Place { cell: cell(), generation: built.generation() };
    built.keep();
    assert!(backend.open(&place).is_ok());
    drop(backend);
    for path in files(&data.join("cells")) {
        if path.extension().is_some_and(|extension| extension == "db") {
            let connection = rusqlite::Connection::open(path).unwrap();
            let checked: String =
                connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(checked, "ok");
        }
    }
}
