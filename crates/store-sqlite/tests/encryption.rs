//! Contents that are encrypted on disk: what can be seen of them, what was changed in them, turning it on and off.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saibo_model::node::{CELL_NODE, Content};
use saibo_model::{Id, Node, NodeKind};
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, Blobs, Place, Store, StoreExt as _};
use saibo_store_sqlite::{Encryption, Options, SqliteBackend};

use support::files;

/// Bytes of the header, of a piece, and of what authenticates it.
const HEADER: usize = 61;
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

fn open_with(data: &Path, secret: u8, new_contents: bool) -> SqliteBackend {
    let encryption = Some(Encryption::new([secret; 32], new_contents));
    SqliteBackend::open(data, Options { encryption, ..Options::default() }).unwrap()
}

fn cell_of(backend: &SqliteBackend) -> (Arc<dyn Store>, Arc<dyn Blobs>) {
    if backend.generations(&place("cell").cell).unwrap().is_empty() {
        backend.create(&place("cell")).unwrap();
        put_root(&backend.open(&place("cell")).unwrap().0);
    }
    backend.open(&place("cell")).unwrap()
}

fn blob_files(data: &Path) -> Vec<PathBuf> {
    files(&data.join("cells")).into_iter().filter(|path| path.iter().any(|part| part == "blobs")).collect()
}

