//! Every condition, over every way in which a value is stored.

use saibo_model::document::Document;
use saibo_model::query::{Comparison as C, Field, Filter, Literal as L, Query, Stored};
use saibo_model::{EntitySet, Id, Kind};

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

const OPERATORS: [C; 6] = [C::Equal, C::NotEqual, C::Greater, C::GreaterOrEqual, C::Less, C::LessOrEqual];

fn compare(name: &str, stored: Stored, comparison: C, literal: L) -> Filter {
    Filter::Compare(body(name, stored), comparison, literal)
}

/// What each of the six operators finds, in the order of [`OPERATORS`].
fn all(store: &std::sync::Arc<dyn crate::Store>, field: &Field, literal: &L) -> [String; 6] {
    OPERATORS.map(|operator| matching(store, Filter::Compare(field.clone(), operator, literal.clone())))
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

pub fn text(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[("a", r#"{"t":"apple"}"#), ("b", r#"{"t":"Banana"}"#), ("c", r#"{"t":"cherry"}"#), ("n", "{}")],
    );
    let found = all(&store, &body("t", Stored::Text), &L::Text("apple".into()));
    assert_eq!(found, ["a", "b c n", "c", "a c", "b", "a b"]);
}

pub fn number(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"i":-3}"#),
            ("b", r#"{"i":10}"#),
            ("c", r#"{"i":9007199254740993}"#),
            ("n", r#"{"i":null}"#),
        ],
    );
    let field = body("i", Stored::Number);
    assert_eq!(all(&store, &field, &L::Integer(10)), ["b", "a c n", "c", "b c", "a", "a b"]);
    // No detour over floating point.
    assert_eq!(
        matching(&store, compare("i", Stored::Number, C::Equal, L::Integer(9_007_199_254_740_992))),
        ""
    );
    assert_eq!(all(&store, &field, &L::Float(9.5)), ["", "a b c n", "b c", "b c", "a", "a"]);
}

pub fn float(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[("a", r#"{"f":"-1.5"}"#), ("b", r#"{"f":"2.0"}"#), ("c", r#"{"f":1.0E10}"#), ("n", "{}")],
    );
    let field = body("f", Stored::Float);
    assert_eq!(all(&store, &field, &L::Float(2.0)), ["b", "a c n", "c", "b c", "a", "a b"]);
    assert_eq!(all(&store, &field, &L::Integer(2)), ["b", "a c n", "c", "b c", "a", "a b"]);
}

pub fn boolean(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"b":"true"}"#),
            ("b", r#"{"b":"false"}"#),
            ("c", r#"{"b":true}"#),
            ("d", r#"{"b":false}"#),
            ("n", "{}"),
        ],
    );
    let test = |operator, literal| matching(&store, compare("b", Stored::Boolean, operator, literal));
    assert_eq!(test(C::Equal, L::Boolean(true)), "a c");
    assert_eq!(test(C::Equal, L::Boolean(false)), "b d");
    assert_eq!(test(C::NotEqual, L::Boolean(true)), "b d n");
    assert_eq!(test(C::Equal, L::Null), "n");
    assert_eq!(test(C::NotEqual, L::Null), "a b c d");
}

pub fn key_and_times(fixture: &Fixture) {
    let store = store(fixture);
    for (key, published, updated) in [("a", 1, 10), ("b", 2, 20), ("c", 3, 30)] {
        let mut new = document(&entities(), key, "{}");
        (new.published, new.updated) = (published, updated);
        put(&store, new);
    }
    assert_eq!(all(&store, &Field::Key, &L::Text("b".into())), ["b", "a c", "c", "b c", "a", "a b"]);
    assert_eq!(all(&store, &Field::Published, &L::Integer(2)), ["b", "a c", "c", "b c", "a", "a b"]);
    assert_eq!(all(&store, &Field::Updated, &L::Integer(20)), ["b", "a c", "c", "b c", "a", "a b"]);
}

pub fn null_is_absent(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[("a", r#"{"t":"","f":"0","i":0}"#), ("b", r#"{"t":null,"f":null,"i":null}"#), ("c", "{}")],
    );
    for (name, stored) in [("t", Stored::Text), ("f", Stored::Float), ("i", Stored::Number)] {
        assert_eq!(matching(&store, compare(name, stored, C::Equal, L::Null)), "b c", "{name}");
        assert_eq!(matching(&store, compare(name, stored, C::NotEqual, L::Null)), "a", "{name}");
    }
}

pub fn not_equal_holds_for_absent(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"t":"x"}"#), ("b", r#"{"t":"y"}"#), ("c", "{}")]);
    assert_eq!(matching(&store, compare("t", Stored::Text, C::NotEqual, L::Text("x".into()))), "b c");
}

pub fn not_holds_for_absent(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"t":"x","i":1}"#), ("b", r#"{"t":"y","i":2}"#), ("c", "{}")]);
    let is_x = compare("t", Stored::Text, C::Equal, L::Text("x".into()));
    let above = compare("i", Stored::Number, C::Greater, L::Integer(1));
    assert_eq!(matching(&store, not(is_x.clone())), "b c");
    assert_eq!(matching(&store, not(above.clone())), "a c");
    assert_eq!(matching(&store, not(not(above.clone()))), "b");
    assert_eq!(matching(&store, not(Filter::Or(Box::new(is_x), Box::new(above)))), "c");
    let starts = Filter::StartsWith(body("t", Stored::Text), "x".into());
    assert_eq!(matching(&store, not(starts)), "b c");
}

pub fn starts_with(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"t":"日本語"}"#),
            ("b", r#"{"t":"日本"}"#),
            ("c", r#"{"t":"a%b"}"#),
            ("d", r#"{"t":"A%"}"#),
            ("n", "{}"),
        ],
    );
    let test = |text: &str| matching(&store, Filter::StartsWith(body("t", Stored::Text), text.into()));
    assert_eq!(test("日本"), "a b");
    assert_eq!(test("日本語"), "a");
    assert_eq!(test("a%"), "c");
    assert_eq!(test("%"), "");
    assert_eq!(test(""), "a b c d");
    assert_eq!(matching(&store, Filter::StartsWith(Field::Key, "c".into())), "c");
}

pub fn contains(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[("a", r#"{"t":"über den"}"#), ("b", r#"{"t":"ÜBER"}"#), ("c", r#"{"t":"50%_x"}"#), ("n", "{}")],
    );
    let test = |text: &str| matching(&store, Filter::Contains(body("t", Stored::Text), text.into()));
    assert_eq!(test("über"), "a");
    assert_eq!(test("%_"), "c");
    assert_eq!(test("_"), "c");
    assert_eq!(test(""), "a b c");
    assert_eq!(matching(&store, Filter::Contains(Field::Key, "n".into())), "n");
}

pub fn unicode_compares_by_code_point(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"t":"z"}"#),
            ("b", r#"{"t":"é"}"#),
            ("c", r#"{"t":"\uffee"}"#),
            ("d", r#"{"t":"\ud834\udd1e"}"#),
        ],
    );
    let test =
        |operator, text: &str| matching(&store, compare("t", Stored::Text, operator, L::Text(text.into())));
    assert_eq!(test(C::Greater, "z"), "b c d");
    // By UTF-16 units, which this must not compare by, the last would come before the one before it.
    assert_eq!(test(C::Greater, "\u{ffee}"), "d");
    assert_eq!(test(C::Equal, "e\u{301}"), "");
}

pub fn combined(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"i":1,"t":"x"}"#), ("b", r#"{"i":2,"t":"x"}"#), ("c", r#"{"i":2,"t":"y"}"#)]);
    let two = || Box::new(compare("i", Stored::Number, C::Equal, L::Integer(2)));
    let x = || Box::new(compare("t", Stored::Text, C::Equal, L::Text("x".into())));
    assert_eq!(matching(&store, Filter::And(two(), x())), "b");
    assert_eq!(matching(&store, Filter::Or(two(), x())), "a b c");
    assert_eq!(matching(&store, Filter::And(Box::new(Filter::Or(two(), x())), Box::new(not(*two())))), "a");
    assert_eq!(matching(&store, Filter::And(Box::new(not(*two())), Box::new(Filter::Or(two(), x())))), "a");
}

pub fn members_of_complex_values(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"address":{"city":"Basel"},"address.city":"no"}"#),
            ("b", r#"{"address":{"city":null}}"#),
            ("c", r#"{"address":"Basel"}"#),
        ],
    );
    let city = Field::Body { path: vec!["address".into(), "city".into()], stored: Stored::Text };
    assert_eq!(matching(&store, Filter::Compare(city.clone(), C::Equal, L::Text("Basel".into()))), "a");
    assert_eq!(matching(&store, Filter::Compare(city, C::Equal, L::Null)), "b c");
    // A key with a full stop in it is one key.
    assert_eq!(matching(&store, compare("address.city", Stored::Text, C::Equal, L::Text("no".into()))), "a");
}

fn child(set: &EntitySet, key: &str, parent: &Document) -> Document {
    Document { parent: Some(parent.id.clone()), ..document(set, key, "{}") }
}

pub fn parent_key(fixture: &Fixture) {
    let store = store(fixture);
    let box_ = put(&store, document(&EntitySet::control(Kind::Box), "box", "{}"));
    put(&store, child(&entities(), "in", &box_));
    put(&store, document(&entities(), "out", "{}"));
    let test = |operator, literal| matching(&store, Filter::Compare(Field::ParentKey, operator, literal));
    assert_eq!(test(C::Equal, L::Text("box".into())), "in");
    assert_eq!(test(C::NotEqual, L::Text("box".into())), "out");
    assert_eq!(test(C::Equal, L::Null), "out");
    assert_eq!(matching(&store, Filter::StartsWith(Field::ParentKey, "b".into())), "in");
}

pub fn grandparent_key(fixture: &Fixture) {
    let store = store(fixture);
    let box_ = put(&store, document(&EntitySet::control(Kind::Box), "box", "{}"));
    let relation = put(&store, child(&EntitySet::control(Kind::Relation), "relation", &box_));
    let alone = put(&store, document(&EntitySet::control(Kind::Relation), "alone", "{}"));
    put(&store, child(&entities(), "a", &relation));
    put(&store, child(&entities(), "b", &alone));
    let test =
        |operator, literal| matching(&store, Filter::Compare(Field::GrandparentKey, operator, literal));
    assert_eq!(test(C::Equal, L::Text("box".into())), "a");
    assert_eq!(test(C::Equal, L::Null), "b");
}

pub fn parent_and_peer(fixture: &Fixture) {
    let store = store(fixture);
    let end = put(&store, document(&EntitySet::control(Kind::Box), "box", "{}"));
    put(&store, child(&entities(), "a", &end));
    put(&store, Document { peer: Some(end.id.clone()), ..document(&entities(), "b", "{}") });
    assert_eq!(matching(&store, Filter::HasParent(Some(end.id.clone()))), "a");
    assert_eq!(matching(&store, Filter::HasParent(None)), "b");
    assert_eq!(matching(&store, not(Filter::HasParent(Some(end.id.clone())))), "b");
    assert_eq!(matching(&store, Filter::HasParent(Some(Id::from("none")))), "");
    assert_eq!(matching(&store, Filter::HasPeer(end.id.clone())), "b");
    assert_eq!(matching(&store, not(Filter::HasPeer(end.id))), "a");
}

pub fn full_text(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"title":"Über den Wolken","n":5}"#),
            ("b", r#"{"deep":{"list":["wolken","100%"]},"x":"ÜBER"}"#),
            ("c", r#"{"wolken":"key, not value"}"#),
        ],
    );
    let test =
        |words: &[&str]| matching(&store, Filter::FullText(words.iter().map(|w| (*w).to_owned()).collect()));
    assert_eq!(test(&["WOLKEN"]), "a b");
    assert_eq!(test(&["über", "wolken"]), "a b");
    assert_eq!(test(&["wolken", "den"]), "a");
    assert_eq!(test(&["0%"]), "b");
    assert_eq!(test(&["_"]), "");
    assert_eq!(test(&["5"]), "", "numbers are no strings");
    assert_eq!(test(&[]), "a b c");
    assert_eq!(matching(&store, not(Filter::FullText(vec!["wolken".into()]))), "c");
}

