//! What is left after a process was killed in the middle of its work.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use saibo_model::node::CELL_NODE;
use saibo_model::{Id, Node, NodeKind};
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, Origin, StoreExt as _};
use saibo_store_sqlite::{Options, SqliteBackend};

use support::files;

const CHILD: &str = "SAIBO_TEST_CRASHING_CHILD";

fn open(data: &Path) -> SqliteBackend {
    SqliteBackend::open(data, Options::default()).unwrap()
}

fn blobs_folder(data: &Path) -> PathBuf {
    let found = std::fs::read_dir(data.join("cells"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("cell/1/blobs"));
    found.into_iter().find(|path| path.is_dir()).unwrap()
}

fn bytes_of(name: &str) -> Vec<u8> {
    name.bytes().cycle().take(20_000).collect()
}

/// Writes until it is killed, telling what was acknowledged.
fn write_for_ever(data: &Path) {
    let backend = open(data);
    let (store, blobs) = backend.open(&place("cell")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (store, blobs) = (&store, &blobs);
            scope.spawn(move || {
                for i in 0.. {
                    let name = format!("{}-{thread}-{i}", std::process::id());
                    put(store, document(&entities(), &name, r#"{"some":"body"}"#));
                    std::io::stdout().write_all(format!("document {name}\n").as_bytes()).unwrap();
                    if i % 5 == 0 {
                        let stored = content(blobs, &bytes_of(&name));
                        put_file(store, CELL_NODE, &name, stored);
                        std::io::stdout().write_all(format!("file {name}\n").as_bytes()).unwrap();
                    }
                    if i % 7 == 0 {
                        // Written, and then nothing refers to it.
                        std::mem::forget(content(blobs, &bytes_of(&format!("lost {name}"))));
                    }
                }
            });
        }
        scope.spawn(|| {
            for i in 0.. {
                std::mem::forget(freeze(&backend, &store));
                let mut builder = backend.build(&Id::from("built")).unwrap();
                builder.node(&Node::collection(NodeKind::Cell, 0, "", 1)).unwrap();
                builder.document(&document(&roles(), "a", "{}"), Origin { line: 1 }).unwrap();
                if i % 2 == 0 {
                    builder.check(1).unwrap();
                    builder.finish().unwrap().keep();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
    });
}

/// Not a test of its own: what the killed process runs.
#[test]
fn child() {
    if let Some(data) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&data));
    }
}

fn run_and_kill(data: &Path, after: usize) -> HashSet<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = HashSet::new();
    let is_whole = |line: &String| line.starts_with("document ") || line.starts_with("file ");
    while acknowledged.len() < after {
        acknowledged.extend(lines.next().map(Result::unwrap).filter(is_whole));
    }
    child.kill().unwrap();
    // What it said before it died counts; but the last line may have been cut.
    let mut rest = Vec::new();
    lines.map_while(Result::ok).for_each(|line| rest.push(line));
    rest.pop();
    acknowledged.extend(rest.into_iter().filter(is_whole));
    child.wait().unwrap();
    acknowledged
}

#[test]
fn acknowledged_writes_survive() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    {
        let backend = open(data);
        backend.create(&place("cell")).unwrap();
        let (store, _) = backend.open(&place("cell")).unwrap();
        put_root(&store);
        assert!(!backend.crashed());
    }
    assert!(!open(data).crashed());
    let mut acknowledged = HashSet::new();
    for round in 0..5 {
        acknowledged.extend(run_and_kill(data, 100 + 97 * round));
        assert!(!files(&data.join("tmp")).is_empty());
        let backend = open(data);
        assert!(backend.crashed());
        // Nobody goes on with what was being built.
        backend.remove_drafts_but(&[]).unwrap();
        assert_eq!(files(&data.join("tmp")), Vec::<PathBuf>::new());
        let (store, blobs) = backend.open(&place("cell")).unwrap();
        let mut known = HashSet::new();
        for line in &acknowledged {
            match line.split_once(' ').unwrap() {
                ("document", key) => assert!(get(&store, &entities(), key).is_some(), "{key} is lost"),
                (_, name) => {
                    let node = store.read(|tx| tx.child(CELL_NODE, name)).unwrap().unwrap();
                    assert!(blob(&blobs, &node.content.unwrap()) == Some(bytes_of(name)));
                }
            }
        }
        store
            .read(|tx| {
                tx.children(CELL_NODE, &mut |node| {
                    let content = node.content.unwrap();
                    assert!(
                        blob(&blobs, &content) == Some(bytes_of(&node.name)),
                        "{} has no content",
                        node.name
                    );
                    known.insert(content.name);
                    Ok(())
                })
            })
            .unwrap();
        // Besides those of the nodes there may be those that were registered in a work that came no further;
        // none of them here.
        assert_eq!(files(&blobs_folder(data)).len(), known.len(), "lost contents are scrubbed");
        // Whatever was built is whole, or not there.
        for generation in backend.generations(&Id::from("built")).unwrap() {
            let place = saibo_store::Place { generation, ..place("built") };
            let (built, _) = backend.open(&place).unwrap();
            assert!(get(&built, &roles(), "a").is_some());
        }
        drop((store, blobs));
        drop(backend);
        for database in files(data).into_iter().filter(|path| path.extension().is_some_and(|e| e == "db")) {
            let connection = rusqlite::Connection::open(database).unwrap();
            let checked: String =
                connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(checked, "ok");
        }
    }
}

#[test]
fn lost_contents_are_scrubbed_once_and_only_after_a_crash() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    {
        let backend = open(data);
        backend.create(&place("cell")).unwrap();
        let (store, blobs) = backend.open(&place("cell")).unwrap();
        put_root(&store);
        put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    }
    let lost = blobs_folder(data).join("00").join("0".repeat(64));
    std::fs::create_dir_all(lost.parent().unwrap()).unwrap();
    let odd = blobs_folder(data).join("00").join("odd");
    for path in [&lost, &odd] {
        std::fs::write(path, "lost").unwrap();
    }
    drop(open(data).open(&place("cell")).unwrap());
    assert!(lost.exists(), "nothing is looked for when all ended in order");
    std::fs::remove_file(data.join("clean")).unwrap();
    let backend = open(data);
    let (_, blobs) = backend.open(&place("cell")).unwrap();
    assert!(!lost.exists() && !odd.exists());
    let kept = files(&blobs_folder(data));
    assert_eq!(kept.len(), 1);
    let mut bytes = Vec::new();
    std::fs::File::open(&kept[0]).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes == large(1));
    // Written, not yet referred to: a later opening is no crash.
    let stored = content(&blobs, &large(2));
    drop(blobs);
    let (_, blobs) = backend.open(&place("cell")).unwrap();
    assert!(blob(&blobs, &stored.content).is_some());
}
