//! Boxes and links: what is in a Box may be linked with whatever is in it, in another or in none, but it has one Box,
//! and its name is its own there. Every navigation property of a Cell's objects has its lines here.

use std::cell::Cell as Counter;
use std::collections::BTreeSet;

use saibo_core::odata::EntityPath;
use saibo_model::{ErrorCode as E, Kind};
use saibo_odata::entity_sets::{CELL, Via};
use saibo_odata::media::Format;
use serde_json::{Value, json};

use super::{Service, Which, code};

/// In which Box something is.
type Place = Option<&'static str>;

const PLACES: [Place; 3] = [None, Some("a"), Some("b")];

/// Associations of many with many: the two sets, and their names for each other.
const LINKED: [[(&str, &str); 2]; 5] = [
    [("Account", "_Role"), ("Role", "_Account")],
    [("ExtCell", "_Role"), ("Role", "_ExtCell")],
    [("ExtCell", "_Relation"), ("Relation", "_ExtCell")],
    [("ExtRole", "_Role"), ("Role", "_ExtRole")],
    [("Relation", "_Role"), ("Role", "_Relation")],
];

/// Sets whose objects may be in a Box.
const BOUND: [(&str, &str); 3] = [("Role", "_Role"), ("Relation", "_Relation"), ("Rule", "_Rule")];

struct Household {
    service: Service,
    next: Counter<u32>,
}

impl Household {
    fn new() -> Self {
        let service = Service::new(Which::Cell);
        service.given("Box", &[r#"{"Name":"a"}"#, r#"{"Name":"b"}"#]);
        Self { service, next: Counter::new(0) }
    }

    /// The places where objects of a set can be.
    fn places(set: &str) -> &'static [Place] {
        if matches!(set, "Account" | "ExtCell") { &PLACES[..1] } else { &PLACES }
    }

    /// A body and key of a new object of a set in a place, under a name of its own; what it needs is made.
    fn draft(&self, set: &str, place: Place) -> (Value, String) {
        self.next.set(self.next.get() + 1);
        self.draft_named(set, &format!("n{}", self.next.get()), place)
    }

    fn draft_named(&self, set: &str, name: &str, place: Place) -> (Value, String) {
        let quoted = place.map_or("null".to_owned(), |place| format!("'{place}'"));
        match set {
            "Account" | "Box" => (json!({ "Name": name }), format!("'{name}'")),
            "ExtCell" => {
                let url = format!("http://x/{name}/");
                (json!({ "Url": url }), format!("'{url}'"))
            }
            "ExtRole" => {
                let (relation, _) = self.draft("Relation", place);
                self.service.given("Relation", &[&relation.to_string()]);
                let (relation, url) =
                    (relation["Name"].as_str().unwrap(), format!("http://x/__role/__/{name}"));
                let body =
                    json!({ "ExtRole": url, "_Relation.Name": relation, "_Relation._Box.Name": place });
                (body, format!("ExtRole='{url}',_Relation.Name='{relation}',_Relation._Box.Name={quoted}"))
            }
            "Rule" => (
                json!({ "Name": name, "_Box.Name": place, "EventType": "x", "Action": "log" }),
                format!("Name='{name}',_Box.Name={quoted}"),
            ),
            _ => (json!({ "Name": name, "_Box.Name": place }), format!("Name='{name}',_Box.Name={quoted}")),
        }
    }

    fn object(&self, set: &str, place: Place) -> String {
        let (body, key) = self.draft(set, place);
        self.service.given(set, &[&body.to_string()]);
        key
    }

    fn create(&self, path: (&str, &str), property: &str, body: &Value) -> Option<E> {
        let path = EntityPath { set: path.0, predicate: path.1 };
        let create = |o: &saibo_core::odata::objects::Objects<'_>| {
            o.create_navigation(path, property, body.to_string().as_bytes(), None, Format::Json)
        };
        code(self.service.with(create))
    }

    fn link(&self, path: (&str, &str), property: &str, key: &str) -> Option<E> {
        code(self.service.link(path, property, &format!("{}({key})", &property[1..])))
    }

