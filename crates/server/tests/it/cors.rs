//! Cross-origin requests (API page 002).

use crate::support::{Running, TEST_ROUTES};

const ALL: &str =
    "OPTIONS, GET, POST, PUT, PATCH, DELETE, HEAD, MERGE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, ACL";

#[tokio::test]
async fn a_preflight_is_answered_for_any_url() {
    let unit = Running::start(|_| ()).await;
    let sent = [
        ("Origin", "https://app.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,depth"),
    ];
    for (path, host) in [("/", ""), ("/no/such/path//", ""), ("/cell/__export", "elsewhere.example")] {
        let mut sent = sent.to_vec();
        if !host.is_empty() {
            sent.push(("Host", host));
        }
        let answer = unit.send("OPTIONS", path, &sent, b"").await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
        for (name, value) in [
            ("allow", ALL),
            ("access-control-allow-methods", ALL),
            ("access-control-allow-origin", "https://app.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "authorization,depth"),
            ("access-control-max-age", "86400"),
            ("access-control-expose-headers", "X-Personium-Version"),
            ("x-personium-version", "1.8.4"),
            ("content-length", "0"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn without_an_origin_everyone_may_read() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let answer = unit.get("/cell", &[]).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("access-control-expose-headers"), None);
    assert_eq!(answer.header("x-personium-version"), Some("1.8.4"));
}

#[tokio::test]
async fn errors_can_be_read_and_headers_of_a_handler_are_exposed() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let origin = [("Origin", "example.com")];
    let answer = unit.get("/cell", &origin).await;
    assert_eq!(answer.header("access-control-expose-headers"), Some("X-Personium-Version,Url"));
    let answer = unit.send("DELETE", "/cell", &origin, b"").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, Some("example.com")));
}

#[tokio::test]
async fn options_with_credentials_tells_the_methods_of_the_resource() {
    let unit = Running::start(|_| ()).await;
    for credentials in [("Authorization", "Bearer token"), ("X-Override", "Authorization: Bearer token")] {
        let answer = unit.send("OPTIONS", "/crossdomain.xml", &[credentials], b"").await;
        assert_eq!(answer.header("allow"), Some("OPTIONS, GET"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("OPTIONS, GET"));
    }
    let answer = unit.send("OPTIONS", "/a/b/c/d", &[("Authorization", "Bearer token")], b"").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "PR404-DV-0003"));
}
