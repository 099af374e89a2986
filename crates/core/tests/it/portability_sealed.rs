//! Snapshots that are encrypted: exported, imported, and what is kept of their secrets.

use std::io::{Cursor, Write as _};

use saibo_archive::{Key, Limits, Lock, SnapshotReader};
use saibo_core::export;
use saibo_core::import::{self, Request, dry};
use saibo_core::job::{Encryption, Job, JobKind, Options, State};
use saibo_core::{Cell, snapshot};
use saibo_model::ErrorCode;
use saibo_store::StoreExt as _;
use serde_json::json;

use crate::portability::{RICH, entries, export_as, get, import_as, import_of, put};
use crate::support::Fixture;

/// A key pair that is in no use.
const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

fn identity() -> Key {
    Key::identities(SECRET).unwrap()
}

fn passphrase() -> String {
    "correct horse".to_owned()
}

fn rich(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.cell(name);
    import_as(fixture, &cell, RICH).unwrap();
    fixture.unit.cell(name).unwrap()
}

fn sealed_export(fixture: &Fixture, cell: &Cell, lock: Lock) -> Vec<u8> {
    let request = export::Request { lock: Some(lock), ..export::Request::named("sealed") };
    export::start(&fixture.unit, cell, &fixture.master(), request).unwrap();
    fixture.settle(cell);
    get(fixture, cell, "sealed.zip.age")
}

/// The zip in a file.
fn unsealed(key: &Key, file: &[u8]) -> Vec<u8> {
    let mut zip = Vec::new();
    std::io::copy(&mut key.open(Cursor::new(file)).unwrap().0, &mut zip).unwrap();
    zip
}

fn import_sealed(fixture: &Fixture, cell: &Cell, file: &[u8], key: Key) -> Result<(), String> {
    put(fixture, cell, "s.zip.age", file);
    import_of(fixture, cell, b"", Request { key: Some(key), ..Request::default() })
}

/// All that the register holds, as text.
fn register(fixture: &Fixture) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(fixture.folder.path()).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("unit.db") {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    all
}

#[test]
fn it_goes_out_and_in_and_no_secret_stays() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let whole = entries(&export_as(&fixture, &cell, "whole"));
    let pairs = [
        (Lock::recipients(&[PUBLIC]).unwrap(), identity()),
        (Lock::passphrase(passphrase()).unwrap(), Key::passphrase(passphrase()).unwrap()),
    ];
    for (at, (lock, key)) in pairs.into_iter().enumerate() {
        let file = sealed_export(&fixture, &cell, lock);
        assert!(file.starts_with(b"age-encryption.org/v1\n"));
        let info = snapshot::info(&fixture.unit, cell.id(), "sealed.zip.age").unwrap();
        assert_eq!(
            (info.content_type.as_str(), info.length),
            ("application/octet-stream", file.len() as u64)
        );
        let zip = unsealed(&key, &file);
        assert_eq!(entries(&zip), whole);
        let reader = SnapshotReader::open(Cursor::new(&zip), Limits::default()).unwrap();
        let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(()));
        assert!(report.unwrap().is_intact());
        let other = fixture.cell(&format!("other{at}"));
        import_sealed(&fixture, &other, &file, key).unwrap();
        let other = fixture.unit.cell(other.name()).unwrap();
        assert_eq!(entries(&export_as(&fixture, &other, "again")), whole);
        snapshot::delete(&fixture.unit, cell.id(), "sealed.zip.age").unwrap();
    }
    let kept = register(&fixture);
    assert!(kept.contains("rich") && kept.contains("\"encryption\""), "the register can be read");
    assert!(!kept.contains(&passphrase()) && !kept.contains("AGE-SECRET-KEY"));
    assert_eq!(
        std::fs::read_dir(fixture.folder.path().join("tmp")).unwrap().count(),
        0,
        "no plain copy stays"
    );
}

