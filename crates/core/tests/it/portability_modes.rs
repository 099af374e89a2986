//! Imports into a Cell that keeps its content.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use saibo_core::account::Account;
use saibo_core::export;
use saibo_core::import::{self, Effects, Mode, Request, dry};
use saibo_core::job::{JobKind, State};
use saibo_core::{Cell, Unit};
use saibo_model::acl::{Acl, Principal};
use saibo_model::node::{CELL_NODE, MAIN_BOX};
use saibo_model::query::{Filter, Query};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Node, NodeKind};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use crate::hooked;
use crate::portability::{RICH, entries, export_as, export_of, import_as, import_of, put};
use crate::support::Fixture;

const MODES: [Mode; 3] = [Mode::Overwrite, Mode::Skip, Mode::Merge];

fn rich(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.cell(name);
    import_as(fixture, &cell, RICH).unwrap();
    fixture.unit.cell(name).unwrap()
}

fn request(mode: Mode, boxes: Option<&[&str]>) -> Request {
    let boxes = boxes.map(|boxes| boxes.iter().map(|name| (*name).to_owned()).collect());
    Request { mode: Some(mode), boxes, ..Request::default() }
}

/// Imports with a mode; what was done, and the Cell with it.
fn merged(fixture: &Fixture, cell: &Cell, bytes: &[u8], request: Request) -> (Effects, Cell) {
    import_of(fixture, cell, bytes, request).unwrap();
    let job = fixture.unit.jobs().last(cell.id(), JobKind::Import).unwrap().unwrap();
    assert!(matches!(job.state, State::Done { .. }), "{job:?}");
    (job.effects.unwrap(), fixture.unit.cell(cell.name()).unwrap())
}

fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

/// Changes the document of a key.
fn change(cell: &Cell, set: EntitySet, key: &str, change: impl FnOnce(&mut Document) + Send + 'static) {
    let mut found = find(cell, &set, key).unwrap();
    change(&mut found);
    found.version += 1;
    cell.store().write(move |tx| tx.put_document(&mut found)).unwrap();
}

fn find(cell: &Cell, set: &EntitySet, key: &str) -> Option<Document> {
    let mut found = None;
    cell.store()
        .read(|tx| {
            tx.documents(set, &Query::default(), &mut |document| {
                if document.key == key {
                    found = Some(document);
                }
                Ok(())
            })
        })
        .unwrap();
    found
}

fn body(document: &Document) -> Value {
    serde_json::from_str(&document.body).unwrap()
}

fn control(kind: Kind) -> EntitySet {
    EntitySet::control(kind)
}

fn box_node(cell: &Cell, name: &str) -> Node {
    let id = find(cell, &control(Kind::Box), name).unwrap().id;
    cell.store().read(|tx| tx.child(CELL_NODE, id.as_str())).unwrap().unwrap()
}

fn linked(cell: &Cell, with: &Document, kind: Kind) -> Vec<String> {
    let query = Query { filter: Some(Filter::LinkedWith(with.seq)), ..Query::default() };
    let mut keys = Vec::new();
    cell.store()
        .read(|tx| {
            tx.documents(&control(kind), &query, &mut |document| {
                keys.push(document.key);
                Ok(())
            })
        })
        .unwrap();
    keys.sort();
    keys
}

#[test]
fn what_a_cell_has_already_changes_nothing() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "same");
    let before = entries(&export_as(&fixture, &cell, "before"));
    for mode in MODES {
        let (effects, cell) = merged(&fixture, &cell, RICH, request(mode, None));
        assert_eq!((total(&effects.created), total(&effects.merged)), (0, 0), "{mode:?}: {effects:?}");
        let name = format!("after{mode:?}");
        assert_eq!(entries(&export_as(&fixture, &cell, &name)), before, "{mode:?}");
        match mode {
            Mode::Skip => assert!(effects.skipped["UserData"] == 29 && effects.skipped["file"] == 5),
            _ => assert!(effects.unchanged["UserData"] == 29 && effects.unchanged["file"] == 5),
        }
    }
}