pub fn field_paths_stay_inside(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"t":"x"}"#)]);
    for name in ["", "a\"", "a'", "t') OR 1=1 --", "a]", "$", "a b", "é", "a\\", "a\u{0}", "a;", "a[0]"] {
        for stored in [Stored::Text, Stored::List, Stored::Float] {
            let field = Field::Body { path: vec!["t".into(), name.into()], stored };
            let by = saibo_model::query::OrderBy { field: field.clone(), descending: false };
            let filters = [
                Filter::Compare(field.clone(), C::Equal, L::Null),
                Filter::Compare(field.clone(), C::Equal, L::Text("x".into())),
                Filter::StartsWith(field.clone(), "x".into()),
                Filter::Contains(field.clone(), "x".into()),
            ];
            for filter in filters {
                let asked = Query { filter: Some(filter.clone()), ..Query::default() };
                assert!(query(&store, &entities(), &asked).is_err(), "{name:?}");
                assert!(store.read(|tx| tx.count(&entities(), Some(&filter))).is_err(), "{name:?}");
            }
            assert!(query(&store, &entities(), &Query { order_by: vec![by], ..Query::default() }).is_err());
            assert!(store.index(&entities(), &field, &mut || true).is_err(), "{name:?}");
            assert!(store.read(|tx| tx.is_indexed(&entities(), &field)).is_err(), "{name:?}");
        }
    }
    assert!(get(&store, &entities(), "a").is_some());
}

