//! What a backend may answer by an index, for one document as for many.

use saibo_model::query::{Comparison as C, Field, Filter, Literal as L, OrderBy, Query, Stored};
use saibo_model::{Document, EntitySet, Kind};

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

fn child(set: &EntitySet, key: &str, parent: &Document) -> Document {
    Document { parent: Some(parent.id.clone()), ..document(set, key, "{}") }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

pub fn keys_of_parents_in_their_sets(fixture: &Fixture) {
    let store = store(fixture);
    let [one, two] =
        ["one", "two"].map(|key| put(&store, document(&EntitySet::control(Kind::Box), key, "{}")));
    // A name of a parent counts among the parents only.
    put(&store, document(&EntitySet::control(Kind::Account), "one", "{}"));
    let relations = EntitySet::control(Kind::Relation);
    let friend = put(&store, child(&relations, "friend", &one));
    put(&store, child(&relations, "foe", &two));
    put(&store, document(&relations, "none", "{}"));
    let ext_roles = EntitySet::control(Kind::ExtRole);
    put(&store, child(&ext_roles, "of-friend", &friend));
    let found = |set: &EntitySet, filter: Filter| {
        let mut keys = Vec::new();
        for top in [None, Some(9)] {
            let by_key = vec![OrderBy { field: Field::Key, descending: false }];
            let asked = Query { filter: Some(filter.clone()), order_by: by_key, skip: 0, top };
            keys.push(query(&store, set, &asked).unwrap().join(" "));
        }
        let count = store.read(|tx| tx.count(set, Some(&filter))).unwrap();
        assert_eq!(count as usize, keys[0].split_whitespace().count(), "{filter:?}");
        assert_eq!(keys[0], keys[1], "{filter:?}");
        keys.pop().unwrap()
    };
    let of_box = |operator, text: &str| Filter::Compare(Field::ParentKey, operator, L::Text(text.into()));
    assert_eq!(found(&relations, of_box(C::Equal, "one")), "friend");
    assert_eq!(found(&relations, of_box(C::NotEqual, "one")), "foe none");
    assert_eq!(found(&relations, of_box(C::Greater, "one")), "foe");
    assert_eq!(found(&relations, of_box(C::LessOrEqual, "two")), "foe friend");
    assert_eq!(found(&relations, not(of_box(C::Equal, "one"))), "foe none");
    assert_eq!(found(&relations, Filter::StartsWith(Field::ParentKey, "t".into())), "foe");
    assert_eq!(found(&relations, Filter::Contains(Field::ParentKey, "n".into())), "friend");
    assert_eq!(found(&relations, Filter::Compare(Field::ParentKey, C::Equal, L::Null)), "none");
    let of_above =
        |operator, text: &str| Filter::Compare(Field::GrandparentKey, operator, L::Text(text.into()));
    assert_eq!(found(&ext_roles, of_above(C::Equal, "one")), "of-friend");
    assert_eq!(found(&ext_roles, of_above(C::Equal, "two")), "");
    assert_eq!(found(&ext_roles, of_above(C::NotEqual, "two")), "of-friend");
}

pub fn starts_with_at_the_ends_of_unicode(fixture: &Fixture) {
    let store = store(fixture);
    let texts = ["", "a", "a\u{d7ff}", "a\u{e000}", "a\u{10ffff}", "a\u{10ffff}z", "b", "\u{10ffff}"];
    let bodies = texts.map(|text| format!(r#"{{"t":"{text}"}}"#));
    for (n, body) in bodies.iter().enumerate() {
        put(&store, document(&entities(), &n.to_string(), body));
    }
    put(&store, document(&entities(), "absent", "{}"));
    for prefix in ["", "a", "a\u{d7ff}", "a\u{10ffff}", "\u{10ffff}", "b", "c", "\u{10ffff}\u{10ffff}"] {
        let expected: Vec<_> =
            (0..texts.len()).filter(|n| texts[*n].starts_with(prefix)).map(|n| n.to_string()).collect();
        let starts = Filter::StartsWith(body("t", Stored::Text), prefix.to_owned());
        assert_eq!(matching(&store, starts), expected.join(" "), "{prefix:?}");
    }
}

pub fn few_and_many(fixture: &Fixture) {
    let store = store(fixture);
    // More than what a backend may call few, so that a page of them is read in another way.
    let many = 5000;
    store
        .write(move |tx| {
            (0..many).try_for_each(|n| {
                let text = if n % 1000 == 7 { "rare" } else { "common" };
                let mut document = document(&entities(), &format!("{n:05}"), &format!(r#"{{"t":"{text}"}}"#));
                document.updated = 1000 + n % 3;
                document.published = 2000 - n;
                tx.put_document(&mut document)
            })
        })
        .unwrap();
    let t = || body("t", Stored::Text);
    let fields = [t(), Field::Published, Field::Position, Field::Key, Field::Updated];
    let is = |text: &str| Filter::Compare(t(), C::Equal, L::Text(text.into()));
    let at = |field: Field, operator, number| Filter::Compare(field, operator, L::Integer(number));
    let pages = || {
        let mut pages = Vec::new();
        for filter in [
            is("rare"),
            is("common"),
            at(Field::Updated, C::GreaterOrEqual, 1001),
            at(Field::Published, C::Less, -2990),
            Filter::StartsWith(Field::Key, "0012".into()),
            Filter::And(Box::new(is("rare")), Box::new(Filter::StartsWith(Field::Key, "0".into()))),
            Filter::Or(Box::new(is("rare")), Box::new(Filter::StartsWith(Field::Key, "0012".into()))),
        ] {
            for field in &fields {
                for descending in [false, true] {
                    let order_by = vec![OrderBy { field: field.clone(), descending }];
                    let page = Query { filter: Some(filter.clone()), order_by, skip: 2, top: Some(5) };
                    let whole = Query { skip: 0, top: None, ..page.clone() };
                    let page = query(&store, &entities(), &page).unwrap();
                    let whole = query(&store, &entities(), &whole).unwrap();
                    assert_eq!(page, whole[2..whole.len().min(7)], "{filter:?} by {field:?}");
                    pages.push(page);
                }
            }
        }
        pages
    };
    let before = pages();
    for field in &fields {
        make_index(&store, field);
    }
    assert!(before == pages(), "an index changes no page");
}