fn is_in(needle: &[u8], path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn read(store: &Arc<dyn Store>, blobs: &Arc<dyn Blobs>, name: &str) -> Vec<u8> {
    let node = store.read(|tx| tx.child(CELL_NODE, name)).unwrap().unwrap();
    let content = node.content.unwrap();
    store.read(|tx| tx.small_content(&content)).unwrap().unwrap_or_else(|| blob(blobs, &content).unwrap())
}

/// Pieces that differ from one another.
fn pieces(count: usize, more: usize) -> Vec<u8> {
    (0..count * PIECE + more).map(|i| (i % 251) as u8 ^ (i / PIECE) as u8).collect()
}

#[test]
fn nothing_of_it_is_on_disk() {
    let data = tempfile::tempdir().unwrap();
    let marks: [&[u8]; 2] = [b"what nobody is to read", b"another secret of some length"];
    let contents = marks.map(|mark| mark.repeat(2000));
    let small = b"a short one, kept in the database".to_vec();
    {
        let backend = open_with(data.path(), 1, true);
        let (store, blobs) = cell_of(&backend);
        let short = put_file(&store, CELL_NODE, "small", content(&blobs, &small));
        let long = put_file(&store, CELL_NODE, "large", content(&blobs, &contents[0]));
        for node in [short, long] {
            let Content { name, sha256, .. } = node.content.unwrap();
            assert_ne!(name, sha256);
            let hidden: [&[u8]; 2] = [&sha256, &hex(&sha256)];
            for path in files(data.path()) {
                assert!(hidden.iter().all(|hash| !is_in(hash, &path)), "{}", path.display());
            }
        }
        // Not yet finished, either.
        let mut writer = blobs.writer().unwrap();
        writer.write_all(&contents[1]).unwrap();
        writer.write_all(&contents[1]).unwrap();
        assert!(files(&data.path().join("tmp")).iter().any(|path| path.metadata().unwrap().len() > 60_000));
        for path in files(data.path()) {
            assert!(marks.iter().all(|mark| !is_in(mark, &path)), "{}", path.display());
            assert!(!is_in(&small, &path), "{}", path.display());
        }
        // And in the log.
        assert!(files(data.path()).iter().any(|path| path.to_string_lossy().ends_with("-wal")));
    }
    let backend = open_with(data.path(), 1, true);
    let (store, blobs) = cell_of(&backend);
    assert!(read(&store, &blobs, "small") == small);
    assert!(read(&store, &blobs, "large") == contents[0]);
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

#[test]
fn turned_on_and_off() {
    let data = tempfile::tempdir().unwrap();
    let put = |new_contents, name: &str| {
        let backend = open_with(data.path(), 1, new_contents);
        let (store, blobs) = cell_of(&backend);
        for (suffix, bytes) in [("", large(1)), (" small", b"short".to_vec())] {
            put_file(&store, CELL_NODE, &format!("{name}{suffix}"), content(&blobs, &bytes));
        }
    };
    let all_are_right = |names: &[&str], new_contents| {
        let backend = open_with(data.path(), 1, new_contents);
        let (store, blobs) = cell_of(&backend);
        for name in names {
            assert!(read(&store, &blobs, name) == large(1), "{name}");
            assert_eq!(read(&store, &blobs, &format!("{name} small")), b"short", "{name}");
        }
    };
    put(false, "plain");
    put(true, "encrypted");
    assert_eq!(blob_files(data.path()).len(), 2, "one content in two forms");
    all_are_right(&["plain", "encrypted"], true);
    all_are_right(&["plain", "encrypted"], false);
    // Equal contents of one form are one.
    put(true, "encrypted again");
    put(false, "plain again");
    assert_eq!(blob_files(data.path()).len(), 2);
    // Each goes with its last use, and takes nothing of the other along.
    let backend = open_with(data.path(), 1, false);
    let (store, blobs) = cell_of(&backend);
    for name in ["plain", "plain again", "plain small", "plain again small"] {
        let node = store.read(|tx| tx.child(CELL_NODE, name)).unwrap().unwrap();
        store.write(move |tx| tx.delete_node(node.seq)).unwrap();
    }
    assert_eq!(blobs.sweep().unwrap(), 1);
    drop((store, blobs, backend));
    all_are_right(&["encrypted", "encrypted again"], false);
}

#[test]
fn any_part_can_be_read() {
    let data = tempfile::tempdir().unwrap();
    let backend = open_with(data.path(), 1, true);
    let (_store, blobs) = cell_of(&backend);
    for (count, more) in [(0, 20_000), (1, 0), (1, 1), (3, 0), (3, 17), (4, PIECE - 1)] {
        let bytes = pieces(count, more);
        let mut writer = blobs.writer().unwrap();
        for chunk in bytes.chunks(50_001) {
            writer.write_all(chunk).unwrap();
        }
        let stored = writer.finish().unwrap();
        let mut opened = blobs.open(&stored.content).unwrap();
        let mut read_at = |start: usize, length: usize| {
            opened.seek(SeekFrom::Start(start as u64)).unwrap();
            let mut part = Vec::new();
            (&mut opened).take(length as u64).read_to_end(&mut part).unwrap();
            part
        };
        let ends =
            [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 16, bytes.len() - 1, bytes.len()];
        for start in ends.into_iter().filter(|start| *start <= bytes.len()).rev() {
            for length in [0, 1, 1000, PIECE, 2 * PIECE + 5] {
                let end = bytes.len().min(start + length);
                assert!(read_at(start, length) == bytes[start..end], "{start}+{length} of {}", bytes.len());
            }
        }
        assert_eq!(opened.seek(SeekFrom::End(-3)).unwrap(), bytes.len() as u64 - 3);
        assert_eq!(opened.seek(SeekFrom::Current(1)).unwrap(), bytes.len() as u64 - 2);
        let mut rest = Vec::new();
        opened.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, bytes[bytes.len() - 2..]);
        opened.seek(SeekFrom::Start(bytes.len() as u64 + 1)).unwrap();
        assert_eq!(opened.read(&mut [0]).unwrap(), 0);
        assert!(opened.seek(SeekFrom::Current(-(bytes.len() as i64) - 2)).is_err());
    }
}

#[test]
fn what_was_changed_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    let backend = open_with(data.path(), 1, true);
    let (_store, blobs) = cell_of(&backend);
    let bytes = pieces(3, 100);
    let stored = content(&blobs, &bytes);
    let path = blob_files(data.path()).pop().unwrap();
    let written = std::fs::read(&path).unwrap();
    let whole = PIECE + TAG;
    let piece = |number: usize| {
        let start = HEADER + number * whole;
        written[start..written.len().min(start + whole)].to_vec()
    };
    let of = |pieces: &[Vec<u8>]| [written[..HEADER].to_vec(), pieces.concat()].concat();
    let flipped = |at: usize| {
        let mut bytes = written.clone();
        bytes[at] ^= 1;
        bytes
    };
    assert!(of(&[piece(0), piece(1), piece(2), piece(3)]) == written);
    let another = {
        let mut other = bytes.clone();
        other[PIECE] ^= 1;
        let stored = content(&blobs, &other);
        let path = blob_files(data.path()).into_iter().find(|other| *other != path).unwrap();
        assert!(blob(&blobs, &stored.content).unwrap() == other);
        std::fs::read(path).unwrap()
    };
    let [first, second] = [HEADER, HEADER + whole].map(|start| another[start..start + whole].to_vec());
    let wrong = [
        ("the version", flipped(0)),
        ("the nonce of the key", flipped(1)),
        ("the key", flipped(20)),
        ("the first piece", flipped(HEADER)),
        ("a piece within", flipped(HEADER + whole + 5)),
        ("a tag", flipped(HEADER + 2 * whole - 1)),
        ("the last byte", flipped(written.len() - 1)),
        ("cut by a byte", written[..written.len() - 1].to_vec()),
        ("without its last piece", of(&[piece(0), piece(1), piece(2)])),
        ("cut within a piece", written[..HEADER + 1000].to_vec()),
        ("without anything", Vec::new()),
        ("in another order", of(&[piece(1), piece(0), piece(2), piece(3)])),
        ("one piece twice", of(&[piece(0), piece(0), piece(2), piece(3)])),
        ("a piece of another content", of(&[piece(0), second, piece(2), piece(3)])),
        ("the first piece of another content", of(&[first, piece(1), piece(2), piece(3)])),
        ("another content", another.clone()),
        ("in the clear", bytes.clone()),
    ];
    for (what, changed) in wrong {
        std::fs::write(&path, changed).unwrap();
        let mut served = Vec::new();
        let outcome = blobs.open(&stored.content).and_then(|mut opened| {
            opened.read_to_end(&mut served).map_err(|e| saibo_store::Error::io("reading", e))
        });
        assert!(outcome.is_err(), "{what}");
        assert!(bytes.starts_with(&served), "{what}: only what is right comes out");
    }
    std::fs::write(&path, &written).unwrap();
    assert!(blob(&blobs, &stored.content).unwrap() == bytes);
}

