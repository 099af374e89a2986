//! Links, navigation properties, `$expand`.

use saibo_core::odata::entities::Purpose;
use saibo_model::document::Link;
use saibo_odata::media::Format;
use saibo_store::StoreExt as _;
use serde_json::json;

use super::{Data, code, key, path, version};
use crate::hooked;
use crate::support::Fixture;

/// Two EntityTypes with an association of these multiplicities, and two entities of each.
fn related(left: &str, right: &str) -> Data {
    related_on(Fixture::new(), left, right)
}

fn related_on(fixture: Fixture, left: &str, right: &str) -> Data {
    let data = Data::on(fixture);
    let (one, other) = (data.entity_type("Left"), data.entity_type("Right"));
    data.associate(&one, left, &other, right);
    for (set, id) in [("Left", "l1"), ("Left", "l2"), ("Right", "r1"), ("Right", "r2")] {
        data.create(set, json!({ "__id": id })).unwrap();
    }
    data
}

fn stored_link(data: &Data, left: &str, right: &str) -> Option<(String, Link)> {
    let find = |tx: &dyn saibo_store::ReadTx| {
        let sets = tx.entity_sets(saibo_model::Kind::UserData)?;
        let document = |id: &str| -> saibo_model::Result<saibo_model::Document> {
            for set in &sets {
                if let Some(found) = tx.document(set, None, id)? {
                    return Ok(found);
                }
            }
            Err(saibo_model::ErrorCode::NoSuchEntity.into())
        };
        let (left, right) = (document(left)?, document(right)?);
        let link = tx.link(left.seq, right.seq)?;
        Ok(link.map(|link| (if link.first == left.seq { "left" } else { "right" }.to_owned(), link)))
    };
    data.cell.store().read(find).unwrap()
}

#[test]
fn an_entity_has_so_many_links_at_most() {
    let data = related("*", "*");
    let most = data.fixture.unit.settings().limits.links_per_entity;
    for n in 0..=most {
        data.create("Right", json!({ "__id": format!("far-{n}") })).unwrap();
        let linked = data.link("Left", "l1", "_Right", &format!("far-{n}"));
        if n < most {
            linked.unwrap();
        } else {
            assert_eq!(code(linked), "PR400-OD-0038");
        }
    }
    data.unlink("Left", "l1", "_Right", "far-0").unwrap();
    data.link("Left", "l1", "_Right", &format!("far-{most}")).unwrap();
}

#[test]
fn one_and_many() {
    let data = related("0..1", "*");
    data.link("Left", "l1", "_Right", "r1").unwrap();
    data.link("Right", "r2", "_Left", "l1").unwrap();
    assert_eq!(data.behind("Left", "l1", "_Right").unwrap(), ["r1", "r2"]);
    assert_eq!(data.behind("Right", "r1", "_Left").unwrap(), ["l1"]);
    // Those that may have only one have it, and with it another version.
    let (holder, link) = stored_link(&data, "l1", "r1").unwrap();
    assert_eq!((holder.as_str(), link.to_one), ("right", true));
    assert_eq!(version(&data.get("Right", "r1").unwrap()), 2);
    assert_eq!(version(&data.get("Left", "l1").unwrap()), 1);
    for (set, id, navigation, target) in
        [("Left", "l1", "_Right", "r1"), ("Left", "l2", "_Right", "r1"), ("Right", "r1", "_Left", "l2")]
    {
        assert_eq!(code(data.link(set, id, navigation, target)), "PR409-OD-0002");
    }
    assert_eq!(code(data.delete("Left", "l1")), "PR409-OD-0001");
    data.delete("Right", "r1").unwrap();
    data.unlink("Left", "l1", "_Right", "r2").unwrap();
    assert_eq!(code(data.unlink("Left", "l1", "_Right", "r2")), "PR404-OD-0000");
    assert_eq!(version(&data.get("Right", "r2").unwrap()), 3);
    data.delete("Left", "l1").unwrap();
}

#[test]
fn one_and_one() {
    let data = related("1", "0..1");
    data.link("Left", "l1", "_Right", "r1").unwrap();
    for (set, id, navigation, target) in
        [("Left", "l1", "_Right", "r2"), ("Left", "l2", "_Right", "r1"), ("Right", "r1", "_Left", "l2")]
    {
        assert_eq!(code(data.link(set, id, navigation, target)), "PR409-OD-0002");
    }
    for (set, id) in [("Left", "l1"), ("Right", "r1")] {
        assert_eq!(version(&data.get(set, id).unwrap()), 2);
    }
    data.delete("Left", "l1").unwrap();
    assert_eq!(data.behind("Right", "r1", "_Left").unwrap(), [""; 0]);
    assert_eq!(version(&data.get("Right", "r1").unwrap()), 3);
    data.link("Right", "r1", "_Left", "l2").unwrap();
}

#[test]
fn many_and_many() {
    let data = related("*", "*");
    for (left, right) in [("l1", "r1"), ("l1", "r2"), ("l2", "r1")] {
        data.link("Left", left, "_Right", right).unwrap();
        assert_eq!(code(data.link("Right", right, "_Left", left)), "PR409-OD-0002");
    }
    assert_eq!(data.behind("Left", "l1", "_Right").unwrap(), ["r1", "r2"]);
    assert_eq!(data.behind("Right", "r1", "_Left").unwrap(), ["l1", "l2"]);
    assert_eq!(version(&data.get("Left", "l1").unwrap()), 1);
    // Whoever asked, all links have the same side first.
    let first = |left, right| stored_link(&data, left, right).unwrap();
    let (holder, link) = first("l1", "r1");
    assert!(!link.to_one);
    data.link("Right", "r2", "_Left", "l2").unwrap();
    assert_eq!(first("l2", "r2").0, holder);
    data.delete("Left", "l1").unwrap();
    assert_eq!(data.behind("Right", "r2", "_Left").unwrap(), ["l2"]);
}

