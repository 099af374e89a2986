//! What is in a Box, over HTTP: what the core's own tests cannot see.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{Answer, Running};

const TOKEN: (&str, &str) = ("Authorization", "Bearer token");

/// A unit with a Cell.
async fn unit() -> Running {
    let running = Running::start(|_| {}).await;
    let core = running.unit.app().unit.clone();
    tokio::task::spawn_blocking(move || core.found_cell("cell", None, 1).unwrap()).await.unwrap();
    running
}

async fn put(running: &Running, path: &str, body: &[u8]) -> Answer {
    running.send("PUT", path, &[TOKEN, ("Content-Type", "text/x-test")], body).await
}

fn mkcol(kind: &str) -> String {
    format!(
        "<D:mkcol xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:set><D:prop><D:resourcetype>\
         <D:collection/>{kind}</D:resourcetype></D:prop></D:set></D:mkcol>"
    )
}

#[tokio::test]
async fn files_come_back_as_they_were_sent() {
    let running = unit().await;
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    for (path, body) in
        [("/cell/__/small", &b"0123456789"[..]), ("/cell/__/large", &large), ("/cell/__/empty", b"")]
    {
        assert_eq!(put(&running, path, body).await.status, 201);
        let again = put(&running, path, body).await;
        assert_eq!(again.status, 204);
        let got = running.get(path, &[TOKEN]).await;
        assert_eq!((got.status, got.body.as_slice()), (200, body), "{path}");
        assert_eq!(got.header("content-type"), Some("text/x-test"));
        assert_eq!(got.header("etag"), again.header("etag"));
        assert_eq!(got.header("accept-ranges"), Some("bytes"));

        let head = running.send("HEAD", path, &[TOKEN], b"").await;
        assert_eq!((head.status, head.body.as_slice()), (200, &b""[..]));
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(head.header("etag"), got.header("etag"));

        let etag = got.header("etag").unwrap();
        let same = running.get(path, &[TOKEN, ("If-None-Match", etag)]).await;
        assert_eq!((same.status, same.header("etag"), same.body.len()), (304, Some(etag), 0));
        if body.len() > 5 {
            let part = running.get(path, &[TOKEN, ("Range", "bytes=2-4")]).await;
            assert_eq!((part.status, part.body.as_slice()), (206, &body[2..5]));
            assert_eq!(part.header("content-range"), Some(format!("bytes 2-4/{}", body.len()).as_str()));
        }
        assert_eq!(running.send("DELETE", path, &[TOKEN], b"").await.status, 204);
        assert_eq!(running.get(path, &[TOKEN]).await.status, 404);
    }
}

#[tokio::test]
async fn a_type_that_was_not_sent_is_not_made_up() {
    let running = unit().await;
    running.send("PUT", "/cell/__/file", &[TOKEN], b"x").await;
    assert_eq!(running.get("/cell/__/file", &[TOKEN]).await.header("content-type"), None);
}

#[tokio::test]
async fn who_may_not_is_told_how_they_could() {
    let running = unit().await;
    let url = running.unit.app().cell_url("cell");
    let refused = running.get("/cell/__/file", &[]).await;
    assert_eq!(refused.status, 401);
    let schemes = refused.all("www-authenticate");
    assert_eq!(schemes, [format!("Bearer realm=\"{url}\""), format!("Basic realm=\"{url}\"")]);
    assert_eq!(running.get("/no/__/file", &[]).await.status, 404);
    assert_eq!(running.get("/cell/no/file", &[]).await.status, 404);
}

