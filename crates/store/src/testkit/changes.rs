//! Telling what was changed since a moment.

use std::sync::Arc;

use saibo_model::document::Link;
use saibo_model::node::CELL_NODE;
use saibo_model::{EntitySet, Id, Kind, Moment, Node, NodeKind, Removed};

use super::Fixture;
use super::sample::*;
use crate::{ChangeTotals, Place, Store, StoreExt as _};

fn mark(store: &Arc<dyn Store>) -> Moment {
    store.write(|tx| tx.mark()).unwrap()
}

/// Everything that a store tells, as text: documents with what they hold, links, nodes with their depths, removals.
fn told(store: &Arc<dyn Store>, since: &Moment) -> Vec<String> {
    let mut told = Vec::new();
    let mut totals = ChangeTotals::default();
    store
        .read(|tx| {
            totals = tx.change_totals(since)?;
            for kind in Kind::IN_CELL {
                tx.changed_documents(kind, since, &mut |(document, held)| {
                    let held: Vec<_> = held.iter().map(|(_, id)| id.to_string()).collect();
                    told.push(format!("{} {}{}", kind.name(), document.key, held.concat()));
                    Ok(())
                })?;
            }
            assert_eq!(told.len() as u64, totals.documents);
            tx.changed_links(since, &mut |(_, first, second)| {
                told.push(format!("{}-{}", first.1, second.1));
                Ok(())
            })?;
            assert_eq!(told.len() as u64, totals.documents + totals.links);
            tx.changed_nodes(since, &mut |(depth, node)| {
                told.push(format!("{}{}", "/".repeat(depth as usize), node.name));
                Ok(())
            })?;
            tx.removed(since, &mut |removed| {
                told.push(match removed {
                    Removed::Document { kind, id } => format!("no {} {id}", kind.name()),
                    Removed::Link { first, second } => format!("no {first}-{second}"),
                    Removed::Node { id } => format!("no {id}"),
                });
                Ok(())
            })
        })
        .unwrap();
    told
}

fn named(set: &EntitySet, key: &str) -> saibo_model::Document {
    saibo_model::Document { id: Id::from(key), ..document(set, key, "{}") }
}

pub fn nothing_is_known_before_the_first_moment(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, named(&roles(), "a"));
    let never = Moment { generation: "g".to_owned(), number: 1 };
    assert!(!store.read(|tx| tx.knows_changes_since(&never)).unwrap());
    let first = mark(&store);
    assert!(store.read(|tx| tx.knows_changes_since(&first)).unwrap());
    assert_eq!(told(&store, &first), [""; 0]);
    for strange in [
        Moment { number: first.number + 1, ..first.clone() },
        Moment { number: first.number - 1, ..first.clone() },
        Moment { generation: never.generation, ..first },
    ] {
        assert!(!store.read(|tx| tx.knows_changes_since(&strange)).unwrap(), "{strange:?}");
    }
}

pub fn what_was_put_since(fixture: &Fixture) {
    let (store, blobs) = cell(fixture);
    put_root(&store);
    let other = put(&store, named(&entities(), "other"));
    let mut changed = put(&store, named(&entities(), "changed"));
    let role = put(&store, named(&roles(), "role"));
    put_link(&store, link(other.seq, role.seq));
    let folder_before = folder(&store, CELL_NODE, "folder");
    folder(&store, CELL_NODE, "unchanged");
    let inner = folder(&store, folder_before.seq, "inner");
    let file = put_file(&store, inner.seq, "file", content(&blobs, b"before"));
    let first = mark(&store);
    assert_eq!(told(&store, &first), [""; 0]);
    // Often, and told once.
    for round in 2..5 {
        changed.version = round;
        changed = put(&store, changed);
    }
    put(&store, named(&roles(), "new"));
    put_link(&store, link(changed.seq, role.seq));
    put_file(&store, folder_before.seq, "added", content(&blobs, b"12345"));
    let expected = ["Role new", "UserData changed", "changed-role", "/folder", "//added"].map(str::to_owned);
    assert_eq!(told(&store, &first), expected, "in the order of everything, with the collections above");
    let second = mark(&store);
    assert_eq!(told(&store, &second), [""; 0]);
    assert_eq!(told(&store, &first), expected, "an older moment is still one");
    // A document that is changed anew is new for both.
    put(&store, changed);
    put_node(&store, Node { name: "renamed".to_owned(), ..file });
    let newest = ["UserData changed", "/folder", "//inner", "///renamed"].map(str::to_owned);
    assert_eq!(told(&store, &second), newest);
    assert_eq!(told(&store, &first).len(), 7);
    assert_eq!(store.read(|tx| Ok(tx.change_totals(&first)?.bytes)).unwrap(), 5 + 6);
}

pub fn to_one_links_are_of_their_holder(fixture: &Fixture) {
    let store = store(fixture);
    let holder = put(&store, named(&entities(), "holder"));
    let one = put(&store, named(&entities(), "one"));
    let held = Link { to_one: true, ..link(holder.seq, one.seq) };
    let before = mark(&store);
    put_link(&store, held.clone());
    assert_eq!(told(&store, &before), ["UserData holderone"]);
    let put = mark(&store);
    let (first, second) = (holder.seq, one.seq);
    // In whatever order it is taken away, and however.
    store.write(move |tx| tx.delete_link(second, first)).unwrap();
    assert_eq!(told(&store, &put), ["UserData holder"]);
    put_link(&store, held.clone());
    let again = mark(&store);
    store.write(|tx| tx.delete_links(&mut |_, _| true)).unwrap();
    assert_eq!(told(&store, &again), ["UserData holder"]);
    // One that was of many kinds becomes one that is held, and the other way.
    put_link(&store, link(first, second));
    let many = mark(&store);
    put_link(&store, held);
    assert_eq!(told(&store, &many), ["UserData holderone", "no holder-one"]);
    let to_one = mark(&store);
    put_link(&store, link(first, second));
    assert_eq!(told(&store, &to_one), ["UserData holder", "holder-one"]);
}