#[test]
fn small_ones_in_the_database_too() {
    let data = tempfile::tempdir().unwrap();
    {
        let backend = open_with(data.path(), 1, true);
        let (store, blobs) = cell_of(&backend);
        put_file(&store, CELL_NODE, "a", content(&blobs, b"one"));
        put_file(&store, CELL_NODE, "b", content(&blobs, b"two"));
        put_file(&store, CELL_NODE, "empty", content(&blobs, b""));
        assert_eq!(read(&store, &blobs, "empty"), b"");
    }
    let database = files(data.path()).into_iter().find(|path| path.ends_with("cell.db")).unwrap();
    let connection = rusqlite::Connection::open(&database).unwrap();
    let guessed: i64 =
        connection.query_row("SELECT COUNT(*) FROM content WHERE crc32<>0", [], |row| row.get(0)).unwrap();
    assert_eq!(guessed, 0, "a checksum of a short content says what it is");
    // Each gets the bytes of the other.
    let swap = "CREATE TEMP TABLE was AS SELECT hash,length,data FROM content;
        UPDATE content SET data=(SELECT data FROM was WHERE hash<>content.hash AND length=3) WHERE length=3";
    connection.execute_batch(swap).unwrap();
    drop(connection);
    let backend = open_with(data.path(), 1, true);
    let (store, _) = cell_of(&backend);
    for name in ["a", "b"] {
        let content = store.read(|tx| tx.child(CELL_NODE, name)).unwrap().unwrap().content.unwrap();
        assert!(store.read(|tx| tx.small_content(&content)).is_err(), "{name}");
    }
}

