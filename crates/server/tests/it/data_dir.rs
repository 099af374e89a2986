//! The data folder: its lock and its secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use saibo_oauth::KeyRing;
use saibo_server::data_dir::{DataDir, DataDirError};

const NOW: i64 = 1_795_478_486_984;
const DAY: i64 = 24 * 3_600_000;

/// Makes or reads all that is secret.
fn all(data: &DataDir) -> Result<(), DataDirError> {
    data.secrets(None)?;
    data.token_keys(30, NOW).map(drop)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_is_private_and_kept() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/data");
    let first = DataDir::open(&path).unwrap();
    let (secrets, keys) = (first.secrets(None).unwrap(), first.token_keys(30, NOW).unwrap());
    assert_eq!(mode(&path), 0o700);
    for name in ["master-token", "token.keys", "signing.key", "content.key", "saibo.lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    assert_eq!(secrets.master_token.expose().len(), 43);
    assert_ne!(secrets.content_key.expose(), secrets.signing_key.expose());
    assert!(!format!("{secrets:?}").contains(secrets.master_token.expose()));
    drop(first);
    let data = DataDir::open(&path).unwrap();
    let again = data.secrets(None).unwrap();
    assert_eq!(again.master_token.expose(), secrets.master_token.expose());
    assert_eq!(data.token_keys(30, NOW).unwrap().to_file(), keys.to_file());
    assert_eq!(again.signing_key.expose(), secrets.signing_key.expose());
    assert_eq!(again.content_key.expose(), secrets.content_key.expose());
}

#[test]
fn a_configured_token_needs_no_file() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    let secrets = data.secrets(Some(saibo_server::config::Secret::new("mine"))).unwrap();
    assert_eq!(secrets.master_token.expose(), "mine");
    assert!(!data.master_token_path().exists());
}

#[test]
fn a_second_holder_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let _first = DataDir::open(parent.path()).unwrap();
    let error = DataDir::open(parent.path()).unwrap_err().to_string();
    assert!(error.contains("in use by another saibo process"), "{error}");
    assert!(error.contains(&std::process::id().to_string()), "{error}");
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    all(&data).unwrap();
    for name in ["master-token", "token.keys", "signing.key"] {
        let path = parent.path().join(name);
        for wide in [0o644, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wide)).unwrap();
            let error = all(&data).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_damaged_secret_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    all(&data).unwrap();
    for (name, content) in [("token.keys", &b"short"[..]), ("signing.key", b""), ("master-token", b"\n")] {
        let path = parent.path().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
        let error = all(&data).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn what_a_crash_left_behind_is_no_hindrance() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    for name in [".token.keys.new", ".signing.key.new"] {
        fs::write(parent.path().join(name), b"half").unwrap();
    }
    all(&data).unwrap();
    for name in [".token.keys.new", ".signing.key.new"] {
        assert!(!parent.path().join(name).exists(), "{name}");
    }
}

#[test]
fn another_key_takes_over_in_time_and_the_old_one_opens_what_it_sealed() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    let ids = |ring: &KeyRing| ring.ids().collect::<Vec<_>>();
    let first = data.token_keys(30, NOW).unwrap();
    assert_eq!(data.token_keys(30, NOW + 30 * DAY - 1).unwrap().to_file(), first.to_file());
    assert_eq!(data.token_keys(0, NOW + 1000 * DAY).unwrap().to_file(), first.to_file());
    let second = data.token_keys(30, NOW + 30 * DAY).unwrap();
    assert_eq!((ids(&first), ids(&second)), (vec![1], vec![2, 1]));
    assert_eq!(data.token_keys(30, NOW + 31 * DAY).unwrap().to_file(), second.to_file(), "it was written");
    // What the first one sealed has ended long since.
    let third = data.replace_token_key(&second, 30, NOW + 60 * DAY).unwrap().unwrap();
    assert_eq!(ids(&third), [3, 2]);
    assert_eq!(mode(&parent.path().join("token.keys")), 0o600);
}

#[test]
fn the_only_key_of_early_versions_goes_on() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    let path = parent.path().join("token.key");
    fs::write(&path, [7; 32]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let ring = data.token_keys(30, NOW).unwrap();
    assert_eq!(ring.to_file(), KeyRing::new([7; 32], NOW).to_file());
    assert!(!path.exists());
    assert_eq!(data.token_keys(30, NOW).unwrap().to_file(), ring.to_file());
}
