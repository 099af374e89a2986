//! Conditions on lists: they hold if they hold for any element.

use std::sync::Arc;

use saibo_model::query::{Comparison as C, Filter, Literal as L, Stored};

use super::Fixture;
use super::sample::*;
use crate::Store;

fn test(store: &Arc<dyn Store>, operator: C, literal: L) -> String {
    matching(store, Filter::Compare(body("l", Stored::List), operator, literal))
}

pub fn any_element_compares(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[("a", r#"{"l":["x","y"]}"#), ("b", r#"{"l":["y"]}"#), ("c", r#"{"l":[1,5]}"#), ("n", "{}")],
    );
    assert_eq!(test(&store, C::Equal, L::Text("x".into())), "a");
    assert_eq!(test(&store, C::Equal, L::Text("y".into())), "a b");
    assert_eq!(test(&store, C::Equal, L::Integer(5)), "c");
    assert_eq!(test(&store, C::Greater, L::Integer(1)), "c");
}

pub fn numbers_and_booleans_in_strings(fixture: &Fixture) {
    let store = store(fixture);
    put_all(
        &store,
        &[
            ("a", r#"{"l":["1.5","-2.0"]}"#),
            ("b", r#"{"l":["true"]}"#),
            ("c", r#"{"l":[true,false]}"#),
            ("d", r#"{"l":["false"]}"#),
        ],
    );
    assert_eq!(test(&store, C::Equal, L::Float(1.5)), "a");
    assert_eq!(test(&store, C::Equal, L::Integer(-2)), "a");
    assert_eq!(test(&store, C::Equal, L::Boolean(true)), "b c");
    assert_eq!(test(&store, C::Less, L::Float(-1.0)), "a");
}

pub fn text_tests(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"l":["foo","bar"]}"#), ("b", r#"{"l":["barfoo"]}"#), ("n", "{}")]);
    assert_eq!(matching(&store, Filter::StartsWith(body("l", Stored::List), "foo".into())), "a");
    assert_eq!(matching(&store, Filter::Contains(body("l", Stored::List), "foo".into())), "a b");
}

pub fn absent_and_empty(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"l":["x"]}"#), ("b", r#"{"l":[]}"#), ("c", r#"{"l":null}"#), ("n", "{}")]);
    assert_eq!(test(&store, C::Equal, L::Null), "c n");
    assert_eq!(test(&store, C::NotEqual, L::Null), "a b");
    let is_x = Filter::Compare(body("l", Stored::List), C::Equal, L::Text("x".into()));
    assert_eq!(matching(&store, Filter::Not(Box::new(is_x))), "b c n");
}