    fn is_there(&self, set: &str, name: &str, place: Place) -> bool {
        let quoted = place.map_or("null".to_owned(), |place| format!("'{place}'"));
        self.service.get((set, &format!("Name='{name}',_Box.Name={quoted}"))).is_ok()
    }
}

#[test]
fn the_table_has_every_navigation_property() {
    let mut here = BTreeSet::new();
    here.extend(LINKED.into_iter().flatten());
    here.extend(BOUND.into_iter().flat_map(|(set, property)| [("Box", property), (set, "_Box")]));
    // An ExtRole belongs to a Relation, of which its Box is.
    here.extend([("ExtRole", "_Relation"), ("Relation", "_ExtRole")]);
    let of_messages = |kind| matches!(kind, Kind::SentMessage | Kind::ReceivedMessage);
    let all: BTreeSet<_> = CELL
        .sets
        .iter()
        .filter(|set| !of_messages(set.kind))
        .flat_map(|set| set.navigation().map(move |to| (set, to)))
        .filter(|(_, to)| !of_messages(to.target))
        .map(|(set, to)| (set.name(), to.name))
        .collect();
    assert_eq!(here, all);
    for (set, property) in LINKED.into_iter().flatten() {
        let navigation = CELL.set(set).unwrap().navigation_property(property).unwrap();
        assert_eq!(navigation.via, Via::Links, "{set} {property}");
    }
}

#[test]
fn many_to_many_links_cross_boxes() {
    let home = Household::new();
    for pair in LINKED {
        for ((set, property), (target, back)) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            for &place in Household::places(set) {
                for &other in Household::places(target) {
                    let row = format!("{set} in {place:?}, {target} in {other:?}");
                    let (key, target_key) = (home.object(set, place), home.object(target, other));
                    assert_eq!(home.link((set, &key), property, &target_key), None, "{row}");
                    let again = home.link((target, &target_key), back, &key);
                    assert_eq!(again, Some(E::LinkAlreadyExists), "{row}");
                    assert_eq!(code(home.service.unlink((set, &key), property, &target_key)), None, "{row}");
                    let (body, new_key) = home.draft(target, other);
                    assert_eq!(home.create((set, &key), property, &body), None, "{row}");
                    home.service.get((target, &new_key)).unwrap();
                    assert_eq!(home.service.links((set, &key), property).unwrap().len(), 1, "{row}");
                }
            }
        }
    }
}

#[test]
fn a_thing_has_one_box() {
    for (set, property) in BOUND {
        let home = Household::new();
        for (place, expected) in
            [(None, None), (Some("a"), Some(E::LinkAlreadyExists)), (Some("b"), Some(E::LinkAlreadyExists))]
        {
            for from_box in [false, true] {
                let key = home.object(set, place);
                let done = match from_box {
                    true => home.link(("Box", "'a'"), property, &key),
                    false => home.link((set, &key), "_Box", "'a'"),
                };
                assert_eq!(done, expected, "{set} in {place:?}, from the Box: {from_box}");
                let name = key.split('\'').nth(1).unwrap();
                assert!(home.is_there(set, name, Some(place.unwrap_or("a"))), "{set} {name}");
            }
        }
    }
}

#[test]
fn a_name_is_taken_in_one_box_only() {
    for (set, property) in BOUND {
        let home = Household::new();
        for place in PLACES {
            home.service.given(set, &[&home.draft_named(set, "same", place).0.to_string()]);
        }
        let bare = "Name='same',_Box.Name=null";
        assert_eq!(home.link(("Box", "'a'"), property, bare), Some(E::LinkConflict), "{set}");
        assert_eq!(home.link((set, bare), "_Box", "'a'"), Some(E::LinkConflict), "{set}");
        let bound = "Name='same',_Box.Name='a'";
        let unlinked = home.service.unlink(("Box", "'a'"), property, bound);
        assert_eq!(code(unlinked), Some(E::UnlinkConflict), "{set}");
        // Of another Box, it is not linked at all.
        assert_eq!(code(home.service.unlink(("Box", "'b'"), property, bound)), Some(E::NotFound), "{set}");
        let body = home.draft_named(set, "same", None).0;
        assert_eq!(home.create(("Box", "'a'"), property, &body), Some(E::EntityAlreadyExists), "{set}");
        home.service.delete((set, bare)).unwrap();
        assert_eq!(code(home.service.unlink(("Box", "'a'"), property, bound)), None, "{set}");
        assert!(home.is_there(set, "same", None) && !home.is_there(set, "same", Some("a")), "{set}");
    }
}