#[test]
fn links_that_cannot_be() {
    let data = related("*", "*");
    data.entity_type("Other");
    assert_eq!(code(data.link("Left", "l1", "_Nothing", "x")), "PR400-OD-0008");
    assert_eq!(code(data.link("Left", "l1", "_Right", "x")), "PR400-OD-0006");
    assert_eq!(code(data.link("Left", "x", "_Right", "r1")), "PR404-OD-0000");
    let wrong = |body: &str| data.with(|c| c.link(path("Left", &key("l1")), "_Right", body.as_bytes()));
    assert_eq!(code(wrong("{\"uri\":\"Other('x')\"}")), "PR400-OD-0006");
    assert_eq!(code(wrong("")), "PR400-OD-0001");
    assert_eq!(code(data.behind("Left", "l1", "_Other")), "PR404-OD-0003");
    assert_eq!(code(data.behind("Left", "x", "_Right")), "PR404-OD-0002");
    assert_eq!(code(data.unlink("Left", "l1", "_Right", "r1")), "PR404-OD-0000");
}

#[test]
fn an_entity_is_made_behind_another() {
    let data = related("0..1", "*");
    let make = |set: &str, id: &str, navigation: &str, new: &str| {
        let body = json!({ "__id": new, "text": "x" }).to_string();
        data.with(|c| c.create_navigation(path(set, &key(id)), navigation, body.as_bytes(), Format::Json))
    };
    let made = make("Left", "l1", "_Right", "r3").unwrap();
    assert_eq!((made.location.as_str(), made.version), ("http://localhost:9998/alice/__/col/Right('r3')", 2));
    assert_eq!(data.behind("Left", "l1", "_Right").unwrap(), ["r3"]);
    assert_eq!(make("Right", "r1", "_Left", "l3").unwrap().version, 1);
    assert_eq!(code(make("Right", "r1", "_Left", "l4")), "PR409-OD-0002");
    assert_eq!(code(make("Left", "l1", "_Right", "r1")), "PR409-OD-0002");
    assert_eq!(code(make("Left", "x", "_Right", "r4")), "PR404-OD-0000");
    assert_eq!(code(make("Left", "l1", "_Nothing", "r4")), "PR404-OD-0003");
    for (set, id) in [("Left", "l4"), ("Right", "r4")] {
        assert_eq!(code(data.get(set, id)), "PR404-OD-0002");
    }
}

#[test]
fn expanding() {
    let data = related("0..1", "*");
    data.link("Left", "l1", "_Right", "r1").unwrap();
    data.link("Left", "l1", "_Right", "r2").unwrap();
    let left = data.get_with("Left", "l1", "$expand=_Right").unwrap();
    let mut behind = super::ids(&left["_Right"]);
    behind.sort();
    assert_eq!(behind, ["r1", "r2"]);
    let right = data.list("Right", "$expand=_Left&$orderby=__id").unwrap();
    assert_eq!(right[0]["_Left"][0]["__id"], "l1");
    assert!(right[0]["_Left"][0]["_Right"]["__deferred"].is_object());
    assert_eq!(code(data.get_with("Left", "l1", "$expand=_Nothing")), "PR400-OD-0025");
    assert!(data.get("Left", "l1").unwrap()["_Right"]["__deferred"].is_object());
}

#[test]
fn a_change_keeps_links() {
    let data = related("0..1", "*");
    data.link("Left", "l1", "_Right", "r1").unwrap();
    data.update("Right", "r1", json!({ "text": "x" }), Purpose::Whole).unwrap();
    assert_eq!(data.behind("Right", "r1", "_Left").unwrap(), ["l1"]);
    let all = |tx: &dyn saibo_store::ReadTx| {
        let mut held = Vec::new();
        tx.all_documents(saibo_model::Kind::UserData, &mut |(document, links)| {
            held.push((document.key, links.len()));
            Ok(())
        })?;
        Ok(held)
    };
    let held = data.cell.store().read(all).unwrap();
    assert_eq!(held.iter().find(|(key, _)| key == "r1").unwrap().1, 1);
    assert_eq!(held.iter().map(|(_, links)| links).sum::<usize>(), 1);
}

#[test]
fn an_expanded_page_costs_the_same_whatever_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let (unit, hooks) = hooked::open(folder.path());
    let data = related_on(Fixture { unit, folder }, "*", "*");
    for n in 0..20 {
        data.create("Left", json!({ "__id": format!("x{n}") })).unwrap();
        for side in ["a", "b"] {
            data.create("Right", json!({ "__id": format!("{side}{n}") })).unwrap();
            data.link("Left", &format!("x{n}"), "_Right", &format!("{side}{n}")).unwrap();
        }
    }
    let cost = |top: usize| {
        let query = format!("$expand=_Right&$orderby=__id%20desc&$top={top}");
        let (list, queries) = hooks.queries_of(|| data.list("Left", &query).unwrap());
        let behind = list.as_array().unwrap().iter().map(|left| left["_Right"].as_array().unwrap().len());
        assert_eq!(behind.collect::<Vec<_>>(), vec![2; top]);
        queries
    };
    assert_eq!(cost(2), cost(20));
}