pub fn what_was_removed_since(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let unnoted = put(&store, named(&roles(), "unnoted"));
    store.write(move |tx| tx.delete_document(unnoted.seq)).unwrap();
    let a = put(&store, named(&roles(), "a"));
    let b = put(&store, named(&entities(), "b"));
    let c = put(&store, named(&entities(), "c"));
    put_link(&store, link(a.seq, b.seq));
    put_link(&store, link(a.seq, c.seq));
    let mut top = folder(&store, CELL_NODE, "top");
    let inside = folder(&store, top.seq, "inside");
    folder(&store, inside.seq, "deepest");
    let moved = folder(&store, top.seq, "moved");
    let first = mark(&store);
    let (a, b) = (a.seq, b.seq);
    store.write(move |tx| tx.delete_link(b, a)).unwrap();
    assert_eq!(told(&store, &first), ["no a-b"]);
    store.write(move |tx| tx.delete_document(a)).unwrap();
    store.write(|tx| tx.delete_entity_set(&entities())).unwrap();
    assert_eq!(told(&store, &first), ["no Role a", "no UserData b", "no UserData c", "no a-b"]);
    let second = mark(&store);
    put_node(&store, Node { parent: CELL_NODE, ..moved });
    store.write(move |tx| tx.delete_node(top.seq)).unwrap();
    let names = store.read(|tx| {
        let mut names = Vec::new();
        tx.removed(&second, &mut |removed| {
            names.push(removed);
            Ok(())
        })?;
        Ok(names)
    });
    assert_eq!(names.unwrap().len(), 3, "what was moved out is not removed");
    assert_eq!(told(&store, &second)[0], "/moved");
    // Something that failed has removed nothing.
    let third = mark(&store);
    let kept = put(&store, named(&roles(), "kept")).seq;
    let failed: saibo_model::Result<()> = store.write(move |tx| {
        tx.delete_document(kept)?;
        Err(saibo_model::ErrorCode::Unknown.into())
    });
    assert!(failed.is_err());
    assert_eq!(told(&store, &third), ["Role kept"]);
    // What is there again is told twice: it was removed, and put.
    store.write(move |tx| tx.delete_document(kept)).unwrap();
    put(&store, named(&roles(), "kept"));
    assert_eq!(told(&store, &third), ["Role kept", "no Role kept"]);
    top.seq = 0;
    put_node(&store, Node { kind: NodeKind::WebDav, ..top });
}

pub fn removals_are_forgotten(fixture: &Fixture) {
    let store = store(fixture);
    let keys = ["a", "b", "c", "d"];
    let seqs = keys.map(|key| put(&store, named(&roles(), key)).seq);
    let moments = seqs.map(|seq| {
        let moment = mark(&store);
        store.write(move |tx| tx.delete_document(seq)).unwrap();
        moment
    });
    let known = |store: &Arc<dyn Store>| {
        moments.each_ref().map(|m| store.read(|tx| tx.knows_changes_since(m)).unwrap())
    };
    assert_eq!(known(&store), [true; 4]);
    let until = moments[2].number;
    assert!(store.write(move |tx| tx.forget_removed(Some(until), 1)).unwrap(), "there is more");
    assert_eq!(known(&store), [false, false, true, true]);
    assert!(store.write(move |tx| tx.forget_removed(Some(until), 1)).unwrap());
    assert!(!store.write(move |tx| tx.forget_removed(Some(until), 1)).unwrap());
    assert_eq!(told(&store, &moments[2]), ["no Role c", "no Role d"]);
    // None at all are remembered after this.
    assert!(!store.write(|tx| tx.forget_removed(None, 100)).unwrap());
    assert_eq!(known(&store), [false; 4]);
    let gone = put(&store, named(&roles(), "e")).seq;
    store.write(move |tx| tx.delete_document(gone)).unwrap();
    let again = mark(&store);
    assert!(again.number > moments[3].number && again.generation == moments[3].generation);
    assert_eq!(known(&store), [false; 4]);
    assert!(store.read(|tx| tx.knows_changes_since(&again)).unwrap());
    assert_eq!(told(&store, &again), [""; 0]);
    put(&store, named(&roles(), "f"));
    assert_eq!(told(&store, &again), ["Role f"]);
}

pub fn a_copy_is_another_generation(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, named(&roles(), "a"));
    let moment = mark(&store);
    let seq = put(&store, named(&roles(), "b")).seq;
    store.write(move |tx| tx.delete_document(seq)).unwrap();
    // A frozen one is what it was copied of.
    let frozen = freeze(&**fixture, &store);
    assert_eq!(told(&frozen, &moment), ["no Role b"]);
    let built = fixture.fork(&place("cell"), &place("cell"), &mut |_, _| true).unwrap().finish().unwrap();
    let copy = Place { generation: built.generation(), ..place("cell") };
    built.keep();
    let (copy, _) = fixture.open(&copy).unwrap();
    assert!(!copy.read(|tx| tx.knows_changes_since(&moment)).unwrap());
    let other = mark(&copy);
    assert_ne!(other.generation, moment.generation);
    assert_eq!(told(&copy, &other), [""; 0]);
    assert!(store.read(|tx| tx.knows_changes_since(&moment)).unwrap());
}
