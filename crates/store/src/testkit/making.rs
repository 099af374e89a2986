//! Indexes change how quick an answer is and nothing else: before they are made, meanwhile and afterwards.
//!
//! The same is written to two sets, one of which never has an index. Both must answer alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saibo_model::query::{Comparison as C, Field, Filter, Literal as L, OrderBy, Query, Stored};
use saibo_model::{Document, EntitySet, Id};

use super::sample::*;
use super::{Fixture, builder};
use crate::{Store, StoreExt as _, WriteTx};

fn plain() -> EntitySet {
    EntitySet::entities(Id::from("collection"), Id::from("plain"))
}

fn fields() -> [Field; 5] {
    let city = Field::Body { path: vec!["a".into(), "city".into()], stored: Stored::Text };
    [
        body("t", Stored::Text),
        body("i", Stored::Number),
        body("f", Stored::Float),
        body("b", Stored::Boolean),
        city,
    ]
}

/// All that has an index: what every document has, too.
fn indexed() -> Vec<Field> {
    fields().into_iter().chain([Field::Published, Field::Position]).collect()
}

/// A body, with everything that a field may hold, for that number.
fn body_of(n: usize) -> String {
    let pick = |of: &[&'static str], nth: usize| of[(n / nth + n) % of.len()];
    let t =
        pick(&[r#""x""#, r#""y""#, "null", r#""""#, r#""X""#, "7", r#""é""#, r#"{"deep":1}"#, r#""x y""#], 3);
    let i = pick(&["1", "2", "-3", "2.5", "null", "9007199254740993", r#""text""#, "true"], 5);
    let f = pick(&[r#""1.5""#, "1.5", r#""-2.0E3""#, "null", r#""0""#, r#""none""#], 7);
    let b = pick(&[r#""true""#, r#""false""#, "true", "false", "null"], 11);
    let a = pick(&[r#"{"city":"Basel"}"#, r#"{"city":null}"#, r#"{"city":"Bern"}"#, "{}"], 13);
    match n % 9 {
        8 => "{}".to_owned(),
        _ => format!(r#"{{"n":{n},"t":{t},"i":{i},"f":{f},"b":{b},"a":{a}}}"#),
    }
}

/// The same document for both sets.
fn both(key: &str, body: &str, updated: i64) -> [Document; 2] {
    [entities(), plain()].map(|set| Document { updated, published: updated / 2, ..document(&set, key, body) })
}

fn put_both(store: &Arc<dyn Store>, numbers: std::ops::Range<usize>) {
    let documents: Vec<_> =
        numbers.map(|n| both(&format!("k{n:05}"), &body_of(n), (n * 7 % 40) as i64)).collect();
    store
        .write(|tx| documents.into_iter().flatten().try_for_each(|mut new| tx.put_document(&mut new)))
        .unwrap();
}

/// Does the same to the document of a key in both sets.
fn change(
    store: &Arc<dyn Store>,
    key: &str,
    change: impl Fn(&mut dyn WriteTx, Document) -> saibo_model::Result<()> + Send + 'static,
) {
    let key = key.to_owned();
    store
        .write(move |tx| {
            for set in [entities(), plain()] {
                let found = tx.read().document(&set, None, &key)?.expect("it is there");
                change(tx, found)?;
            }
            Ok(())
        })
        .unwrap();
}

fn and(left: Filter, right: Filter) -> Filter {
    Filter::And(Box::new(left), Box::new(right))
}

fn or(left: Filter, right: Filter) -> Filter {
    Filter::Or(Box::new(left), Box::new(right))
}

/// Every comparison of every field, alone and together.
fn filters() -> Vec<Filter> {
    let text = |text: &str| L::Text(text.to_owned());
    let [t, i, f, b, city] = fields();
    let literals = [
        (&t, vec![text("x"), text(""), text("7"), L::Integer(7), L::Null]),
        (&i, vec![L::Integer(2), L::Float(2.5), L::Integer(i64::MIN), text("text"), L::Null]),
        (&f, vec![L::Float(1.5), L::Integer(0), text("1.5"), L::Null]),
        (&b, vec![L::Boolean(true), L::Boolean(false), L::Null]),
        (&city, vec![text("Basel"), L::Null]),
        (&Field::Published, vec![L::Integer(7)]),
    ];
    let mut all = Vec::new();
    for (field, literals) in literals {
        for literal in literals {
            for comparison in [C::Equal, C::NotEqual, C::Greater, C::GreaterOrEqual, C::Less, C::LessOrEqual]
            {
                if literal != L::Null || matches!(comparison, C::Equal | C::NotEqual) {
                    all.push(Filter::Compare(field.clone(), comparison, literal.clone()));
                }
            }
        }
    }
    let singles = all.clone();
    let some = |nth: usize| singles[nth * 17 % singles.len()].clone();
    for (nth, single) in singles.iter().enumerate() {
        all.push(and(single.clone(), some(nth + 1)));
        all.push(or(single.clone(), some(nth + 2)));
        all.push(and(Filter::Not(Box::new(single.clone())), some(nth + 3)));
        all.push(and(
            or(single.clone(), some(nth + 4)),
            or(some(nth + 5), and(some(nth + 6), some(nth + 7))),
        ));
    }
    let between = |low: C, high: C| {
        and(Filter::Compare(i.clone(), low, L::Integer(-3)), Filter::Compare(i.clone(), high, L::Integer(2)))
    };
    all.extend([
        between(C::Greater, C::LessOrEqual),
        between(C::GreaterOrEqual, C::Less),
        between(C::Less, C::Equal),
    ]);
    all.push(and(Filter::StartsWith(t.clone(), "x".into()), Filter::Contains(t, " ".into())));
    all
}

fn orders() -> Vec<Vec<OrderBy>> {
    let [t, i, f, b, city] = fields();
    let by = |field: &Field, descending| OrderBy { field: field.clone(), descending };
    let mut all = vec![vec![], vec![by(&Field::Key, false)], vec![by(&Field::Published, true), by(&t, true)]];
    for field in [&t, &i, &f, &b, &city, &Field::Published, &Field::Position] {
        all.extend([false, true].map(|descending| vec![by(field, descending)]));
    }
    all.extend([
        vec![by(&t, false), by(&i, true)],
        vec![by(&t, true), by(&Field::Key, false)],
        vec![by(&b, true), by(&b, false), by(&f, true)],
    ]);
    all
}

/// Asks both sets and compares what they answer; one of `part` questions.
fn compare(store: &Arc<dyn Store>, part: usize) {
    let pages =
        [(0, None), (0, Some(3)), (4, Some(5)), (1, Some(60)), (70, Some(30)), (0, Some(0)), (3, None)];
    let filters: Vec<_> = std::iter::once(None).chain(filters().into_iter().map(Some)).collect();
    for (nth, filter) in filters.into_iter().enumerate() {
        if nth > 0 && nth % part != 0 {
            continue;
        }
        for (order, order_by) in orders().into_iter().enumerate() {
            for page in 0..if filter.is_none() { pages.len() } else { 1 } {
                let (skip, top) = pages[(nth + order + page) % pages.len()];
                let asked = Query { filter: filter.clone(), order_by: order_by.clone(), skip, top };
                let [with, without] = [entities(), plain()].map(|set| query(store, &set, &asked).unwrap());
                assert_eq!(with, without, "{asked:?}");
            }
        }
        let [with, without] = [entities(), plain()].map(|set| {
            store.read(|tx| Ok((tx.count(&set, filter.as_ref())?, tx.any(&set, filter.as_ref())?))).unwrap()
        });
        assert_eq!(with, without, "{filter:?}");
    }
}

/// Changes of every kind, the first one of them named by `round`.
fn write_something(store: &Arc<dyn Store>, round: usize) {
    let key = |n: usize| format!("k{n:05}");
    let first = round * 10;
    put_both(store, 100_000 + first..100_000 + first + 3);
    let put = |edit: fn(&mut Document)| {
        move |tx: &mut dyn WriteTx, mut found: Document| {
            edit(&mut found);
            tx.put_document(&mut found)
        }
    };
    change(store, &key(first), put(|found| found.body = r#"{"t":"x","i":2,"f":"1.5","b":true}"#.to_owned()));
    change(store, &key(first + 1), put(|found| found.updated += 3));
    change(store, &key(first + 2), put(|found| found.version += 1));
    change(store, &key(first + 3), |tx, found| tx.delete_document(found.seq));
    change(store, &key(first + 4), put(|found| found.key.push('!')));
    change(store, &key(first + 5), |tx, mut found| {
        // Out of the set, where it is changed, and back.
        let set = std::mem::replace(&mut found.set, roles());
        found.key.push_str(if set == plain() { "-" } else { "+" });
        tx.put_document(&mut found)?;
        (found.set, found.body) = (set, r#"{"t":"back","i":-3}"#.to_owned());
        found.key.pop();
        tx.put_document(&mut found)
    });
    change(store, &key(first + 6), |tx, mut found| {
        // There and back again, at the same time.
        let before = std::mem::replace(&mut found.body, r#"{"t":"y","b":"false"}"#.to_owned());
        tx.put_document(&mut found)?;
        found.body = before;
        tx.put_document(&mut found)
    });
    // The last one's number is given to the next.
    change(store, &key(100_000 + first + 2), |tx, found| tx.delete_document(found.seq));
    put_both(store, 100_000 + first + 2..100_000 + first + 3);
    // What is refused leaves nothing, whether the others of its transaction stay or not.
    let (at, other) = (key(first + 7), key(first + 8));
    change(store, &at, move |tx, mut found| {
        (found.key, found.body) = (other.clone(), r#"{"t":"x"}"#.to_owned());
        assert!(tx.put_document(&mut found).is_err());
        Ok(())
    });
    let undone = store.write(move |tx| {
        for set in [entities(), plain()] {
            let mut found = tx.read().document(&set, None, &at)?.expect("it is there");
            found.body = r#"{"t":"undone"}"#.to_owned();
            tx.put_document(&mut found)?;
        }
        Err::<(), _>(saibo_model::ErrorCode::DiskFull.into())
    });
    assert!(undone.is_err());
}

pub fn answer_what_was_answered_before(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..70);
    compare(&store, 7);
    for field in indexed() {
        make_index(&store, &field);
    }
    compare(&store, 2);
    for round in 0..3 {
        write_something(&store, round);
    }
    compare(&store, 1);
}

pub fn some_fields_only(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..70);
    let [t, i, ..] = fields();
    make_index(&store, &i);
    compare(&store, 2);
    make_index(&store, &t);
    compare(&store, 2);
}

pub fn writes_while_one_is_made(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..5000);
    let [t, ..] = fields();
    let mut rounds = 0;
    store
        .index(&entities(), &t, &mut || {
            write_something(&store, rounds);
            rounds += 1;
            compare(&store, 400);
            true
        })
        .unwrap();
    assert!(rounds > 4, "{rounds} steps are few");
    compare(&store, 50);
    // None of it has made the second call do anything.
    let before = rounds;
    store.index(&entities(), &t, &mut || panic!("there is nothing to do")).unwrap();
    assert_eq!(before, rounds);
}

pub fn others_write_between_any_two_steps(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..11_000);
    let [t, ..] = fields();
    let (ask, asked) = std::sync::mpsc::sync_channel::<usize>(0);
    let (answer, answered) = std::sync::mpsc::sync_channel(0);
    std::thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            for n in asked {
                let key = format!("k{n:05}");
                change(store, &key, |tx, mut found| {
                    found.body = r#"{"t":"meanwhile"}"#.to_owned();
                    tx.put_document(&mut found)
                });
                answer.send(()).unwrap();
            }
        });
        let mut steps = 0;
        store
            .index(&entities(), &t, &mut || {
                // Nobody goes on here before the other one has written, and what it wrote is found.
                ask.send(steps).unwrap();
                answered.recv().unwrap();
                steps += 1;
                let meanwhile = Filter::Compare(t.clone(), C::Equal, L::Text("meanwhile".to_owned()));
                let found = store.read(|tx| tx.count(&entities(), Some(&meanwhile))).unwrap();
                assert_eq!(found, steps as u64);
                true
            })
            .unwrap();
        drop(ask);
        assert!(steps > 10, "{steps} steps are too few for so many documents");
    });
    compare(&store, 50);
}

pub fn is_no_change(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..3000);
    let moment = store.write(|tx| tx.mark()).unwrap();
    let before = store.stamp();
    for field in indexed() {
        make_index(&store, &field);
    }
    assert_eq!(store.stamp(), before, "nothing that anybody reads has changed");
    assert_eq!(store.read(|tx| tx.change_totals(&moment)).unwrap(), crate::ChangeTotals::default());
    change(&store, "k00001", |tx, mut found| tx.put_document(&mut found));
    assert_ne!(store.stamp(), before);
}

pub fn stopped_and_made_again(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..3500);
    let [t, ..] = fields();
    let mut steps = 0;
    while !store.read(|tx| tx.is_indexed(&entities(), &t)).unwrap() {
        let mut left = steps;
        store
            .index(&entities(), &t, &mut || {
                left -= i32::from(left > 0);
                left > 0
            })
            .unwrap();
        write_something(&store, steps as usize);
        compare(&store, 600);
        steps += 1;
    }
    assert!(steps > 2, "it was not stopped");
    compare(&store, 50);
}

pub fn set_deleted_while_one_is_made(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..3000);
    let [t, ..] = fields();
    let mut left = 2;
    store
        .index(&entities(), &t, &mut || {
            left -= 1;
            if left == 0 {
                store
                    .write(|tx| {
                        tx.delete_entity_set(&entities()).and_then(|()| tx.delete_entity_set(&plain()))
                    })
                    .unwrap();
                put_both(&store, 20..70);
            }
            true
        })
        .unwrap();
    assert_eq!(left, 0, "the set was not deleted");
    assert!(!store.read(|tx| tx.is_indexed(&entities(), &t)).unwrap());
    compare(&store, 5);
    make_index(&store, &t);
    compare(&store, 5);
}

pub fn asked_for_by_many_at_once(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..3000);
    let [t, i, ..] = fields();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) && round < 200 {
                write_something(&store, round);
                round += 1;
            }
        });
        let makers = [&t, &i, &t, &i].map(|field| scope.spawn(|| make_index(&store, field)));
        makers.into_iter().for_each(|maker| maker.join().unwrap());
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    compare(&store, 20);
}

pub fn of_an_empty_set(fixture: &Fixture) {
    let store = store(fixture);
    let [t, ..] = fields();
    assert!(!store.read(|tx| tx.is_indexed(&entities(), &t)).unwrap());
    make_index(&store, &t);
    put_both(&store, 0..70);
    compare(&store, 5);
}

pub fn copied_with_the_rest(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..70);
    let [t, i, ..] = fields();
    make_index(&store, &t);
    let copy = freeze(&**fixture, &store);
    write_something(&store, 1);
    compare(&copy, 5);
    assert!(copy.index(&entities(), &i, &mut || true).is_err(), "a copy is to be read only");
}

pub fn kept_in_a_fork(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..2500);
    let [t, i, ..] = fields();
    make_index(&store, &t);
    let mut steps = 0;
    let some_steps = &mut || {
        steps += 1;
        steps < 3
    };
    store.index(&entities(), &i, some_steps).unwrap();
    let mut fork = fixture.fork(&place("cell"), &place("cell"), &mut |_, _| true).unwrap();
    fork.write(&mut |tx| {
        for set in [entities(), plain()] {
            for n in [5, 6] {
                let mut found = tx.read().document(&set, None, &format!("k{n:05}"))?.expect("it is there");
                found.body = r#"{"t":"forked","i":77}"#.to_owned();
                tx.put_document(&mut found)?;
            }
        }
        Ok(())
    })
    .unwrap();
    let built = fork.finish().unwrap();
    let place = crate::Place { generation: built.generation(), ..place("cell") };
    built.keep();
    let (forked, _) = fixture.open(&place).unwrap();
    assert!(forked.read(|tx| tx.is_indexed(&entities(), &t)).unwrap());
    compare(&forked, 50);
    make_index(&forked, &i);
    write_something(&forked, 3);
    compare(&forked, 50);
    compare(&store, 50);
}

