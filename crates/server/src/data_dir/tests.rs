//! The key that is made, kept and replaced.

use super::*;

const NOW: i64 = 1_795_478_486_984;
const HOUR: i64 = 3_600_000;

#[test]
fn the_units_key_is_kept_until_it_is_no_longer_good() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let first = data.unit_key("http://localhost:9998/", NOW).unwrap();
    let mode = fs::metadata(folder.path().join(UNIT_KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let same =
        |unit_url: &str, now| data.unit_key(unit_url, now).unwrap().certificate() == first.certificate();
    assert!(same("http://localhost:9998/", NOW));
    assert!(same("http://localhost/", NOW + HOUR), "the port is not certified");
    fs::write(folder.path().join(UNIT_CERTIFICATE), "nonsense").unwrap();
    assert!(matches!(data.unit_key("http://localhost/", NOW), Err(DataDirError::Damaged { .. })));
    fs::write(folder.path().join(UNIT_CERTIFICATE), pem::encode("CERTIFICATE", first.certificate())).unwrap();
    assert!(!same("https://unit.example/", NOW), "another host");
    let second = data.unit_key("https://unit.example/", NOW).unwrap();
    let end = i64::from(CERTIFICATE_DAYS) * 24 * HOUR;
    let renewed = data.unit_key("https://unit.example/", NOW + end - CERTIFICATE_MARGIN + HOUR).unwrap();
    assert_ne!(second.certificate(), renewed.certificate(), "it ends soon");
}
