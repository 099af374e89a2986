//! Uploads of snapshots in parts, as a client of tus 1.0 sees them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::{AUTHORIZATION, found};
use crate::support::{Answer, Running};

pub(crate) const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
const OCTETS: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

/// What an upload of a file of that name says of it.
pub(crate) fn metadata(name: &str, others: &str) -> String {
    format!("filename {}{others}", STANDARD.encode(name))
}

pub(crate) async fn begin(running: &Running, cell: &str, length: &str, metadata: &str) -> Answer {
    let headers = [AUTHORIZATION, TUS, ("Upload-Length", length), ("Upload-Metadata", metadata)];
    running.send("POST", &format!("/{cell}/__snapshot"), &headers, b"").await
}

/// The path of a new upload of `s.zip`.
async fn begun(running: &Running, cell: &str, length: usize) -> String {
    begun_as(running, cell, "s.zip", length).await
}

/// The path of a new upload of a file of that name.
pub(crate) async fn begun_as(running: &Running, cell: &str, name: &str, length: usize) -> String {
    let answer = begin(running, cell, &length.to_string(), &metadata(name, "")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let location = answer.header("location").unwrap();
    location.strip_prefix(&format!("http://{}", running.authority())).unwrap().to_owned()
}

pub(crate) async fn part(
    running: &Running,
    path: &str,
    offset: &str,
    more: &[(&str, &str)],
    bytes: &[u8],
) -> Answer {
    let mut headers = vec![AUTHORIZATION, TUS, OCTETS, ("Upload-Offset", offset)];
    headers.extend_from_slice(more);
    running.send("PATCH", path, &headers, bytes).await
}

pub(crate) async fn offset(running: &Running, path: &str) -> Option<u64> {
    let answer = running.send("HEAD", path, &[AUTHORIZATION, TUS], b"").await;
    (answer.status == 200).then(|| answer.header("upload-offset").unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_in_parts() {
    let running = Running::start(|_| ()).await;
    found(&running, "a");
    let said = metadata("s.zip", &format!(",filetype {},own", STANDARD.encode("application/x-zip")));
    let answer = begin(&running, "a", "10", &said).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let path = answer.header("location").unwrap().to_owned();
    let path = path.strip_prefix(&format!("http://{}", running.authority())).unwrap();
    assert!(path.starts_with("/a/__snapshot/__upload/"), "{path}");
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"));

    let first = part(&running, path, "0", &[], b"0123").await;
    assert_eq!((first.status, first.header("upload-offset")), (204, Some("4")), "{first:?}");
    assert!(first.header("upload-expires").unwrap().ends_with(" GMT"));
    let head = running.send("HEAD", path, &[AUTHORIZATION, TUS], b"").await;
    for (name, value) in [
        ("upload-offset", "4"),
        ("upload-length", "10"),
        ("upload-metadata", said.as_str()),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(head.header(name), Some(value), "{head:?}");
    }
    assert_eq!(
        running.get("/a/__snapshot/s.zip", &[AUTHORIZATION]).await.status,
        404,
        "not before it is whole"
    );
    let checksum = format!("sha256 {}", STANDARD.encode(Sha256::digest(b"456789")));
    let last = part(&running, path, "4", &[("Upload-Checksum", &checksum)], b"456789").await;
    assert_eq!((last.status, last.header("upload-offset")), (204, Some("10")), "{last:?}");
    let file = running.get("/a/__snapshot/s.zip", &[AUTHORIZATION]).await;
    assert_eq!((file.status, file.body.as_slice()), (200, &b"0123456789"[..]));
    assert_eq!(file.header("content-type"), Some("application/x-zip"));
    assert_eq!(offset(&running, path).await, Some(10));
    // It goes out again in parts, too.
    let etag = file.header("etag").unwrap().to_owned();
    let range = [AUTHORIZATION, ("Range", "bytes=4-"), ("If-Range", &etag)];
    let rest = running.get("/a/__snapshot/s.zip", &range).await;
    assert_eq!((rest.status, rest.body.as_slice()), (206, &b"456789"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let running = Running::start(|config| config.limits.snapshot_upload_bytes = 1000).await;
    found(&running, "a");
    found(&running, "b");
    let path = begun(&running, "a", 10).await;
    assert_eq!(part(&running, &path, "0", &[], b"0123").await.status, 204);

    let other = path.replace("/a/", "/b/");
    let wrong_hash = format!("sha256 {}", STANDARD.encode(Sha256::digest(b"other")));
    for (answer, status) in [
        (part(&running, &path, "0", &[], b"0123").await, 409),
        (part(&running, &path, "5", &[], b"5").await, 409),
        (part(&running, &path, "-1", &[], b"5").await, 400),
        (part(&running, &path, "4", &[], b"4567890").await, 413),
        (part(&running, &path, "4", &[("Upload-Checksum", &wrong_hash)], b"456789").await, 460),
        (part(&running, &path, "4", &[("Upload-Checksum", "md5 AAAA")], b"456789").await, 400),
        (part(&running, &other, "4", &[], b"456789").await, 404),
        (part(&running, "/a/__snapshot/__upload/none", "0", &[], b"x").await, 404),
        (
            part(&running, &path, "4", &[("Transfer-Encoding", "chunked")], b"7\r\n4567890\r\n0\r\n\r\n")
                .await,
            413,
        ),
        (running.send("PATCH", &path, &[AUTHORIZATION, TUS, ("Upload-Offset", "4")], b"4").await, 415),
        (running.send("PATCH", &path, &[AUTHORIZATION, TUS, OCTETS], b"4").await, 400),
        (running.send("PATCH", &path, &[AUTHORIZATION, OCTETS, ("Upload-Offset", "4")], b"4").await, 412),
        (running.send("PATCH", &path, &[TUS, OCTETS, ("Upload-Offset", "4")], b"4").await, 401),
        (running.get(&path, &[AUTHORIZATION]).await, 405),
        (begin(&running, "a", "1001", &metadata("t.zip", "")).await, 413),
        (begin(&running, "a", "0", &metadata("t.zip", "")).await, 400),
        (begin(&running, "a", "x", &metadata("t.zip", "")).await, 400),
        (begin(&running, "a", "1", "").await, 400),
        (begin(&running, "a", "1", &metadata("../t.zip", "")).await, 403),
        (begin(&running, "nobody", "1", &metadata("t.zip", "")).await, 404),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let unversioned = running.send("HEAD", &path, &[AUTHORIZATION], b"").await;
    assert_eq!((unversioned.status, unversioned.header("tus-version")), (412, Some("1.0.0")));
    assert_eq!(offset(&running, &other).await, None);
    assert_eq!(offset(&running, &path).await, Some(4));
    assert_eq!(part(&running, &path, "4", &[], b"456789").await.status, 204);
    assert_eq!(running.get("/a/__snapshot/s.zip", &[AUTHORIZATION]).await.body, b"0123456789");

    let given_up = begun(&running, "a", 10).await;
    assert_eq!(running.send("DELETE", &given_up, &[AUTHORIZATION, TUS], b"").await.status, 204);
    assert_eq!(offset(&running, &given_up).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_that_is_not_what_was_announced_gets_no_name() {
    let running = Running::start(|_| ()).await;
    found(&running, "a");
    let hash: String = Sha256::digest(b"announced!").iter().map(|byte| format!("{byte:02x}")).collect();
    let said = metadata("s.zip", &format!(",sha256 {}", STANDARD.encode(hash)));
    for (sent, last, there) in [(&b"announced!"[..], 204, 200), (b"announced?", 460, 404)] {
        let begun = begin(&running, "a", "10", &said).await;
        let location = begun.header("location").unwrap();
        let path = location.strip_prefix(&format!("http://{}", running.authority())).unwrap();
        assert_eq!(part(&running, path, "0", &[], &sent[..3]).await.status, 204);
        let answer = part(&running, path, "3", &[], &sent[3..]).await;
        assert_eq!(answer.status, last, "{answer:?}");
        let file = running.get("/a/__snapshot/s.zip", &[AUTHORIZATION]).await;
        assert_eq!(file.status, there);
        running.send("DELETE", "/a/__snapshot/s.zip", &[AUTHORIZATION], b"").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_hangs_or_breaks_off_keeps_what_came() {
    let running = Running::start(|_| ()).await;
    found(&running, "a");
    let path = begun(&running, "a", 100_000).await;
    let request = |offset: usize| {
        format!(
            "PATCH {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer token\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {}\r\n\r\n",
            running.authority(),
            100_000 - offset,
        )
    };
    let until = async |wanted: u64| {
        for _ in 0..500 {
            if file_length(&running) == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted} bytes do not come");
    };
    // It hangs: nobody else may write, but whoever asks how far it is takes over.
    let mut hanging = TcpStream::connect(running.unit.address()).await.unwrap();
    hanging.write_all(request(0).as_bytes()).await.unwrap();
    hanging.write_all(&[1; 30_000]).await.unwrap();
    until(30_000).await;
    assert_eq!(part(&running, &path, "0", &[], b"x").await.code(), "PR409-MC-0001");
    assert_eq!(offset(&running, &path).await, Some(30_000));
    let mut told = String::new();
    let _ = hanging.read_to_string(&mut told).await;
    assert!(told.starts_with("HTTP/1.1 409"), "{told}");
    // It breaks off.
    let mut breaking = TcpStream::connect(running.unit.address()).await.unwrap();
    breaking.write_all(request(30_000).as_bytes()).await.unwrap();
    breaking.write_all(&[2; 20_000]).await.unwrap();
    until(50_000).await;
    drop(breaking);
    assert_eq!(offset(&running, &path).await, Some(50_000));
    assert_eq!(part(&running, &path, "50000", &[], &[3; 50_000]).await.status, 204);
    let file = running.get("/a/__snapshot/s.zip", &[AUTHORIZATION]).await.body;
    assert!(file == [vec![1; 30_000], vec![2; 20_000], vec![3; 50_000]].concat());
}

/// Length of the only snapshot file on the disk of a unit.
fn file_length(running: &Running) -> u64 {
    let unit = &running.unit.app().unit;
    let cell = unit.cell("a").unwrap();
    let snapshots = unit.backend().snapshots();
    let places = snapshots.places(cell.id()).unwrap();
    let mut file = snapshots.open(cell.id(), &places[0]).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_there_is_of_the_protocol() {
    let running = Running::start(|config| config.limits.snapshot_upload_bytes = 12345).await;
    found(&running, "a");
    let options = running.send("OPTIONS", "/a/__snapshot", &[AUTHORIZATION], b"").await;
    assert_eq!(options.status, 200);
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-extension", "creation,checksum,expiration,termination"),
        ("tus-max-size", "12345"),
        ("tus-checksum-algorithm", "sha256"),
    ] {
        assert_eq!(options.header(name), Some(value), "{options:?}");
    }
    // A script in a browser may send it and read the answer.
    let origin = ("Origin", "https://app.example");
    let preflight = running.send("OPTIONS", "/a/__snapshot/__upload/x", &[origin], b"").await;
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
    let said = metadata("s.zip", "");
    let headers = [AUTHORIZATION, TUS, origin, ("Upload-Length", "5"), ("Upload-Metadata", &said)];
    let begun = running.send("POST", "/a/__snapshot", &headers, b"").await;
    let exposed = begun.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("Location") && exposed.contains("Upload-Offset"), "{exposed}");
}
