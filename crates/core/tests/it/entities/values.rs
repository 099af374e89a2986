//! Bodies, defaults, limits, queries.

use saibo_core::odata::entities::Purpose;
use saibo_model::query::Query;
use saibo_model::{EntitySet, Kind};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use super::{Data, code, version};

#[test]
fn an_entity_makes_the_properties_that_it_has() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    let body = json!({ "__id": "a", "text": "x", "number": 5, "flag": true, "none": null });
    let made = data.create("Item", body).unwrap();
    assert_eq!(made["__metadata"]["uri"], "http://localhost:9998/alice/__/col/Item('a')");
    assert_eq!(made["__metadata"]["type"], "UserData.Item");
    assert_eq!((&made["number"], &made["flag"], &made["none"]), (&json!(5), &json!(true), &Value::Null));
    assert_eq!(data.stored(&ty, "a"), json!({ "__id": "a", "P001": "x", "P002": "5.0", "P003": "true" }));

    // Another entity adds to them, and either shows what only the other has as null.
    data.create("Item", json!({ "__id": "b", "text": "y", "more": "z" })).unwrap();
    assert_eq!(data.get("Item", "a").unwrap()["more"], Value::Null);
    assert_eq!(data.stored(&ty, "b"), json!({ "__id": "b", "P001": "y", "P005": "z" }));

    let mut made = Vec::new();
    let set = EntitySet::schema(Kind::Property, data.collection.clone());
    data.cell
        .store()
        .read(|tx| {
            tx.documents(&set, &Query::default(), &mut |document| {
                assert!(document.body.contains("\"IsDeclared\":false"), "{}", document.body);
                made.push(document.key);
                Ok(())
            })
        })
        .unwrap();
    made.sort();
    assert_eq!(made, ["flag", "more", "none", "number", "text"]);
    // The first value gave the type.
    assert_eq!(code(data.create("Item", json!({ "number": "no number" }))), "PR400-OD-0006");
    assert_eq!(data.create("Item", json!({ "text": 12 })).unwrap()["text"], "12");
}

#[test]
fn what_is_wrong_with_a_body() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    data.property(&ty, "must", "Edm.String", "P001", json!({ "Nullable": false }));
    data.property(&ty, "tags", "Edm.String", "P002", json!({ "CollectionKind": "List" }));
    for (body, expected) in [
        (json!({}), "PR400-OD-0009"),
        (json!({ "must": null }), "PR400-OD-0009"),
        (json!({ "must": "x", "__id": "" }), "PR400-OD-0006"),
        (json!({ "must": "x", "__id": "i".repeat(401) }), "PR400-OD-0006"),
        (json!({ "must": "x", "__published": "/Date(0)/" }), "PR400-OD-0007"),
        (json!({ "must": "x", "__metadata": 1 }), "PR400-OD-0007"),
        (json!({ "must": "x", "_a": 1 }), "PR400-OD-0006"),
        (json!({ "must": "x", "a b": 1 }), "PR400-OD-0006"),
        (json!({ "must": "x", "object": {} }), "PR400-OD-0006"),
        (json!({ "must": "x", "array": [] }), "PR400-OD-0006"),
        (json!({ "must": ["x"] }), "PR400-OD-0006"),
        (json!({ "must": "x".repeat(51_201) }), "PR400-OD-0006"),
        (json!({ "must": "x", "other": "x".repeat(51_201) }), "PR400-OD-0006"),
    ] {
        let text = body.to_string();
        assert_eq!(code(data.create("Item", body)), expected, "{}", &text[..text.len().min(80)]);
    }
    assert_eq!(code(data.create("Nothing", json!({}))), "PR404-OD-0001");
    assert_eq!(code(data.get("Item", "a")), "PR404-OD-0002");
    data.create("Item", json!({ "__id": "a", "must": "x".repeat(51_200), "tags": ["x", null] })).unwrap();
    assert_eq!(code(data.create("Item", json!({ "__id": "a", "must": "x", "new": 1 }))), "PR409-OD-0003");
    // What was refused left nothing behind.
    assert_eq!(data.get("Item", "a").unwrap().get("new"), None);
    assert_eq!(data.get("Item", "a").unwrap()["tags"], json!(["x", null]));
}