#[test]
fn into_an_empty_cell_all_modes_give_the_whole() {
    let fixture = Fixture::new();
    for mode in MODES {
        let cell = fixture.cell(&format!("empty-{mode:?}").to_lowercase());
        let (effects, cell) = merged(&fixture, &cell, RICH, request(mode, None));
        assert_eq!((effects.created["UserData"], effects.created["link"]), (29, 18), "{effects:?}");
        let (mut after, mut before) = (entries(&export_as(&fixture, &cell, "after")), entries(RICH));
        if mode == Mode::Skip {
            // The Cell had properties of its own.
            after.remove("20_webdav/.pmeta");
            before.remove("20_webdav/.pmeta");
        }
        for (name, lines) in &before {
            if !name.ends_with(".pmeta") {
                assert_eq!(Some(lines), after.get(name), "{mode:?}: {name}");
            }
        }
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    }
}

#[test]
fn a_conflict_is_resolved_as_it_was_asked_for() {
    let fixture = Fixture::new();
    for (mode, status, added, file) in [
        (Mode::Overwrite, "active", None, "snapshot"),
        (Mode::Skip, "deactivated", Some("x"), "cell"),
        (Mode::Merge, "active", Some("x"), "snapshot"),
    ] {
        let cell = rich(&fixture, &format!("c-{mode:?}").to_lowercase());
        change(&cell, control(Kind::Account), "alice", |account| {
            let mut body = body(account);
            (body["Status"], body["Added"]) = (json!("deactivated"), json!("x"));
            account.body = body.to_string();
        });
        let mut new = find(&cell, &control(Kind::Role), "reader").unwrap();
        (new.seq, new.id, new.key, new.body) =
            (0, Id::from("new"), "new".to_owned(), json!({ "Name": "new" }).to_string());
        let (reader, alice) = (
            find(&cell, &control(Kind::Role), "reader").unwrap(),
            find(&cell, &control(Kind::Account), "alice").unwrap(),
        );
        let link = |first: i64, second: i64| saibo_model::document::Link {
            first,
            second,
            to_one: false,
            published: 1,
            updated: 1,
        };
        cell.store()
            .write(move |tx| {
                tx.put_document(&mut new)?;
                tx.put_link(&link(alice.seq, reader.seq))?;
                tx.put_link(&link(alice.seq, new.seq))?;
                let folder = tx.read().child(CELL_NODE, MAIN_BOX)?.unwrap();
                let mut file = tx.read().child(folder.seq, "empty.txt")?.unwrap();
                file.content_type = Some("text/cell".to_owned());
                file.properties = Some(json!({ "mine@x": "<x/>" }).to_string());
                tx.put_node(&mut file)
            })
            .unwrap();
        let (effects, cell) = merged(&fixture, &cell, RICH, request(mode, None));
        let alice = find(&cell, &control(Kind::Account), "alice").unwrap();
        assert_eq!(body(&alice)["Status"], status, "{mode:?}");
        assert_eq!(body(&alice).get("Added").and_then(Value::as_str), added, "{mode:?}");
        let roles: &[&str] = match mode {
            // The Role that the snapshot does not know stays, and the link with it.
            Mode::Overwrite => &["new", "writer"],
            Mode::Skip | Mode::Merge => &["new", "reader", "writer"],
        };
        assert_eq!(linked(&cell, &alice, Kind::Role), roles, "{mode:?}");
        let node = cell
            .store()
            .read(|tx| tx.child(tx.child(CELL_NODE, MAIN_BOX)?.unwrap().seq, "empty.txt"))
            .unwrap()
            .unwrap();
        let media_type = if file == "cell" { "text/cell" } else { "text/plain" };
        assert_eq!(node.content_type.as_deref(), Some(media_type), "{mode:?}");
        assert_eq!(node.properties.is_some(), mode != Mode::Overwrite, "{mode:?}");
        let changed = match mode {
            Mode::Overwrite => &effects.replaced,
            Mode::Skip => &effects.skipped,
            Mode::Merge => &effects.merged,
        };
        assert!(changed["Account"] >= 1 && changed["file"] >= 1, "{effects:?}");
    }
}

