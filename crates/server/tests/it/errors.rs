//! The form of errors (API page 004).

use crate::support::{Running, TEST_ROUTES};

#[tokio::test]
async fn errors_are_json_whatever_is_accepted() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for accept in ["application/json", "application/xml", "application/atom+xml", "text/html", "*/*"] {
        let answer = unit.get("/cell/guarded/../x", &[("Accept", accept)]).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        assert_eq!((answer.status, body["code"].as_str()), (404, Some("PR404-MC-0001")));
        assert_eq!(body["message"]["lang"], "en");
        assert!(!body["message"]["value"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_cause_is_never_shown() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for (path, code) in [("/cell/fail", "PR500-SV-0002"), ("/cell/panic", "PR500-SV-9999")] {
        for method in ["GET", "POST"] {
            let answer = unit.send(method, path, &[("X-Personium-RequestKey", "this-one")], b"").await;
            assert_eq!((answer.status, answer.code().as_str()), (500, code));
            let text = String::from_utf8(answer.body.clone()).unwrap();
            assert!(!text.contains("secret"), "{text}");
            if path.ends_with("panic") {
                assert!(text.contains("this-one"), "the key finds it in the log: {text}");
            }
        }
    }
    assert_eq!(unit.get("/cell", &[]).await.status, 200, "a panic costs one request only");
}

#[tokio::test]
async fn unauthenticated_requests_are_challenged() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let realm = format!("realm=\"http://{}/cell/\"", unit.authority());
    let answer = unit.get("/cell/box", &[]).await;
    let both = [format!("Bearer {realm}"), format!("Basic {realm}")];
    assert_eq!(
        (answer.status, answer.all("www-authenticate")),
        (401, both.iter().map(String::as_str).collect())
    );
    let answer = unit.get("/cell/schema", &[]).await;
    assert_eq!(answer.all("www-authenticate"), [format!("Bearer {realm}")]);
}

#[tokio::test]
async fn an_accept_header_must_be_ascii() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let answer = unit.get("/cell", &[("Accept", "text/日本")]).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "PR400-OD-0041"));
}