#[tokio::test]
async fn methods_depend_on_the_kind() {
    let running = unit().await;
    for (path, kind) in
        [("col", ""), ("odata", "<p:odata/>"), ("service", "<p:service/>"), ("stream", "<p:stream/>")]
    {
        let made = running.send("MKCOL", &format!("/cell/__/{path}"), &[TOKEN], mkcol(kind).as_bytes()).await;
        assert_eq!(made.status, 201, "{path}");
    }
    put(&running, "/cell/__/file", b"").await;
    let common = "DELETE, COPY, MOVE, PROPFIND, PROPPATCH, ACL";
    let cases = [
        ("", "OPTIONS, GET, PUT, DELETE, MKCOL, PROPFIND, PROPPATCH, ACL".to_owned()),
        ("/missing", "OPTIONS, GET, PUT, DELETE, MKCOL, PROPFIND, PROPPATCH, ACL".to_owned()),
        ("/col", "OPTIONS, GET, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, ACL".to_owned()),
        ("/file", format!("OPTIONS, GET, PUT, {common}")),
        ("/odata", format!("OPTIONS, GET, {common}")),
        ("/service", format!("OPTIONS, {common}")),
        ("/stream", format!("OPTIONS, {common}")),
        ("/service/__src", "OPTIONS, PROPFIND".to_owned()),
    ];
    for (path, allow) in cases {
        let path = format!("/cell/__{path}");
        let answer = running.send("OPTIONS", &path, &[TOKEN], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (200, Some(allow.as_str())), "{path}");
    }
    let refused = running.send("PUT", "/cell/__/service", &[TOKEN], b"").await;
    assert_eq!(
        (refused.status, refused.header("allow").unwrap()),
        (405, format!("OPTIONS, {common}").as_str())
    );
    let report = running.send("REPORT", "/cell/__/col", &[TOKEN], b"").await;
    assert_eq!(report.status, 501);
    assert_eq!(running.send("REPORT", "/cell/__/missing", &[TOKEN], b"").await.status, 404);
    assert_eq!(running.send("POST", "/cell/__/missing", &[TOKEN], b"").await.status, 404);
    assert_eq!(running.send("POST", "/cell/__/file", &[TOKEN], b"").await.status, 405);
}

#[tokio::test]
async fn moved_and_listed() {
    let running = unit().await;
    put(&running, "/cell/__/caf%C3%A9%26", b"x").await;
    let to = format!("{}__/b", running.unit.app().cell_url("cell"));
    let moved = running.send("MOVE", "/cell/__/caf%C3%A9%26", &[TOKEN, ("Destination", &to)], b"").await;
    assert_eq!((moved.status, moved.header("location")), (201, Some(to.as_str())));
    put(&running, "/cell/__/c", b"").await;
    let moved = running
        .send("MOVE", "/cell/__/b", &[TOKEN, ("Destination", "/cell/__/c"), ("Overwrite", "T")], b"")
        .await;
    assert_eq!(moved.status, 204);

    let found = running.send("PROPFIND", "/cell/__/", &[TOKEN, ("Depth", "1")], b"").await;
    assert_eq!((found.status, found.header("content-type")), (207, Some("application/xml")));
    let text = String::from_utf8(found.body).unwrap();
    assert_eq!(text.matches("<response>").count(), 2, "{text}");
    assert!(text.contains(&format!("<href>{}__/c</href>", running.unit.app().cell_url("cell"))), "{text}");
    let of_cell = running.send("PROPFIND", "/cell", &[TOKEN], b"").await;
    assert_eq!(of_cell.status, 207);
}

