//! Both forms of a Cell's URL (API page 005).

use crate::support::{Running, TEST_ROUTES};

#[tokio::test]
async fn another_authority_is_refused() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for host in ["elsewhere.example", "localhost", "127.0.0.1", &format!("cell.{}", unit.authority())] {
        let answer = unit.get("/cell", &[("Host", host)]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "PR400-CM-0005"), "{host}");
    }
    let upper = unit.authority().to_uppercase();
    assert_eq!(unit.get("/cell", &[("Host", &upper)]).await.status, 200);
    let absolute = format!("http://{}/cell", unit.authority());
    assert_eq!(unit.get(&absolute, &[("Host", "ignored.example")]).await.status, 200);
}

#[tokio::test]
async fn a_cell_can_have_a_host_name() {
    let unit = Running::start_with(TEST_ROUTES, |config| config.unit.path_based_cell_url = false).await;
    let host = format!("alice.{}", unit.authority());
    for (path, full) in [("/", "/alice/"), ("/box/a/b", "/alice/box/a/b")] {
        let answer = unit.get(path, &[("Host", &host)]).await.json();
        assert_eq!((answer["cell"].as_str(), answer["path"].as_str()), (Some("alice"), Some(full)));
        assert_eq!(answer["cell_url"], format!("http://{host}/"));
    }
    let answer = unit.get("/alice", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "PR400-MC-0002"));
    let answer = unit.get("/", &[("Host", &format!("__ctl.{}", unit.authority()))]).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "PR404-DV-0003"));
}
