//! An upload in parts, of a unit that is killed in the middle of one.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::client::{Client, TOKEN};
use super::process::TestUnit;

const MIB: usize = 1 << 20;
const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");

/// How much of the upload is on disk for good.
fn offset(client: &Client, path: &str) -> Option<usize> {
    let reply = client.send("HEAD", path, &[TUS], b"").unwrap();
    (reply.status == 200).then(|| reply.header("upload-offset").unwrap().parse().unwrap())
}

/// Length of the file that the upload is in.
fn on_disk(unit: &TestUnit) -> u64 {
    let mut folders = vec![unit.data().join("cells")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().parent().unwrap().ends_with("snapshots") {
                return entry.metadata().unwrap().len();
            } else if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    0
}

#[test]
fn a_unit_killed_in_the_middle_of_a_part_goes_on() {
    let mut unit = TestUnit::start();
    let client = unit.client();
    client.post("/__ctl/Cell", &json!({ "Name": "a" })).expect(201);
    let content: Vec<u8> = (0..24 * MIB).map(|at| (at / 251 + at) as u8).collect();
    let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let said = format!("filename {},sha256 {}", STANDARD.encode("s.zip"), STANDARD.encode(hash));
    let length = content.len().to_string();
    let headers = [TUS, ("Upload-Length", length.as_str()), ("Upload-Metadata", &said)];
    let begun = client.send("POST", "/a/__snapshot", &headers, b"").unwrap().expect(201);
    let location = begun.header("location").unwrap();
    let path = location[location.find("/a/").unwrap()..].to_owned();

    // Sent, and not answered yet, when the unit is killed: what had come is there, but for the last of it.
    let authority = client.url("").replace("http://", "");
    let mut stream = TcpStream::connect(&authority).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&content[..20 * MIB]).unwrap();
    let begun = Instant::now();
    while on_disk(&unit) < 20 * MIB as u64 {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
    unit.kill();
    unit.start_again(&[]);
    let client = unit.client();
    let had = offset(&client, &path).unwrap();
    assert!((16 * MIB..20 * MIB).contains(&had), "{had}");
    client.get("/a/__snapshot/s.zip").expect(404);

    // The rest in two parts, with a stop in order between them.
    let patch = |client: &Client, from: usize, to: usize| {
        let from_text = from.to_string();
        let headers =
            [TUS, ("Content-Type", "application/offset+octet-stream"), ("Upload-Offset", &from_text)];
        client.send("PATCH", &path, &headers, &content[from..to]).unwrap()
    };
    patch(&client, had, 22 * MIB).expect(204);
    unit.stop();
    unit.start_again(&[]);
    let client = unit.client();
    assert_eq!(offset(&client, &path), Some(22 * MIB));
    patch(&client, 22 * MIB, 24 * MIB).expect(204);
    assert!(client.download_small("/a/__snapshot/s.zip") == content);
    unit.stop();
    unit.assert_tidy(1, 1);

    // One that is kept no longer is removed by itself.
    unit.start_again(&[]);
    let client = unit.client();
    let headers = [TUS, ("Upload-Length", "5"), ("Upload-Metadata", "filename eA==")];
    let begun = client.send("POST", "/a/__snapshot", &headers, b"").unwrap().expect(201);
    let location = begun.header("location").unwrap().to_owned();
    let path = &location[location.find("/a/").unwrap()..];
    assert_eq!(offset(&client, path), Some(0));
    unit.stop();
    unit.assert_tidy(1, 2);
    unit.start_again(&[("SAIBO_CELL__UPLOADS_KEPT_HOURS", "0")]);
    unit.assert_tidy(1, 1);
    assert_eq!(offset(&unit.client(), path), None);
}
