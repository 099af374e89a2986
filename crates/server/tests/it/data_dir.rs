//! The data folder: its lock and its secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use saibo_server::data_dir::DataDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_is_private_and_kept() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/data");
    let first = DataDir::open(&path).unwrap();
    let secrets = first.secrets(None).unwrap();
    assert_eq!(mode(&path), 0o700);
    for name in ["master-token", "token.key", "signing.key", "saibo.lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    assert_eq!(secrets.master_token.expose().len(), 43);
    assert_ne!(secrets.token_key.expose(), secrets.signing_key.expose());
    assert!(!format!("{secrets:?}").contains(secrets.master_token.expose()));
    drop(first);
    let again = DataDir::open(&path).unwrap().secrets(None).unwrap();
    assert_eq!(again.master_token.expose(), secrets.master_token.expose());
    assert_eq!(again.token_key.expose(), secrets.token_key.expose());
    assert_eq!(again.signing_key.expose(), secrets.signing_key.expose());
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
    data.secrets(None).unwrap();
    for name in ["master-token", "token.key", "signing.key"] {
        let path = parent.path().join(name);
        for wide in [0o644, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wide)).unwrap();
            let error = data.secrets(None).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_damaged_secret_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    data.secrets(None).unwrap();
    for (name, content) in [("token.key", &b"short"[..]), ("signing.key", b""), ("master-token", b"\n")] {
        let path = parent.path().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
        let error = data.secrets(None).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn what_a_crash_left_behind_is_no_hindrance() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::open(parent.path()).unwrap();
    fs::write(parent.path().join(".token.key.new"), b"half").unwrap();
    assert_eq!(data.secrets(None).unwrap().token_key.expose().len(), 32);
    assert!(!parent.path().join(".token.key.new").exists());
}