pub fn values_stay_values(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"t":"x"}"#)]);
    for value in ["' OR 1=1 --", "\"", "?", "%", "x' --", "\u{0}"] {
        for field in [body("t", Stored::Text), body("t", Stored::List), Field::Key] {
            assert_eq!(matching(&store, Filter::Compare(field.clone(), C::Equal, L::Text(value.into()))), "");
            assert_eq!(matching(&store, Filter::StartsWith(field.clone(), value.into())), "");
            assert_eq!(matching(&store, Filter::Contains(field, value.into())), "");
        }
        assert_eq!(matching(&store, Filter::FullText(vec![value.into()])), "");
    }
}

pub fn index_changes_no_result(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"t":"x","f":"10.0","b":"true","i":2,"l":["x"]}"#),
            ("b", r#"{"t":"y","f":"9.5","b":"false","i":10,"l":[]}"#),
            ("n", "{}"),
        ],
    );
    let asked = || {
        [
            all(&store, &body("t", Stored::Text), &L::Text("x".into())),
            all(&store, &body("f", Stored::Float), &L::Float(9.5)),
            all(&store, &body("i", Stored::Number), &L::Integer(10)),
            all(&store, &body("b", Stored::Boolean), &L::Boolean(true)),
            all(&store, &body("l", Stored::List), &L::Text("x".into())),
            all(&store, &body("t", Stored::Text), &L::Text("none".into())),
        ]
    };
    let before = asked();
    for (name, stored) in [
        ("t", Stored::Text),
        ("f", Stored::Float),
        ("i", Stored::Number),
        ("b", Stored::Boolean),
        ("l", Stored::List),
    ] {
        // Twice: it may be asked for again.
        for _ in 0..2 {
            make_index(&store, &body(name, stored));
        }
    }
    assert_eq!(asked(), before);
    make_index(&store, &Field::Key);
    put_all(&store, &[("c", r#"{"t":"x"}"#)]);
    assert_eq!(matching(&store, compare("t", Stored::Text, C::Equal, L::Text("x".into()))), "a c");
}

pub fn count_and_any(fixture: &Fixture) {
    let store = store(fixture);
    let asked = |filter: Option<Filter>| {
        store
            .read(|tx| Ok((tx.count(&entities(), filter.as_ref())?, tx.any(&entities(), filter.as_ref())?)))
            .unwrap()
    };
    assert_eq!(asked(None), (0, false));
    put_all(&store, &[("a", r#"{"i":1}"#), ("b", r#"{"i":2}"#), ("c", r#"{"i":2}"#)]);
    assert_eq!(asked(None), (3, true));
    assert_eq!(asked(Some(compare("i", Stored::Number, C::Equal, L::Integer(2)))), (2, true));
    assert_eq!(asked(Some(compare("i", Stored::Number, C::Greater, L::Integer(2)))), (0, false));
    assert_eq!(store.read(|tx| tx.count(&roles(), None)).unwrap(), 0);
}