#[test]
fn the_box_of_the_url_counts() {
    for (set, property) in BOUND {
        let home = Household::new();
        for (n, place) in PLACES.into_iter().enumerate() {
            let name = format!("new{n}");
            let body = home.draft_named(set, &name, place).0;
            assert_eq!(home.create(("Box", "'a'"), property, &body), None, "{set} with {place:?}");
            assert!(home.is_there(set, &name, Some("a")), "{set} with {place:?}");
        }
        // The other way round, the Box is made, and what had none is in it.
        let (bare, bound) = (home.object(set, None), home.object(set, Some("b")));
        assert_eq!(home.create((set, &bare), "_Box", &json!({ "Name": "new" })), None, "{set}");
        assert!(home.is_there(set, bare.split('\'').nth(1).unwrap(), Some("new")), "{set}");
        let refused = home.create((set, &bound), "_Box", &json!({ "Name": "newer" }));
        assert_eq!(refused, Some(E::LinkAlreadyExists), "{set}");
        assert!(home.service.get(("Box", "'newer'")).is_err(), "nothing is left of what was refused");
    }
}

#[test]
fn an_ext_role_is_in_the_box_of_its_relation() {
    let home = Household::new();
    for place in PLACES {
        let relation = home.object("Relation", place);
        let name = relation.split('\'').nth(1).unwrap();
        let url = format!("http://x/__role/__/of-{name}");
        // Whatever the body says.
        let body = json!({ "ExtRole": url, "_Relation.Name": "other", "_Relation._Box.Name": "b" });
        assert_eq!(home.create(("Relation", &relation), "_ExtRole", &body), None, "{place:?}");
        let quoted = place.map_or("null".to_owned(), |place| format!("'{place}'"));
        let key = format!("ExtRole='{url}',_Relation.Name='{name}',_Relation._Box.Name={quoted}");
        home.service.get(("ExtRole", &key)).unwrap();
        for other in PLACES {
            let other = home.object("Relation", other);
            let linked = home.link(("ExtRole", &key), "_Relation", &other);
            assert_eq!(linked, Some(E::LinkAlreadyExists), "{place:?}");
        }
    }
}

#[test]
fn a_body_names_its_box_and_nests_nothing() {
    let home = Household::new();
    for (set, _) in BOUND {
        let body = |more: Value| {
            let mut body = home.draft(set, None).0;
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body.to_string()
        };
        for (more, expected) in [
            (json!({ "_Box.Name": "a" }), None),
            (json!({ "_Box.Name": "none" }), Some(E::NavigationKeyNotFound)),
            (json!({ "_Box.Name": "" }), Some(E::FieldFormat)),
            (json!({ "_Box": [{ "Name": "a" }] }), Some(E::FieldInvalid)),
            (json!({ "_Box": { "__deferred": { "uri": "Box('a')" } } }), Some(E::FieldInvalid)),
            (json!({ "_Account": [] }), Some(E::FieldInvalid)),
        ] {
            assert_eq!(code(home.service.create(set, &body(more.clone()))), expected, "{set} {more}");
        }
    }
    let body = |relation: &str, place: Place| {
        json!({ "ExtRole": "http://x/__role/__/r", "_Relation.Name": relation, "_Relation._Box.Name": place })
            .to_string()
    };
    home.service.given("Relation", &[r#"{"Name":"friend","_Box.Name":"a"}"#]);
    for (place, expected) in [
        (None, Some(E::NavigationKeyNotFound)),
        (Some("b"), Some(E::NavigationKeyNotFound)),
        (Some("a"), None),
    ] {
        assert_eq!(code(home.service.create("ExtRole", &body("friend", place))), expected, "{place:?}");
    }
}