#[test]
fn what_has_other_ids_in_the_cell_keeps_them() {
    let fixture = Fixture::new();
    let cell = fixture.cell("other");
    let now = 1_000;
    let new = |kind, key: &str, parent: Option<&str>| Document {
        seq: 0,
        id: Id::from(format!("mine-{key}")),
        set: control(kind),
        key: key.to_owned(),
        parent: parent.map(Id::from),
        peer: None,
        version: 1,
        published: now,
        updated: now,
        body: json!({ "Name": key }).to_string(),
        hidden: None,
        extra: None,
    };
    let mut mine = [
        new(Kind::Box, "app1", None),
        new(Kind::Role, "editor", Some("mine-app1")),
        new(Kind::Account, "bob@example.com", None),
    ];
    cell.store().write(move |tx| mine.iter_mut().try_for_each(|one| tx.put_document(one))).unwrap();
    let (effects, cell) = merged(&fixture, &cell, RICH, request(Mode::Merge, None));
    assert_eq!(effects.merged["Role"], 1, "{effects:?}");
    let editor = find(&cell, &control(Kind::Role), "editor").unwrap();
    assert_eq!((editor.id.as_str(), editor.parent.clone()), ("mine-editor", Some(Id::from("mine-app1"))));
    let bob = find(&cell, &control(Kind::Account), "bob@example.com").unwrap();
    assert_eq!(linked(&cell, &bob, Kind::Role), ["editor"]);
    let acl = Acl::parse(box_node(&cell, "app1").acl.as_deref());
    assert!(acl.aces.iter().any(|ace| ace.principal == Principal::Role(Id::from("mine-editor"))), "{acl:?}");
    assert_eq!(box_node(&cell, "app1").name, "mine-app1");
    // It can go out and in like any other.
    let out = export_as(&fixture, &cell, "out");
    let again = fixture.cell("again");
    import_as(&fixture, &again, &out).unwrap();
    let again = fixture.unit.cell("again").unwrap();
    assert_eq!(entries(&export_as(&fixture, &again, "again")), entries(&out));
}

/// The set of the entities of a type, and that of its properties.
fn sets(cell: &Cell, entity_type: &str) -> (EntitySet, EntitySet, Id) {
    let mut found = None;
    cell.store()
        .read(|tx| {
            tx.all_documents(Kind::EntityType, &mut |(document, _)| {
                if document.key == entity_type {
                    found = Some(document);
                }
                Ok(())
            })
        })
        .unwrap();
    let found = found.unwrap();
    let collection = found.set.collection.unwrap();
    (
        EntitySet::entities(collection.clone(), found.id.clone()),
        EntitySet::schema(Kind::Property, collection),
        found.id,
    )
}

#[test]
fn values_are_found_under_the_names_that_the_cell_has_for_them() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "aliased");
    let (entities, properties, item) = sets(&cell, "Item");
    let swapped = |text: &str| text.replace("P001", "P~").replace("P002", "P001").replace("P~", "P002");
    let (set, of_item) =
        (entities.clone(), Query { filter: Some(Filter::HasParent(Some(item))), ..Query::default() });
    cell.store()
        .write(move |tx| {
            let mut all = Vec::new();
            tx.read().documents(&properties, &of_item, &mut |document| {
                all.push(Document { hidden: document.hidden.as_deref().map(swapped), ..document });
                Ok(())
            })?;
            tx.read().documents(&set, &Query::default(), &mut |document| {
                all.push(Document { body: swapped(&document.body), ..document });
                Ok(())
            })?;
            assert_eq!(all.len(), 8 + 20);
            all.iter_mut().try_for_each(|document| tx.put_document(document))
        })
        .unwrap();
    let before = entries(&export_as(&fixture, &cell, "before"));
    for mode in [Mode::Overwrite, Mode::Merge] {
        let (effects, cell) = merged(&fixture, &cell, RICH, request(mode, None));
        assert_eq!(effects.unchanged["UserData"], 29, "{mode:?}: {effects:?}");
        let after = entries(&export_as(&fixture, &cell, &format!("after{mode:?}")));
        assert_eq!(after["10_odata/70_userdata.pjson"].len(), 29);
        for entry in ["10_odata/50_property.pjson", "10_odata/80_link.pjson"] {
            assert_eq!(after[entry], before[entry], "{mode:?}");
        }
    }
}

