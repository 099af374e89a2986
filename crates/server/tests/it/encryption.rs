//! A unit that encrypts contents: nobody who talks to it notices.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::Running;

const TOKEN: (&str, &str) = ("Authorization", "Bearer token");

/// What is to be found nowhere.
const MARK: &[u8] = b"nobody is to read this from the disk;";

async fn wait_for(running: &Running, path: &str) -> Value {
    for _ in 0..600 {
        let status = running.get(path, &[TOKEN, ("Accept", "application/json")]).await.json();
        if !status["status"].to_string().contains("in progress") {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} goes on for ever");
}

async fn job(running: &Running, kind: &str, cell: &str, name: &str) {
    let path = format!("/{cell}/__{kind}");
    let body = json!({ "Name": name }).to_string();
    let begun = running.send("POST", &path, &[TOKEN, ("Content-Type", "application/json")], body.as_bytes());
    let begun = begun.await;
    assert_eq!(begun.status, 202, "{}", String::from_utf8_lossy(&begun.body));
    assert_eq!(wait_for(running, &path).await, json!({ "status": "ready" }));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files in which the mark can be read, but for snapshots, which are what they are made for: readable elsewhere.
fn readable(data: &Path) -> Vec<PathBuf> {
    let mut files = files(data);
    files.retain(|path| {
        let bytes = std::fs::read(path).unwrap();
        !path.iter().any(|part| part == "snapshots") && bytes.windows(MARK.len()).any(|part| part == MARK)
    });
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices() {
    let mut data = PathBuf::new();
    let running = Running::start(|config| {
        config.unit.encrypt_contents = true;
        data.clone_from(&config.unit.data);
    })
    .await;
    let core = running.unit.app().unit.clone();
    tokio::task::spawn_blocking(move || core.found_cell("alice", None, 1).unwrap()).await.unwrap();

    let large: Vec<u8> = MARK.iter().copied().cycle().take(300_000).collect();
    for (name, body) in [("small", MARK), ("large", &large), ("empty", b"")] {
        let path = format!("/alice/__/{name}");
        let put = running.send("PUT", &path, &[TOKEN, ("Content-Type", "image/jpeg")], body).await;
        assert_eq!(put.status, 201);
    }
    let part = running.get("/alice/__/large", &[TOKEN, ("Range", "bytes=65530-131080")]).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &large[65530..=131_080]));
    let last = running.get("/alice/__/large", &[TOKEN, ("Range", "bytes=-7")]).await;
    assert_eq!(last.body, large[large.len() - 7..]);
    for (method, from, to) in
        [("COPY", "large", "copied"), ("MOVE", "copied", "moved"), ("COPY", "small", "twin")]
    {
        let headers = [TOKEN, ("Destination", &*format!("/alice/__/{to}"))];
        assert_eq!(running.send(method, &format!("/alice/__/{from}"), &headers, b"").await.status, 201);
    }
    assert_eq!(running.send("DELETE", "/alice/__/large", &[TOKEN], b"").await.status, 204);
    assert_eq!(readable(&data), Vec::<PathBuf>::new());

    job(&running, "export", "alice", "whole").await;
    assert_eq!(running.send("DELETE", "/alice/__/moved", &[TOKEN], b"").await.status, 204);
    job(&running, "import", "alice", "whole").await;
    assert_eq!(readable(&data), Vec::<PathBuf>::new());
    for (name, body) in [("small", MARK), ("twin", MARK), ("moved", &large), ("empty", b"")] {
        let got = running.get(&format!("/alice/__/{name}"), &[TOKEN]).await;
        assert_eq!((got.status, got.body.as_slice()), (200, body), "{name}");
    }

    // The snapshot is as any other: its hashes are those of the contents.
    let snapshot = running.get("/alice/__snapshot/whole.zip", &[TOKEN]).await;
    let reader = saibo_archive::SnapshotReader::open(
        std::io::Cursor::new(&snapshot.body),
        saibo_archive::Limits::default(),
    );
    let report =
        saibo_archive::verify(&reader.unwrap(), None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);

    // What was changed on disk is not served as if it were right.
    let blobs = files(&data).into_iter().filter(|path| path.iter().any(|part| part == "blobs"));
    for path in blobs {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let part = running.get("/alice/__/moved", &[TOKEN, ("Range", "bytes=0-9")]).await;
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, &large[..10]),
        "what was not changed is still there"
    );
    let mut stream = TcpStream::connect(running.unit.address()).await.unwrap();
    let request = format!(
        "GET /alice/__/moved HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer token\r\nConnection: close\r\n\r\n",
        running.authority()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The connection ends ahead of the body's end: by being closed or by a reset.
    let _ = stream.read_to_end(&mut answer).await;
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..head]));
    assert!(
        answer.len() - head <= 2 * 65_536,
        "{} of {} bytes were served",
        answer.len() - head,
        large.len()
    );
    assert!(large.starts_with(&answer[head..]));
}