#[test]
fn defaults_are_filled_in() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    for (name, of, alias, default) in [
        ("text", "Edm.String", "P001", "some"),
        ("number", "Edm.Int32", "P002", "7"),
        ("flag", "Edm.Boolean", "P003", "true"),
        ("at", "Edm.DateTime", "P004", "SYSUTCDATETIME()"),
        ("new", "Edm.String", "P005", "UUID()"),
    ] {
        data.property(&ty, name, of, alias, json!({ "DefaultValue": default, "Nullable": false }));
    }
    let made = data.create("Item", json!({ "__id": "a" })).unwrap();
    assert_eq!((&made["text"], &made["number"], &made["flag"]), (&json!("some"), &json!(7), &json!(true)));
    assert!(made["at"].as_str().unwrap().starts_with("/Date("));
    assert_eq!(made["new"].as_str().unwrap().len(), 32);
    // A replacement gets them again, a change does not.
    data.update("Item", "a", json!({ "text": "other", "number": 1 }), Purpose::Whole).unwrap();
    data.update("Item", "a", json!({ "text": "third" }), Purpose::Merge).unwrap();
    let now = data.get("Item", "a").unwrap();
    assert_eq!((&now["text"], &now["number"], version(&now)), (&json!("third"), &json!(1), 3));
}

#[test]
fn complex_values_in_layers() {
    let data = Data::new();
    let (country, address) = (data.complex_type("Country"), data.complex_type("Address"));
    data.member(&country, "code", "Edm.String", "P001", json!({}));
    data.member(&address, "zip", "Edm.Int32", "P001", json!({}));
    data.member(&address, "city", "Edm.String", "P002", json!({ "DefaultValue": "Here" }));
    data.member(&address, "in", "Country", "C001", json!({}));
    let ty = data.entity_type("Person");
    data.property(&ty, "home", "Address", "C001", json!({}));
    data.property(&ty, "others", "Address", "C002", json!({ "CollectionKind": "List" }));

    let body = json!({ "__id": "a", "home": { "zip": 1, "in": { "code": "jp" } }, "others": [{ "zip": 2 }] });
    let made = data.create("Person", body).unwrap();
    let home = json!({ "zip": 1, "city": "Here", "in": { "code": "jp" } });
    assert_eq!(made["home"], home);
    assert_eq!(
        data.stored(&ty, "a"),
        json!({
            "__id": "a",
            "C001": { "P001": 1, "P002": "Here", "C001": { "P001": "jp" } },
            "C002": [{ "P001": 2, "P002": "Here" }],
        })
    );
    assert_eq!(data.get("Person", "a").unwrap()["others"], json!([{ "zip": 2, "city": "Here", "in": null }]));

    // A change keeps the members that it leaves out, at every depth.
    data.update(
        "Person",
        "a",
        json!({ "home": { "city": "There", "in": { "code": null } } }),
        Purpose::Merge,
    )
    .unwrap();
    assert_eq!(
        data.get("Person", "a").unwrap()["home"],
        json!({ "zip": 1, "city": "There", "in": { "code": null } })
    );
    assert_eq!(code(data.create("Person", json!({ "home": { "nothing": 1 } }))), "PR400-OD-0006");
    assert_eq!(code(data.create("Person", json!({ "home": "text" }))), "PR400-OD-0006");
    assert_eq!(data.ids("Person", "$filter=home/zip+eq+1").unwrap(), ["a"]);
    assert_eq!(data.ids("Person", "$filter=home/in/code+eq+'jp'").unwrap(), [""; 0]);
    assert_eq!(code(data.ids("Person", "$filter=home/nothing+eq+1")), "PR400-OD-0045");
}