#[test]
fn what_does_not_open_it_is_refused_at_once() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let file = sealed_export(&fixture, &cell, Lock::recipients(&[PUBLIC]).unwrap());
    let wrong = import_sealed(&fixture, &cell, &file, Key::passphrase("wrong".to_owned()).unwrap());
    assert!(wrong.unwrap_err().contains("cannot be encrypted or decrypted"));
    let plain = import_sealed(&fixture, &cell, RICH, identity());
    assert!(plain.unwrap_err().contains("not encrypted"));
    let start = |key| {
        let request = Request { key, ..Request::named("sealed") };
        import::start(&fixture.unit, &cell, &fixture.master(), request).map_err(|error| error.code())
    };
    assert_eq!(start(None), Err(ErrorCode::ResourceNotFound), "without a key it is another file");
    // A file that is damaged far inside is found out when it is read, and changes nothing.
    let mut damaged = file.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(import_sealed(&fixture, &cell, &damaged, identity()).is_err());
    assert_eq!(fixture.unit.cell("rich").unwrap().place(), cell.place());
}

#[test]
fn a_dry_run_reads_it_too() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let file = sealed_export(&fixture, &cell, Lock::recipients(&[PUBLIC]).unwrap());
    put(&fixture, &cell, "s.zip.age", &file);
    let request = Request { key: Some(identity()), ..Request::named("s") };
    dry::start(&fixture.unit, &cell, &fixture.master(), request, true).unwrap();
    while fixture.unit.jobs().running(cell.id(), JobKind::Check).is_some() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let last = dry::last(&fixture.unit, &cell, &fixture.master()).unwrap().unwrap();
    assert!(last.report.unwrap().importable, "{:?}", last.job);
}

#[test]
fn after_a_stop_public_keys_are_enough_and_secrets_are_asked_for_again() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let id = cell.id().to_string();
    let left = |kind, name: &str, encryption| {
        let options = Options { encryption: Some(encryption), ..Options::default() };
        Job::begin(&cell, kind, name.to_owned(), 1, options)
    };
    let leave = |jobs: Vec<Job>| {
        let jobs: Vec<(String, String)> = jobs
            .into_iter()
            .map(|job| (format!("{id}/{}", job.kind.name()), json!(job).to_string()))
            .collect();
        fixture
            .unit
            .backend()
            .register()
            .write(move |tx| jobs.iter().try_for_each(|(name, job)| tx.set_value("job", name, Some(job))))
            .unwrap();
    };
    leave(vec![
        left(JobKind::Export, "secret", Encryption::Secret),
        left(JobKind::Import, "secret", Encryption::Secret),
        left(JobKind::Check, "secret", Encryption::Secret),
        left(JobKind::Move, "secret", Encryption::Secret),
    ]);
    fixture.unit.resume().unwrap();
    fixture.settle(&cell);
    for kind in JobKind::ALL {
        let job = fixture.unit.jobs().last(cell.id(), kind).unwrap().unwrap();
        let State::Failed { code, .. } = &job.state else { panic!("{job:?}") };
        assert_eq!(code, "PR409-MC-0004", "{kind:?}");
        assert_eq!(fixture.unit.jobs().history(cell.id(), kind).unwrap()[0].state, job.state);
    }
    let report = get(&fixture, &cell, "secret.error");
    assert!(String::from_utf8(report).unwrap().contains("PR409-MC-0004"));
    leave(vec![left(JobKind::Export, "public", Encryption::Recipients(vec![PUBLIC.to_owned()]))]);
    fixture.unit.resume().unwrap();
    fixture.settle(&cell);
    let file = get(&fixture, &cell, "public.zip.age");
    assert_eq!(entries(&unsealed(&identity(), &file)), entries(&export_as(&fixture, &cell, "plain")));
}

#[test]
fn an_import_can_take_a_mode_and_a_key() {
    let fixture = Fixture::new();
    let cell = fixture.cell("empty");
    let (mut sealed, _) = Lock::recipients(&[PUBLIC]).unwrap().seal(Vec::new()).unwrap();
    sealed.write_all(RICH).unwrap();
    put(&fixture, &cell, "s.zip.age", &sealed.finish().unwrap());
    let request = Request { key: Some(identity()), mode: Some(import::Mode::Merge), ..Request::default() };
    import_of(&fixture, &cell, b"", request).unwrap();
    let job = fixture.unit.jobs().last(cell.id(), JobKind::Import).unwrap().unwrap();
    assert_eq!(job.effects.unwrap().created["UserData"], 29);
}