#[tokio::test]
async fn copied() {
    let running = unit().await;
    for path in ["/cell/__/from", "/cell/__/from/inner"] {
        assert_eq!(running.send("MKCOL", path, &[TOKEN], b"").await.status, 201);
    }
    put(&running, "/cell/__/from/inner/100%25%23.txt", b"x").await;
    let to = format!("{}__/to", running.unit.app().cell_url("cell"));
    let copied = running.send("COPY", "/cell/__/from", &[TOKEN, ("Destination", &to)], b"").await;
    assert_eq!((copied.status, copied.header("location")), (201, Some(to.as_str())));
    let again = running.send("COPY", "/cell/__/from/", &[TOKEN, ("Destination", "/cell/__/to/")], b"").await;
    assert_eq!(again.status, 204);
    assert!(again.header("etag").is_some());
    let got = running.get("/cell/__/to/inner/100%25%23.txt", &[TOKEN]).await;
    assert_eq!(
        (got.status, got.body.as_slice(), got.header("content-type")),
        (200, &b"x"[..], Some("text/x-test"))
    );
    let kept = [TOKEN, ("Destination", &to), ("Overwrite", "F")];
    assert_eq!(running.send("COPY", "/cell/__/from", &kept, b"").await.code(), "PR412-DV-0002");

    // What would make it another URL is encoded in it, and nothing else is.
    let found = running.send("PROPFIND", "/cell/__/to/inner", &[TOKEN, ("Depth", "1")], b"").await;
    let text = String::from_utf8(found.body).unwrap();
    assert!(text.contains(&format!("<href>{to}/inner/100%25%23.txt</href>")), "{text}");

    for (path, headers) in [("/cell/__/to", &[TOKEN][..]), ("/any/thing", &[])] {
        let options = running.send("OPTIONS", path, headers, b"").await;
        assert_eq!((options.status, options.header("dav")), (200, Some("1")), "{path}");
        assert!(options.header("allow").unwrap().contains("COPY"));
    }
}

/// What is in a folder, at any depth, that is a file.
fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn what_is_not_sent_whole_leaves_nothing() {
    let running = unit().await;
    let data = running.unit.app().config.unit.data.clone();
    let large = vec![b'x'; 1_000_000];
    put(&running, "/cell/__/kept", b"kept").await;
    let before = (files(&data.join("cells")), files(&data.join("tmp")));
    let chunk = [&b"f4240\r\n"[..], &large[..700_000]].concat();
    let cases = [
        ("Content-Length: 1000000", &large[..700_000]),
        ("Content-Length: 1000000", &large[..10]),
        ("Transfer-Encoding: chunked", &chunk),
        // A whole chunk, and no end after it.
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", b"no number\r\nhello\r\n0\r\n\r\n"),
    ];
    for (framing, sent) in cases {
        for name in ["kept", "new"] {
            let head = format!(
                "PUT /cell/__/{name} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer token\r\n{framing}\r\n\r\n",
                running.authority()
            );
            let mut client = TcpStream::connect(running.unit.address()).await.unwrap();
            client.write_all(head.as_bytes()).await.unwrap();
            client.write_all(sent).await.unwrap();
            // Let it begin with what it got; then the client is gone.
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(client);
        }
        let left = || (files(&data.join("cells")), files(&data.join("tmp")));
        for _ in 0..100 {
            if left() == before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(left(), before, "{framing}");
        assert_eq!(running.get("/cell/__/kept", &[TOKEN]).await.body, b"kept", "{framing}");
        assert_eq!(running.get("/cell/__/new", &[TOKEN]).await.status, 404, "{framing}");
    }
}

#[tokio::test]
async fn a_box_tells_of_itself() {
    let running = unit().await;
    let app = running.unit.app().clone();
    let answer = running.get("/cell/__", &[TOKEN]).await;
    let body = answer.json();
    let cell_url = app.cell_url("cell");
    let expected = serde_json::json!({
        "box": {
            "name": "__",
            "url": format!("{cell_url}__/"),
            "schema": cell_url,
            "installed_at": "1970-01-01T00:00:00.001Z",
            "status": "ready",
        },
        "cell": { "name": "cell", "url": cell_url },
        "unit": { "url": app.unit_url().as_str(), "path_based_cellurl_enabled": true },
    });
    assert_eq!(body, expected);
    assert_eq!(running.send("DELETE", "/cell/__", &[TOKEN], b"").await.status, 412);
    assert_eq!(running.send("MKCOL", "/cell/__", &[TOKEN], b"").await.status, 405);
}