#[test]
fn no_more_than_400_properties() {
    let data = Data::new();
    data.entity_type("Item");
    let body = |range: std::ops::Range<u32>| -> Value {
        range.map(|at| (format!("p{at}"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
    };
    assert_eq!(code(data.create("Item", body(0..401))), "PR400-OD-0032");
    data.create("Item", body(0..399)).unwrap();
    assert_eq!(code(data.create("Item", body(398..401))), "PR400-OD-0032");
    data.create("Item", body(399..400)).unwrap();
    assert_eq!(code(data.create("Item", body(400..401))), "PR400-OD-0032");
}

#[test]
fn lists_are_filtered_and_ordered() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    data.property(&ty, "size", "Edm.Int32", "P001", json!({}));
    data.property(&ty, "tags", "Edm.String", "P002", json!({ "CollectionKind": "List" }));
    for (id, size, tag, text) in [("a", 1, "red", "x"), ("b", 10, "green", "y"), ("c", 2, "red", "z")] {
        data.create("Item", json!({ "__id": id, "size": size, "tags": [tag], "text": text })).unwrap();
    }
    for (query, expected) in [
        ("$orderby=size", vec!["a", "c", "b"]),
        ("$orderby=size+desc&$top=2", vec!["b", "c"]),
        ("$orderby=__id&$skip=1", vec!["b", "c"]),
        ("$filter=size+gt+1&$orderby=__id", vec!["b", "c"]),
        ("$filter=tags+eq+'red'&$orderby=__id", vec!["a", "c"]),
        ("$filter=text+eq+'y'", vec!["b"]),
        ("$filter=substringof('z',text)+or+startswith(text,'x')&$orderby=__id", vec!["a", "c"]),
        ("q=green", vec!["b"]),
        ("$top=0", vec![]),
    ] {
        assert_eq!(data.ids("Item", query).unwrap(), expected, "{query}");
    }
    assert_eq!(code(data.ids("Item", "$filter=nothing+eq+1")), "PR400-OD-0045");
    assert_eq!(code(data.ids("Item", "$orderby=tags")), "PR400-OD-0040");
    let chosen = data.list("Item", "$select=size&$filter=__id+eq+'a'").unwrap();
    assert_eq!((&chosen[0]["size"], chosen[0].get("text")), (&json!(1), None));
}

#[test]
fn unique_keys() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    for (name, alias) in [("left", "P001"), ("right", "P002")] {
        data.property(&ty, name, "Edm.String", alias, json!({ "UniqueKey": "pair" }));
    }
    data.create("Item", json!({ "__id": "a", "left": "1", "right": "2" })).unwrap();
    data.create("Item", json!({ "__id": "b", "left": "1", "right": "3" })).unwrap();
    data.create("Item", json!({ "__id": "c", "left": "1" })).unwrap();
    for taken in [json!({ "left": "1", "right": "2" }), json!({ "left": "1" })] {
        assert_eq!(code(data.create("Item", taken)), "PR409-OD-0003");
    }
    // Where there is no value there is no key.
    data.create("Item", json!({ "__id": "d" })).unwrap();
    data.create("Item", json!({ "__id": "e" })).unwrap();
    let move_to = |right: &str| data.update("Item", "b", json!({ "right": right }), Purpose::Merge);
    assert_eq!(code(move_to("2")), "PR409-OD-0003");
    move_to("3").unwrap();
}

#[test]
fn a_schema_that_changes_is_seen_at_once() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    data.create("Item", json!({ "__id": "a" })).unwrap();
    assert_eq!(data.get("Item", "a").unwrap().get("late"), None);
    data.property(&ty, "late", "Edm.Int32", "P001", json!({ "DefaultValue": "3" }));
    assert_eq!(data.get("Item", "a").unwrap()["late"], Value::Null);
    assert_eq!(data.create("Item", json!({})).unwrap()["late"], 3);
}
