//! How much of anything is accepted.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Running, TEST_ROUTES, exchange};

#[tokio::test]
async fn long_urls_are_414() {
    let unit = Running::start_with(TEST_ROUTES, |config| config.limits.url_bytes = 300).await;
    assert_eq!(unit.get(&format!("/cell?{}", "q".repeat(290)), &[]).await.status, 200);
    let answer = unit.get(&format!("/cell?{}", "q".repeat(300)), &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (414, "PR414-MC-0001"));
    assert_eq!(answer.header("x-personium-version"), Some("1.8.4"));
}

#[tokio::test]
async fn many_or_large_headers_are_431() {
    let unit = Running::start_with(TEST_ROUTES, |config| {
        config.limits.header_bytes = 2000;
        config.limits.header_count = 10;
    })
    .await;
    assert_eq!(unit.get("/cell", &[("X-Large", &"x".repeat(1000))]).await.status, 200);
    assert_eq!(unit.get("/cell", &[("X-Large", &"x".repeat(2000))]).await.status, 431);
    assert_eq!(unit.get("/cell", &[("X-Many", "x"); 10]).await.status, 431);
}

#[tokio::test]
async fn large_bodies_are_413() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for path in ["/cell/whole", "/cell/streamed"] {
        assert_eq!(unit.send("POST", path, &[], &[b'x'; 100]).await.status, 200);
        let answer = unit.send("POST", path, &[], &[b'x'; 101]).await;
        assert_eq!((answer.status, answer.code().as_str()), (413, "PR413-MC-0001"));
        // Declared only: it is refused before it is sent.
        let answer = unit.send("POST", path, &[("Content-Length", "1000000000")], b"").await;
        assert_eq!(answer.status, 413);
        let mut chunks = b"40\r\n".to_vec();
        chunks.extend_from_slice(&[b'x'; 64]);
        chunks.extend_from_slice(b"\r\n");
        let mut body = chunks.repeat(2);
        body.extend_from_slice(b"0\r\n\r\n");
        let answer = unit.send("POST", path, &[("Transfer-Encoding", "chunked")], &body).await;
        assert_eq!(answer.status, 413);
    }
}

#[tokio::test]
async fn large_bodies_pass_through_blocking_code() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let body: Vec<u8> = (0..500_000_u32).map(|i| (i % 251) as u8).collect();
    let answer = unit.send("POST", "/cell/blocking", &[], &body).await;
    assert_eq!((answer.status, answer.header("transfer-encoding")), (200, Some("chunked")));
    assert!(answer.body == body);
}

#[tokio::test]
async fn a_client_that_stops_sending_is_408() {
    let unit = Running::start_with(TEST_ROUTES, |config| config.limits.body_pause_seconds = 1).await;
    let request = b"POST /cell/whole HTTP/1.1\r\nHost: HOST\r\nContent-Length: 50\r\n\r\nonly this";
    let request = String::from_utf8_lossy(request).replace("HOST", &unit.authority());
    let answer = exchange(unit.unit.address(), "POST", request.as_bytes()).await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "PR408-MC-0001"));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let unit = Running::start(|config| config.limits.request_header_seconds = 1).await;
    let mut stream = TcpStream::connect(unit.unit.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let began = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!((Duration::from_millis(900)..Duration::from_secs(5)).contains(&began.elapsed()));
}

#[tokio::test]
async fn connections_that_are_too_many_wait() {
    let unit = Running::start(|config| config.limits.connections = 1).await;
    let first = TcpStream::connect(unit.unit.address()).await.unwrap();
    let second = unit.get("/", &[]);
    tokio::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut second).await.is_err());
    drop(first);
    assert_eq!(second.await.status, 200);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let unit = Running::start(|_| ()).await;
    let mut stream = TcpStream::connect(unit.unit.address()).await.unwrap();
    let request = format!("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", unit.authority());
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(!head.contains("content-length: 0"), "HEAD tells the length that GET has: {head}");
        assert!(head.contains("content-length: "), "{head}");
    }
}