pub fn made_anew_where_all_was_built(fixture: &Fixture) {
    let mut new = builder::begin(fixture);
    for n in 0..70 {
        for document in both(&format!("k{n:05}"), &body_of(n), (n % 40) as i64) {
            new.document(&document, crate::Origin { line: n as u64 }).unwrap();
        }
    }
    new.check(10).unwrap();
    // One is made ahead.
    let [t, i, ..] = fields();
    new.index(&entities(), &i).unwrap();
    new.index(&entities(), &i).unwrap();
    new.index(&roles(), &i).unwrap();
    let built = new.finish().unwrap();
    let place = crate::Place { generation: built.generation(), ..place("cell") };
    built.keep();
    let (store, _) = fixture.open(&place).unwrap();
    assert!(!store.read(|tx| tx.is_indexed(&entities(), &t)).unwrap());
    assert!(store.read(|tx| tx.is_indexed(&entities(), &i)).unwrap());
    compare(&store, 5);
    make_index(&store, &t);
    write_something(&store, 1);
    compare(&store, 5);
}

pub fn not_of_every_field(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..10);
    for field in [Field::Key, Field::Updated, Field::ParentKey, body("t", Stored::List)] {
        make_index(&store, &field);
    }
    compare(&store, 20);
}

pub fn refused_by_what_is_retired(fixture: &Fixture) {
    let store = store(fixture);
    put_both(&store, 0..10);
    store.retire();
    let [t, ..] = fields();
    assert!(store.index(&entities(), &t, &mut || true).is_err());
    store.reinstate();
    make_index(&store, &t);
    compare(&store, 20);
}
