//! Headers that replace the method and other headers, and what proxies say (API page 003).

use crate::support::{Running, TEST_ROUTES};

#[tokio::test]
async fn post_can_be_another_method() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for (sent, header, meant) in
        [("POST", "MERGE", "MERGE"), ("POST", "PUT", "PUT"), ("GET", "MERGE", "GET"), ("POST", "", "POST")]
    {
        let answer = unit.send(sent, "/cell", &[("X-HTTP-Method-Override", header)], b"x").await;
        assert_eq!((answer.status, answer.json()["method"].as_str().unwrap()), (200, meant));
        assert_eq!(answer.json()["body"], "x");
    }
    let answer = unit.send("POST", "/cell", &[("X-HTTP-Method-Override", "NONE")], b"").await;
    assert_eq!((answer.status, answer.code().as_str()), (405, "PR405-MC-0001"));
}

#[tokio::test]
async fn a_head_that_was_a_post_leaves_the_connection_usable() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let answer = unit.send("POST", "/cell", &[("X-HTTP-Method-Override", "HEAD")], b"").await;
    assert_eq!((answer.status, answer.body.len(), answer.header("content-length")), (200, 0, Some("0")));
}

#[tokio::test]
async fn headers_can_be_replaced() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let sent = [
        ("Accept", "text/html"),
        ("X-Override", "Accept: application/json"),
        ("X-Override", "Authorization:Bearer token"),
        ("X-Override", "X-Forwarded-For: 192.0.2.9"),
    ];
    let answer = unit.get("/cell", &sent).await.json();
    assert_eq!(answer["headers"]["accept"], "application/json");
    assert_eq!(answer["headers"]["authorization"], "Bearer token");
    assert_eq!(answer["peer"], "127.0.0.1");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    let unit = Running::start_with(TEST_ROUTES, |config| {
        config.unit.url = Some("https://unit.example/".parse().unwrap());
    })
    .await;
    let sent = [
        ("X-Forwarded-For", "203.0.113.5, 192.0.2.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "unit.example"),
        ("X-Forwarded-Path", "/other?x=y"),
    ];
    let answer = unit.get("/cell?a=b", &sent).await.json();
    assert_eq!(answer["peer"], "192.0.2.1");
    assert_eq!(answer["path"], "/other");
    assert_eq!(answer["cell_url"], "https://unit.example/other/");
    assert_eq!(answer["query"], serde_json::json!([["a", "b"]]));
}

#[tokio::test]
async fn a_stranger_is_not_believed() {
    let unit = Running::start_with(TEST_ROUTES, |config| config.unit.trusted_proxies.clear()).await;
    let sent = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Path", "/other")];
    let answer = unit.get("/cell", &sent).await.json();
    assert_eq!((answer["peer"].as_str(), answer["path"].as_str()), (Some("127.0.0.1"), Some("/cell")));
}
