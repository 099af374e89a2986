//! What jobs leave to be gone on with.

use std::io::{Read as _, Write as _};

use saibo_model::{Id, Kind};

use super::Fixture;
use super::sample::{document, get, put, roles, store};
use crate::{Origin, StoreExt as _};

fn cell() -> Id {
    Id::from("cell")
}

pub fn goes_when_dropped(fixture: &Fixture) {
    let before = fixture.unfinished();
    let draft = fixture.draft(&cell()).unwrap();
    draft.writer().unwrap().file().write_all(b"half").unwrap();
    draft.list().unwrap().write_all(b"entries").unwrap();
    assert!(fixture.unfinished() > before);
    let name = draft.name().to_owned();
    drop(draft);
    assert_eq!(fixture.unfinished(), before);
    assert!(fixture.draft_again(&cell(), &name).unwrap().is_none());
}

pub fn is_there_again_when_left(fixture: &Fixture) {
    let before = fixture.unfinished();
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let draft = fixture.draft(&cell()).unwrap();
    draft.copy(&*store, &mut |_, _| true).unwrap();
    draft.writer().unwrap().file().write_all(b"half of it").unwrap();
    draft.list().unwrap().write_all(b"entries").unwrap();
    draft.leave().unwrap();
    let name = draft.name().to_owned();
    drop(draft);
    put(&store, document(&roles(), "b", "{}"));

    let draft = fixture.draft_again(&cell(), &name).unwrap().unwrap();
    let copy = draft.copy(&*store, &mut |_, _| panic!("it is copied once")).unwrap();
    assert!(get(&copy, &roles(), "a").is_some());
    assert!(get(&copy, &roles(), "b").is_none(), "it is of the moment that it was made");
    let mut list = String::new();
    draft.list().unwrap().read_to_string(&mut list).unwrap();
    assert_eq!(list, "entries");
    let mut writer = draft.writer().unwrap();
    writer.cut(5).unwrap();
    writer.file().write_all(b"done").unwrap();
    let place = writer.keep(&cell()).unwrap();
    let mut written = String::new();
    fixture.snapshots().open(&cell(), &place).unwrap().read_to_string(&mut written).unwrap();
    assert_eq!(written, "half done");
    drop(copy);
    drop(draft);
    assert_eq!(fixture.unfinished(), before);
}

pub fn goes_when_nobody_wants_it(fixture: &Fixture) {
    let before = fixture.unfinished();
    let names = [(); 2].map(|()| {
        let draft = fixture.draft(&cell()).unwrap();
        draft.leave().unwrap();
        draft.name().to_owned()
    });
    fixture.remove_drafts_but(&[&names[1]]).unwrap();
    assert!(fixture.draft_again(&cell(), &names[0]).unwrap().is_none());
    assert!(fixture.draft_again(&cell(), &names[1]).unwrap().is_some());
    assert_eq!(fixture.unfinished(), before);
}

pub fn hostile_names(fixture: &Fixture) {
    for name in ["", "..", "../x", "/etc", "a/b", "a\0b"] {
        assert!(fixture.draft_again(&cell(), name).unwrap().is_none(), "{name:?}");
        assert!(fixture.build_again(&cell(), name).unwrap().is_none(), "{name:?}");
    }
}

pub fn is_built_on_from_its_last_checkpoint(fixture: &Fixture) {
    let before = fixture.unfinished();
    let add = |builder: &mut dyn crate::Builder, key: &str, line| {
        builder.document(&document(&roles(), key, "{}"), Origin { line }).unwrap();
    };
    let mut builder = fixture.build(&cell()).unwrap();
    add(&mut *builder, "a", 1);
    builder.checkpoint("one").unwrap();
    add(&mut *builder, "b", 2);
    let mut content = builder.content_writer().unwrap();
    content.write_all(&[7; 100_000]).unwrap();
    let content = content.finish().unwrap().content;
    builder.content(&content, None).unwrap();
    builder.checkpoint("two").unwrap();
    add(&mut *builder, "lost", 3);
    let name = builder.name().to_owned();
    builder.leave().unwrap();

    let (mut builder, state) = fixture.build_again(&cell(), &name).unwrap().unwrap();
    assert_eq!(state, "two");
    add(&mut *builder, "c", 9);
    assert_eq!(builder.check(10).unwrap(), []);
    let mut lines = Vec::new();
    for (key, line) in [("a", 1), ("b", 2), ("c", 9)] {
        let mut id = None;
        builder
            .read_with(&mut |tx| {
                id = tx.document(&roles(), None, key)?.map(|document| document.id);
                assert_eq!(tx.document(&roles(), None, "lost")?, None);
                Ok(())
            })
            .unwrap();
        lines.push((builder.line_of(&id.unwrap()).unwrap(), Some((Kind::Role, line))));
    }
    assert!(lines.iter().all(|(found, wanted)| found == wanted), "{lines:?}");
    let built = builder.finish().unwrap();
    let place = crate::Place { cell: cell(), generation: built.generation() };
    let (store, blobs) = fixture.open(&place).unwrap();
    assert_eq!(store.read(|tx| tx.count(&roles(), None)).unwrap(), 3);
    let mut bytes = Vec::new();
    blobs.open(&content).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 100_000);
    drop((store, blobs, built));
    assert_eq!(fixture.unfinished(), before);
}

pub fn is_not_built_on_without_a_checkpoint(fixture: &Fixture) {
    let before = fixture.unfinished();
    let builder = fixture.build(&cell()).unwrap();
    let name = builder.name().to_owned();
    builder.leave().unwrap();
    assert!(fixture.build_again(&cell(), &name).unwrap().is_none());
    assert_eq!(fixture.unfinished(), before);
}
