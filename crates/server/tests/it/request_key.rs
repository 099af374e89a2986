//! `X-Personium-RequestKey` (API page 003).

use crate::support::{Running, TEST_ROUTES};

#[tokio::test]
async fn a_good_key_is_kept_and_a_bad_one_refused() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    let long = "k".repeat(128);
    for key in ["key-1_a", &long] {
        let answer = unit.get("/cell", &[("X-Personium-RequestKey", key)]).await;
        assert_eq!(answer.json()["key"], key);
    }
    for key in ["bad key", "abc#123", &format!("{long}k"), "schlüssel"] {
        let answer = unit.get("/cell", &[("X-Personium-RequestKey", key), ("Origin", "o.example")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "PR400-EV-0002"), "{key}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("o.example"));
    }
}

#[tokio::test]
async fn without_a_key_one_is_made() {
    let unit = Running::start_with(TEST_ROUTES, |_| ()).await;
    for sent in [&[][..], &[("X-Personium-RequestKey", "")]] {
        let key = unit.get("/cell", sent).await.json()["key"].as_str().unwrap().to_owned();
        let (four, eighteen) = (&key[..4], &key[5..]);
        assert_eq!((four.len(), &key[4..5], eighteen.len()), (4, "_", 18));
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