#[test]
fn an_entity_with_room_for_one_gets_the_snapshots() {
    let fixture = Fixture::new();
    for (mode, of_the_snapshot) in [(Mode::Overwrite, true), (Mode::Skip, false), (Mode::Merge, true)] {
        let cell = rich(&fixture, &format!("one-{mode:?}").to_lowercase());
        let ((tags, _, _), (orders, _, _)) = (sets(&cell, "Tag"), sets(&cell, "Order"));
        let of = |cell: &Cell, tag: i64| {
            let mut found = Vec::new();
            let query = Query { filter: Some(Filter::LinkedWith(tag)), ..Query::default() };
            cell.store()
                .read(|tx| {
                    tx.documents(&orders, &query, &mut |order| {
                        found.push(order.seq);
                        Ok(())
                    })
                })
                .unwrap();
            found
        };
        let mut tag = None;
        cell.store()
            .read(|tx| {
                tx.documents(&tags, &Query::default(), &mut |document| {
                    tag = Some(document.seq);
                    Ok(())
                })
            })
            .unwrap();
        let tag = tag.unwrap();
        let before = of(&cell, tag);
        assert_eq!(before.len(), 1);
        let mut other = None;
        cell.store()
            .read(|tx| {
                tx.documents(&orders, &Query::default(), &mut |order| {
                    other = other.or((order.seq != before[0]).then_some(order.seq));
                    Ok(())
                })
            })
            .unwrap();
        let (old, new) = (before[0], other.unwrap());
        cell.store()
            .write(move |tx| {
                tx.delete_link(tag, old)?;
                tx.put_link(&saibo_model::document::Link {
                    first: tag,
                    second: new,
                    to_one: true,
                    published: 1,
                    updated: 1,
                })
            })
            .unwrap();
        let (_, cell) = merged(&fixture, &cell, RICH, request(mode, None));
        assert_eq!(of(&cell, tag), [if of_the_snapshot { old } else { new }], "{mode:?}");
    }
}

#[test]
fn one_box_comes_back_and_nothing_else_is_touched() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "restored");
    let before = entries(&export_as(&fixture, &cell, "before"));
    change(&cell, control(Kind::Account), "alice", |account| {
        account.body = json!({ "Name": "alice", "Status": "deactivated" }).to_string();
    });
    let (entities, _, _) = sets(&cell, "Item");
    let node = box_node(&cell, "app1");
    let changed = entries(&export_as(&fixture, &cell, "changed"));
    cell.store()
        .write(move |tx| {
            let mut first = None;
            tx.read().documents(&entities, &Query { top: Some(1), ..Query::default() }, &mut |document| {
                first = Some(document);
                Ok(())
            })?;
            let mut first = first.unwrap();
            first.body = r#"{"__id":"X"}"#.replace('X', &first.key);
            tx.put_document(&mut first)?;
            let files = tx.read().child(node.seq, "files")?.unwrap();
            tx.delete_node(files.seq)
        })
        .unwrap();
    let (effects, cell) = merged(&fixture, &cell, RICH, request(Mode::Overwrite, Some(&["app1"])));
    assert_eq!((effects.replaced["UserData"], effects.created["file"]), (1, 1), "{effects:?}");
    assert!(!effects.replaced.contains_key("Account") && !effects.unchanged.contains_key("Account"));
    let after = entries(&export_as(&fixture, &cell, "after"));
    for (name, lines) in &changed {
        if !name.ends_with(".pmeta") {
            assert_eq!(&after[name], lines, "{name}");
        }
    }
    assert_ne!(after["10_odata/11_account.pjson"], before["10_odata/11_account.pjson"]);
}

