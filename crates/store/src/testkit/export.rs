//! Streaming everything.

use saibo_model::document::Link;
use saibo_model::{EntitySet, Id, Kind};

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

fn all(store: &std::sync::Arc<dyn crate::Store>, kind: Kind) -> Vec<(String, Vec<(String, String)>)> {
    let mut all = Vec::new();
    store
        .read(|tx| {
            tx.all_documents(kind, &mut |(document, held)| {
                let held = held.into_iter().map(|(set, id)| (set.to_string(), id.to_string())).collect();
                all.push((document.key, held));
                Ok(())
            })
        })
        .unwrap();
    all
}

pub fn all_documents_with_to_one_links(fixture: &Fixture) {
    let store = store(fixture);
    let other = EntitySet::entities(Id::from("collection"), Id::from("other"));
    let c = put(&store, document(&entities(), "c", "{}"));
    let role = put(&store, document(&roles(), "role", "{}"));
    let a = put(&store, document(&other, "a", "{}"));
    let b = put(&store, document(&entities(), "b", "{}"));
    for (first, second) in [(b.seq, c.seq), (b.seq, a.seq), (a.seq, b.seq), (role.seq, a.seq)] {
        put_link(&store, Link { to_one: true, ..link(first, second) });
    }
    put_link(&store, link(c.seq, a.seq));
    let held = |document: &saibo_model::Document| {
        (document.set.entity_type.as_ref().map(Id::to_string).unwrap_or_default(), document.id.to_string())
    };
    let expected = [("c", vec![]), ("a", vec![held(&b)]), ("b", vec![held(&c), held(&a)])];
    let expected: Vec<_> = expected.into_iter().map(|(key, held)| (key.to_owned(), held)).collect();
    assert_eq!(all(&store, Kind::UserData), expected, "by `seq`, whatever the set");
    assert_eq!(all(&store, Kind::Role), [("role".to_owned(), vec![held(&a)])]);
    assert_eq!(all(&store, Kind::Box), []);
}

pub fn all_documents_of_few(fixture: &Fixture) {
    let store = store(fixture);
    let sets = ["one", "two"].map(|collection| EntitySet::schema(Kind::EntityType, Id::from(collection)));
    for (set, key) in [(0, "d"), (1, "c"), (0, "b"), (1, "a")] {
        put(&store, document(&sets[set], key, "{}"));
        put(&store, document(&entities(), key, "{}"));
    }
    let keys: Vec<_> = all(&store, Kind::EntityType).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["d", "c", "b", "a"], "by `seq`, whatever the set");
}

pub fn all_links_with_ends(fixture: &Fixture) {
    let store = store(fixture);
    let a = put(&store, document(&entities(), "a", "{}"));
    let b = put(&store, document(&roles(), "b", "{}"));
    put_link(&store, link(b.seq, a.seq));
    put_link(&store, link(a.seq, a.seq));
    put_link(&store, Link { to_one: true, ..link(a.seq, b.seq) });
    let mut links = Vec::new();
    store
        .read(|tx| {
            tx.all_links(&mut |link| {
                links.push(link);
                Ok(())
            })
        })
        .unwrap();
    let end = |document: &saibo_model::Document| (document.set.clone(), document.id.clone());
    let expected = [(link(a.seq, a.seq), end(&a), end(&a)), (link(b.seq, a.seq), end(&b), end(&a))];
    assert_eq!(links, expected);
}
