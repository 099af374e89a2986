//! The table of routes, and what the unit itself serves.

use std::path::Path;

use saibo_server::routes::{ROUTES, markdown};

use crate::support::{Running, TEST_ROUTES};

#[test]
fn the_page_of_routes_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.md");
    let now = markdown(ROUTES);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == now, "docs/routes.md is out of date: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn a_path_stands_in_the_table_once() {
    let mut paths: Vec<_> = ROUTES.iter().map(|route| route.path).collect();
    paths.sort_unstable();
    let count = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), count);
}

#[tokio::test]
async fn the_unit_describes_itself() {
    let unit = Running::start(|_| ()).await;
    let answer = unit.get("/", &[]).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = serde_json::json!({ "unit": {
        "url": format!("http://{}/", unit.authority()),
        "path_based_cellurl_enabled": true,
    }});
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[tokio::test]
async fn the_cross_domain_policy_is_served() {
    let unit = Running::start(|_| ()).await;
    for path in ["/crossdomain.xml", "/crossdomain.xml/"] {
        let answer = unit.get(path, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml")));
        assert!(String::from_utf8(answer.body).unwrap().contains("<allow-access-from domain=\"*\"/>"));
    }
}

#[tokio::test]
async fn methods_and_paths_follow_from_the_table() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for (method, path, status, code) in [
        ("GET", "/cell/", 200, ""),
        ("GET", "/cell/box/a%2Fb/c", 200, ""),
        ("GET", "/cell/box/EntityType(Name='日本語')", 200, ""),
        ("MKCOL", "/cell", 405, "PR405-MC-0001"),
        ("get", "/cell", 405, "PR405-MC-0001"),
        ("GET", "/", 404, "PR404-MC-0001"),
        ("GET", "/cell//box", 404, "PR404-MC-0001"),
        ("GET", "/cell/guarded", 200, ""),
        ("GET", "/nowhere/guarded", 404, "PR404-DV-0003"),
        ("PUT", "/nowhere/guarded", 404, "PR404-DV-0003"),
        ("PUT", "/cell/guarded", 405, "PR405-MC-0001"),
    ] {
        let answer = unit.send(method, path, &[], b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        if status == 200 {
            assert_eq!(answer.json()["path"], path);
        } else {
            assert_eq!(answer.code(), code, "{method} {path}");
        }
    }
    let answer = unit.send("PUT", "/cell/guarded", &[], b"").await;
    assert_eq!(answer.header("allow"), Some("OPTIONS, GET"));
    let answer = unit.get("/cell/box/a%2Fb/c", &[]).await;
    assert_eq!(answer.json()["rest"], serde_json::json!(["a/b", "c"]));
}