#[test]
fn what_was_left_out_of_the_snapshot_stays() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "kept");
    let safe = export::Request { without_credentials: true, ..export::Request::default() };
    let safe = export_of(&fixture, &cell, "safe", safe);
    let hidden = find(&cell, &control(Kind::Account), "alice").unwrap().hidden;
    change(&cell, control(Kind::Account), "alice", |account| {
        account.body = json!({ "Name": "alice", "Status": "deactivated" }).to_string();
    });
    for mode in MODES {
        let (_, cell) = merged(&fixture, &cell, &safe, request(mode, None));
        assert_eq!(find(&cell, &control(Kind::Account), "alice").unwrap().hidden, hidden, "{mode:?}");
    }
    let account = fixture.unit.cell("kept").unwrap().store().read(|tx| Account::find(tx, "alice")).unwrap();
    assert!(account.unwrap().password().is_some());
}

#[test]
fn a_dry_run_tells_the_same_and_does_nothing() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "dry");
    change(&cell, control(Kind::Account), "alice", |account| {
        account.body = json!({ "Name": "alice" }).to_string()
    });
    let before = entries(&export_as(&fixture, &cell, "before"));
    put(&fixture, &cell, "s.zip", RICH);
    let request = || Request { name: Some("s".to_owned()), ..request(Mode::Merge, None) };
    dry::start(&fixture.unit, &cell, &fixture.master(), request(), false).unwrap();
    while fixture.unit.jobs().running(cell.id(), JobKind::Check).is_some() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let told = dry::last(&fixture.unit, &cell, &fixture.master()).unwrap().unwrap().report.unwrap();
    assert!(told.importable, "{told:?}");
    let same = fixture.unit.cell("dry").unwrap();
    assert_eq!(same.place(), cell.place());
    assert_eq!(entries(&export_as(&fixture, &same, "after")), before);
    assert_eq!(fixture.unit.backend().generations(cell.id()).unwrap().len(), 2, "nothing is left");
    let (effects, _) = merged(&fixture, &cell, RICH, request());
    assert_eq!(told.effects.unwrap(), effects);
    assert_eq!(effects.merged["Account"], 1);
    let past = import::history(&fixture.unit, &cell, &fixture.master()).unwrap();
    assert_eq!(past[0].effects.as_ref(), Some(&effects));
}

#[test]
fn what_cannot_be_side_by_side_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    type Prepare = fn(&Cell);
    let cases: [(&str, Prepare); 3] = [
        ("col.webdav in the snapshot and col.odata in the Cell", |cell| {
            cell.store()
                .write(|tx| {
                    let main = tx.read().child(CELL_NODE, MAIN_BOX)?.unwrap();
                    let docs = tx.read().child(main.seq, "docs")?.unwrap();
                    tx.delete_node(docs.seq)?;
                    tx.put_node(&mut Node::collection(NodeKind::OData, main.seq, "docs", 1))
                })
                .unwrap();
        }),
        ("Type is Edm.", |cell| {
            let (_, properties, item) = sets(cell, "Item");
            let query =
                Query { filter: Some(Filter::HasParent(Some(item))), top: Some(1), ..Query::default() };
            cell.store()
                .write(move |tx| {
                    let mut one = None;
                    tx.read().documents(&properties, &query, &mut |document| {
                        one = Some(document);
                        Ok(())
                    })?;
                    let mut one = one.unwrap();
                    let mut body = body(&one);
                    body["Type"] = json!("Edm.Other");
                    one.body = body.to_string();
                    tx.put_document(&mut one)
                })
                .unwrap();
        }),
        ("has the schema of the Box", |cell| {
            change(cell, control(Kind::Box), "app1", |document| {
                (document.key, document.id) = ("renamed".to_owned(), Id::from("another"));
            });
        }),
    ];
    for (at, (why, prepare)) in cases.into_iter().enumerate() {
        let cell = rich(&fixture, &format!("refused{at}"));
        prepare(&cell);
        for mode in MODES {
            let refused = import_of(&fixture, &cell, RICH, request(mode, None)).unwrap_err();
            assert!(refused.contains("PR409-MC-0003") && refused.contains(why), "{mode:?}: {refused}");
        }
        assert_eq!(fixture.unit.cell(cell.name()).unwrap().place(), cell.place());
        assert_eq!(fixture.unit.backend().generations(cell.id()).unwrap().len(), 2, "nothing is left");
    }
}

