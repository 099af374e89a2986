//! The moment at which an import takes effect, and how long it can be undone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saibo_core::{Settings, housekeeping, import, token};
use saibo_model::query::Query;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind};
use saibo_store::StoreExt as _;

use crate::hooked;
use crate::portability::{RICH, export_as, import_as};
use crate::support::{Fixture, settings};

#[test]
fn a_look_up_that_a_swap_overtakes_finds_what_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let (unit, hooks) = hooked::open(folder.path());
    let fixture = Fixture { unit, folder };
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let imported = fixture.unit.cell("c").unwrap();
    // There and back, so that the Cell has to be looked up again.
    import::undo(&fixture.unit, &imported, &fixture.master()).unwrap();
    import::undo(&fixture.unit, &fixture.unit.cell("c").unwrap(), &fixture.master()).unwrap();
    let (unit, master) = (fixture.unit.clone(), fixture.master());
    hooks.after_read(move || import::undo(&unit, &imported, &master).unwrap());
    for _ in 0..2 {
        let found = fixture.unit.cell("c").unwrap();
        assert_eq!(found.place(), cell.place());
        found.store().write(|tx| tx.set_value("t", "n", Some("v"))).unwrap();
    }
}

#[test]
fn an_undo_and_another_at_the_same_time_are_one() {
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let imported = fixture.unit.cell("c").unwrap();
    import::undo(&fixture.unit, &imported, &fixture.master()).unwrap();
    // It was found before the first one came.
    let error = import::undo(&fixture.unit, &imported, &fixture.master()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::CellLocked);
    assert!(!saibo_store::Error::is_retired(&error), "nobody is to try it again");
    let live = fixture.unit.cell("c").unwrap();
    assert_eq!(live.place(), cell.place());
    live.store().write(|tx| tx.set_value("t", "n", Some("v"))).unwrap();
    assert!(imported.store().write(|tx| tx.set_value("t", "n", Some("v"))).is_err());
}

fn kept_for(time: Duration) -> Settings {
    Settings { replaced_kept_for: time, ..settings() }
}

#[test]
fn what_is_past_its_time_cannot_be_brought_back() {
    let fixture = Fixture::with(kept_for(Duration::from_millis(1)));
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    let imported = fixture.unit.cell("c").unwrap();
    let error = import::undo(&fixture.unit, &imported, &fixture.master()).unwrap_err();
    assert_eq!(error.code().status(), 404);
    assert_eq!(fixture.unit.cell("c").unwrap().place(), imported.place());
}

#[test]
fn a_running_unit_removes_what_is_past_its_time() {
    let fixture = Fixture::with(kept_for(Duration::from_millis(50)));
    let housekeeping = housekeeping::start(&fixture.unit, Duration::from_millis(5)).unwrap();
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let begun = Instant::now();
    while fixture.unit.backend().generations(cell.id()).unwrap().len() > 1 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it stays");
        std::thread::sleep(Duration::from_millis(2));
    }
    housekeeping.stop();
    assert!(import::replaced(&fixture.unit, cell.id()).unwrap().is_empty());
    assert_eq!(Arc::strong_count(&fixture.unit), 1, "whoever stopped it holds nothing any more");
}

#[test]
fn what_is_the_cells_own_outlives_an_import() {
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    let value = |scope: &'static str, name: &str| {
        let name = name.to_owned();
        fixture.unit.cell("c").unwrap().store().read(move |tx| tx.value(scope, &name)).unwrap()
    };
    let set = |scope: &'static str, name: &str| {
        let name = name.to_owned();
        let cell = fixture.unit.cell("c").unwrap();
        cell.store().write(move |tx| tx.set_value(scope, &name, Some(r#"{"last":1,"failed":2}"#))).unwrap();
    };
    import_as(&fixture, &cell, RICH).unwrap();
    let imported = fixture.unit.cell("c").unwrap();
    let certificates = token::certificates(&imported).unwrap();
    let mut accounts: Vec<Id> = Vec::new();
    imported
        .store()
        .read(|tx| {
            tx.documents(&EntitySet::control(Kind::Account), &Query::default(), &mut |account| {
                accounts.push(account.id);
                Ok(())
            })
        })
        .unwrap();
    let account = accounts.first().unwrap().as_str();
    set(token::LOGIN, account);
    set(token::LOGIN, "gone");
    set("code", "redeemed");
    drop(imported);
    import_as(&fixture, &fixture.unit.cell("c").unwrap(), RICH).unwrap();
    assert_eq!(token::certificates(&fixture.unit.cell("c").unwrap()).unwrap(), certificates);
    assert!(value(token::LOGIN, account).is_some() && value("code", "redeemed").is_some());
    assert_eq!(value(token::LOGIN, "gone"), None);
    // What was redeemed is redeemed, also in what an undo brings back.
    set("code", "later");
    import::undo(&fixture.unit, &fixture.unit.cell("c").unwrap(), &fixture.master()).unwrap();
    assert!(value("code", "later").is_some());
    assert_eq!(token::certificates(&fixture.unit.cell("c").unwrap()).unwrap(), certificates);
}

#[test]
fn a_number_that_is_used_again_brings_back_no_schema() {
    let fixture = Fixture::with(kept_for(Duration::from_millis(1500)));
    let schema = || {
        let cell = fixture.unit.cell("c").unwrap();
        cell.store().read(|tx| {
            let collection = tx.entity_sets(Kind::EntityType)?.remove(0).collection.unwrap();
            let schema = fixture.unit.entities().schemas().get(tx, cell.place(), &collection)?;
            Ok((cell.place().generation, schema.entity_types().len()))
        })
    };
    let one_more = {
        let other = fixture.cell("other");
        import_as(&fixture, &other, RICH).unwrap();
        let other = fixture.unit.cell("other").unwrap();
        other
            .store()
            .write(|tx| {
                let set = tx.read().entity_sets(Kind::EntityType)?.remove(0);
                let mut document = Document {
                    seq: 0,
                    id: Id::random(),
                    key: "OneMore".to_owned(),
                    set,
                    parent: None,
                    peer: None,
                    version: 1,
                    published: 1,
                    updated: 1,
                    body: r#"{"Name":"OneMore"}"#.to_owned(),
                    hidden: None,
                    extra: None,
                };
                tx.put_document(&mut document)
            })
            .unwrap();
        export_as(&fixture, &other, "more")
    };
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let (generation, types) = schema().unwrap();
    import::undo(&fixture.unit, &fixture.unit.cell("c").unwrap(), &fixture.master()).unwrap();
    std::thread::sleep(Duration::from_millis(1501));
    import::remove_expired(&fixture.unit).unwrap();
    import_as(&fixture, &fixture.unit.cell("c").unwrap(), &one_more).unwrap();
    assert_eq!(schema().unwrap(), (generation, types + 1));
}
