//! `PUT {cell}/__snapshot/{file}` of what is broken off, too large, or named to lead elsewhere.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::{DATA, unit};
use crate::portability::client::{Client, TOKEN};

const PATH: &str = "/cell/__snapshot/kept.zip";

/// Says that it sends so many bytes, and sends these.
fn broken_off(client: &Client, framing: &str, bytes: &[u8]) {
    let url = client.url("");
    let authority = url.strip_prefix("http://").unwrap();
    let port = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "PUT {PATH} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\n{framing}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It may have been refused by now.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    // Whatever it answers, if anything, it is no success.
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
}

#[test]
fn what_is_not_sent_whole_replaces_nothing() {
    let unit = unit();
    let client = unit.client();
    client.put(PATH, "application/zip", b"kept").expect(201);
    for (framing, bytes) in [
        ("Content-Length: 100000", &b"only this"[..]),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\nhel"),
        ("Transfer-Encoding: chunked", b"no number\r\nhello\r\n0\r\n\r\n"),
        ("Content-Length: 5\r\nContent-Length: 6", b"hello!"),
        ("Content-Length: -1", b"hello"),
    ] {
        broken_off(&client, framing, bytes);
        assert_eq!(client.get(PATH).expect(200).body, b"kept", "{framing}");
        unit.assert_tidy(1, 1);
    }
    let stale = [("If-Match", "\"9-9\"")];
    assert_eq!(client.send("PUT", PATH, &stale, b"other").unwrap().status, 412);
    assert_eq!(client.get(PATH).expect(200).body, b"kept");
    unit.assert_tidy(1, 1);
}

#[test]
fn what_is_too_large_is_refused() {
    let mut unit = unit();
    unit.stop();
    unit.start_again(&[("SAIBO_LIMITS__SNAPSHOT_UPLOAD_BYTES", "1000")]);
    let client = unit.client();
    client.put(PATH, "application/zip", &[0; 1000]).expect(201);
    for framing in ["Content-Length: 1001", "Transfer-Encoding: chunked"] {
        let body = [&b"3e9\r\n"[..], &[1; 1001], b"\r\n0\r\n\r\n"].concat();
        broken_off(&client, framing, if framing.starts_with('T') { &body } else { &[1; 1001] });
        assert!(client.get(PATH).expect(200).body == [0; 1000], "{framing}");
        unit.assert_tidy(1, 1);
    }
}

#[test]
fn no_name_leads_out_of_its_folder() {
    let mut unit = unit();
    let client = unit.client();
    let mut named = 0;
    for name in [
        "..%2F..%2Fevil.zip",
        "%2e%2e",
        "%2Fetc%2Fevil.zip",
        "..%5Cevil.zip",
        "evil%00.zip",
        "a%2Fb.zip",
        "../../evil.zip",
        "C%3A%5Cevil.zip",
    ] {
        let path = format!("/cell/__snapshot/{name}");
        let reply = client.put(&path, "application/zip", b"evil");
        assert!(reply.status == 201 || (400..500).contains(&reply.status), "{reply}");
        if reply.status == 201 {
            // Then it is a name like any other, and the bytes are where all snapshots are.
            assert_eq!(client.get(&path).expect(200).body, b"evil");
            named += 1;
        }
    }
    unit.assert_tidy(1, named);
    DATA.find(&client, "cell").unwrap();
    unit.stop();
    let beside = std::fs::read_dir(unit.data().parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing but the data folder");
}