#[test]
fn another_secret_opens_nothing() {
    let data = tempfile::tempdir().unwrap();
    let stored = {
        let backend = open_with(data.path(), 1, true);
        let (store, blobs) = cell_of(&backend);
        let stored = content(&blobs, &large(1));
        let described = stored.content.clone();
        put_file(&store, CELL_NODE, "a", stored);
        described
    };
    for encryption in [Some(Encryption::new([2; 32], true)), None] {
        let backend = SqliteBackend::open(data.path(), Options { encryption, ..Options::default() }).unwrap();
        let (store, blobs) = cell_of(&backend);
        assert!(blobs.open(&stored).is_err());
        assert!(store.read(|tx| tx.child(CELL_NODE, "a")).is_err());
        // What has no content is still there.
        assert!(store.read(|tx| tx.node(CELL_NODE)).unwrap().is_some());
    }
}

#[test]
fn cells_have_nothing_in_common() {
    let data = tempfile::tempdir().unwrap();
    let backend = open_with(data.path(), 1, true);
    let [one, other] = ["one", "other"].map(|cell| {
        backend.create(&place(cell)).unwrap();
        let (_, blobs) = backend.open(&place(cell)).unwrap();
        content(&blobs, &large(1)).content
    });
    assert_eq!(one.sha256, other.sha256);
    assert_ne!(one.name, other.name);
}

#[test]
fn a_copy_and_a_build_are_encrypted_too() {
    let data = tempfile::tempdir().unwrap();
    let backend = open_with(data.path(), 1, true);
    let (store, blobs) = cell_of(&backend);
    put_file(&store, CELL_NODE, "a", content(&blobs, b"short"));
    let frozen = freeze(&backend, &store);
    assert_eq!(read(&frozen, &blobs, "a"), b"short");
    let mut builder = backend.build(&Id::from("cell")).unwrap();
    builder.node(&Node::collection(NodeKind::Cell, 0, "", 1)).unwrap();
    for (name, bytes) in [("small", b"short".to_vec()), ("large", large(3))] {
        let mut writer = builder.content_writer().unwrap();
        writer.write_all(&bytes).unwrap();
        let stored = writer.finish().unwrap();
        builder.content(&stored.content, stored.small.as_deref()).unwrap();
        builder.node(&file(CELL_NODE, name, &stored)).unwrap();
    }
    builder.check(1).unwrap();
    let built = builder.finish().unwrap();
    let place = Place { generation: built.generation(), ..place("cell") };
    built.keep();
    let (store, blobs) = backend.open(&place).unwrap();
    assert_eq!(read(&store, &blobs, "small"), b"short");
    assert!(read(&store, &blobs, "large") == large(3));
    let written = std::fs::read(blob_files(data.path()).pop().unwrap()).unwrap();
    assert_eq!(written.len(), HEADER + large(3).len() + TAG);
}

#[test]
fn a_database_of_the_first_layout_is_brought_to_this_one() {
    let data = tempfile::tempdir().unwrap();
    {
        let backend = open_with(data.path(), 1, false);
        let (store, blobs) = cell_of(&backend);
        put_file(&store, CELL_NODE, "old", content(&blobs, &large(1)));
        put_file(&store, CELL_NODE, "old small", content(&blobs, b"short"));
    }
    let databases: Vec<_> =
        files(data.path()).into_iter().filter(|path| path.extension().is_some_and(|e| e == "db")).collect();
    assert_eq!(databases.len(), 2, "the register and the Cell");
    for database in &databases {
        let connection = rusqlite::Connection::open(database).unwrap();
        for sql in [
            include_str!("layouts/from-4-to-3.sql"),
            include_str!("layouts/from-3-to-2.sql"),
            include_str!("layouts/from-2-to-1.sql"),
        ] {
            connection.execute_batch(sql).unwrap();
        }
    }
    for _ in 0..2 {
        let backend = open_with(data.path(), 1, true);
        let (store, blobs) = cell_of(&backend);
        assert!(read(&store, &blobs, "old") == large(1));
        assert_eq!(read(&store, &blobs, "old small"), b"short");
        let name = format!("new {}", blob_files(data.path()).len());
        put_file(&store, CELL_NODE, &name, content(&blobs, &large(2)));
        assert!(read(&store, &blobs, &name) == large(2));
    }
}