#[test]
fn boxes_take_a_mode_and_must_be_in_the_snapshot() {
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    put(&fixture, &cell, "s.zip", RICH);
    let start = |request| {
        let request = Request { name: Some("s".to_owned()), ..request };
        import::start(&fixture.unit, &cell, &fixture.master(), request).unwrap_err().code()
    };
    let without = Request { mode: None, ..request(Mode::Skip, Some(&["app1"])) };
    assert_eq!(start(without), ErrorCode::BodyKeyMissing);
    assert_eq!(start(request(Mode::Skip, Some(&["app1", "nowhere"]))), ErrorCode::BoxUnknown);
}

#[test]
fn an_import_with_a_mode_can_be_undone() {
    let fixture = Fixture::new();
    let cell = fixture.cell("undone");
    cell.store().write(|tx| tx.set_value("t", "n", Some("v"))).unwrap();
    let (_, after) = merged(&fixture, &cell, RICH, request(Mode::Merge, None));
    assert_eq!(
        after.store().read(|tx| tx.value("t", "n")).unwrap().as_deref(),
        Some("v"),
        "it keeps its values"
    );
    import::undo(&fixture.unit, &after, &fixture.master()).unwrap();
    assert_eq!(fixture.unit.cell("undone").unwrap().place(), cell.place());
}

/// Writes as a request would: begun anew where it meets a swap.
fn write(unit: &Unit, name: &str) {
    loop {
        let key = name.to_owned();
        let cell = unit.cell("busy").unwrap();
        match cell.store().write(move |tx| tx.set_value("written", &key, Some("v"))) {
            Ok(()) => return,
            Err(error) if saibo_store::Error::is_retired(&error) => unit.wait_for_swap("busy"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn nothing_that_is_written_meanwhile_is_lost() {
    for writes in [1, 2, usize::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let (unit, hooks) = hooked::open(folder.path());
        let fixture = Fixture { unit, folder };
        let cell = fixture.cell("busy");
        // After each copy and ahead of the swap.
        let (weak, copies) = (Arc::downgrade(&fixture.unit), Arc::new(AtomicUsize::new(0)));
        let (counted, threads) = (copies.clone(), Arc::new(Threads::default()));
        let writers = threads.clone();
        hooks.after_fork(move || {
            let at = counted.fetch_add(1, Ordering::SeqCst);
            if at < writes {
                let unit = weak.upgrade().unwrap();
                let writer = std::thread::spawn(move || write(&unit, &at.to_string()));
                // The last copy is made while writes wait.
                if at < 2 {
                    writer.join().unwrap();
                } else {
                    writers.add(writer);
                }
            }
        });
        let (effects, after) = merged(&fixture, &cell, RICH, request(Mode::Merge, None));
        threads.join();
        let copies = copies.load(Ordering::SeqCst);
        assert_eq!(copies, writes.saturating_add(1).min(3), "it is copied anew after each write");
        let written = after.store().read(|tx| tx.values("written")).unwrap();
        assert_eq!(written.len(), writes.min(3), "{writes}: {written:?}");
        assert_eq!(effects.created["UserData"], 29);
        assert!(find(&after, &control(Kind::Account), "alice").is_some());
    }
}

/// Threads to be waited for.
#[derive(Default)]
struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    fn add(&self, thread: JoinHandle<()>) {
        self.0.lock().unwrap().push(thread);
    }

    fn join(&self) {
        for thread in std::mem::take(&mut *self.0.lock().unwrap()) {
            thread.join().unwrap();
        }
    }
}
