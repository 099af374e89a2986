//! `$batch`.

use saibo_core::odata::entities::PartAnswer;
use saibo_odata::batch::{Method, Part, Request};
use saibo_odata::uri::Resource;
use serde_json::{Value, json};

use super::{Data, code, results, version};

fn request(method: Method, path: &str, body: Value) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method,
        resource: Resource::parse(path),
        query: query.to_owned(),
        headers: vec![("if-match".to_owned(), "*".to_owned())],
        body: body.to_string(),
    }
}

fn post(path: &str, body: Value) -> Request {
    request(Method::Post, path, body)
}

fn changeset(requests: Vec<Request>) -> Part {
    Part::Changeset { boundary: "changes".to_owned(), requests }
}

/// What came of each request: a status, or an error's code.
fn run(data: &Data, parts: Vec<Part>) -> Vec<Vec<String>> {
    let answers = data.with(|c| c.batch(parts)).unwrap();
    answers
        .iter()
        .map(|part| {
            part.iter()
                .map(|answer| match answer {
                    PartAnswer::Created(_) => "201".to_owned(),
                    PartAnswer::Shown(_) => "200".to_owned(),
                    PartAnswer::Updated(_) | PartAnswer::Done => "204".to_owned(),
                    PartAnswer::Failed(error) => error.code().code().to_owned(),
                })
                .collect()
        })
        .collect()
}

#[test]
fn a_changeset_is_all_or_nothing() {
    let data = Data::new();
    data.entity_type("Item");
    data.create("Item", json!({ "__id": "taken" })).unwrap();
    let refused = changeset(vec![
        post("Item", json!({ "__id": "a", "new": 1 })),
        request(Method::Put, "Item('taken')", json!({ "text": "changed" })),
        post("Item", json!({ "__id": "taken" })),
    ]);
    let done = changeset(vec![post("Item", json!({ "__id": "b" })), post("Item", json!({ "__id": "c" }))]);
    let answers = run(&data, vec![refused, done]);
    assert_eq!(answers[0], ["PR409-OD-0003"; 3]);
    assert_eq!(answers[1], ["201", "201"]);
    assert_eq!(code(data.get("Item", "a")), "PR404-OD-0002");
    let taken = data.get("Item", "taken").unwrap();
    assert_eq!((version(&taken), taken.get("new"), taken.get("text")), (1, None, None));
    assert_eq!(data.ids("Item", "$orderby=__id").unwrap(), ["b", "c", "taken"]);
}

#[test]
fn requests_on_their_own_stand_for_themselves() {
    let data = Data::new();
    data.entity_type("Item");
    let answers = run(
        &data,
        vec![
            changeset(vec![post("Item", json!({ "__id": "a", "text": "x" }))]),
            changeset(vec![post("Item", json!({ "__id": "a", "other": "x" }))]),
            Part::Single(request(Method::Get, "Item('a')", Value::Null)),
            changeset(vec![post("Item", json!({ "__id": "b", "bad name": 1 }))]),
            changeset(vec![request(Method::Put, "Item('a')", json!({ "text": "y" }))]),
            changeset(vec![request(Method::Delete, "Item('none')", Value::Null)]),
            Part::Single(request(Method::Get, "Item?$filter=text+eq+'y'", Value::Null)),
            Part::Single(request(Method::Get, "Item?$top=x", Value::Null)),
            changeset(vec![request(Method::Delete, "Item('a')", Value::Null)]),
            Part::Single(request(Method::Get, "Nothing", Value::Null)),
        ],
    );
    let flat: Vec<&str> = answers.iter().flatten().map(String::as_str).collect();
    assert_eq!(
        flat,
        [
            "201",
            "PR409-OD-0003",
            "200",
            "PR400-OD-0006",
            "204",
            "PR404-OD-0002",
            "200",
            "PR400-OD-0036",
            "204",
            "PR404-OD-0001"
        ]
    );
    // The create that was refused made no property.
    data.create("Item", json!({ "__id": "c" })).unwrap();
    assert_eq!(data.get("Item", "c").unwrap().get("other"), None);
}

#[test]
fn links_and_navigation() {
    let data = Data::new();
    let (one, many) = (data.entity_type("One"), data.entity_type("Many"));
    data.associate(&one, "0..1", &many, "*");
    let answers = run(
        &data,
        vec![
            changeset(vec![
                post("One", json!({ "__id": "o" })),
                post("One('o')/_Many", json!({ "__id": "m1" })),
                post("Many", json!({ "__id": "m2" })),
                post("One('o')/$links/_Many", json!({ "uri": "Many('m2')" })),
            ]),
            changeset(vec![post("One('o')/_Many", json!({ "__id": "m1" }))]),
            changeset(vec![post("One('o')/_Nothing", json!({ "__id": "m3" }))]),
            Part::Single(request(Method::Get, "One('o')/_Many", Value::Null)),
            changeset(vec![request(Method::Delete, "One('o')", Value::Null)]),
        ],
    );
    assert_eq!(answers[0], ["201", "201", "201", "204"]);
    let rest: Vec<&str> = answers[1..].iter().flatten().map(String::as_str).collect();
    assert_eq!(rest, ["PR409-OD-0003", "PR404-OD-0003", "PR501-MC-0001", "PR409-OD-0001"]);
    assert_eq!(data.behind("One", "o", "_Many").unwrap(), ["m1", "m2"]);
}

#[test]
fn a_create_shows_what_was_known_before() {
    let data = Data::new();
    data.entity_type("Item");
    data.create("Item", json!({ "__id": "before", "known": "x" })).unwrap();
    let create = |id: &str| changeset(vec![post("Item", json!({ "__id": id, "known": "x", "new": "x" }))]);
    let get = || Part::Single(request(Method::Get, "Item('a')", Value::Null));
    let answers = data.with(|c| c.batch(vec![create("a"), create("b"), get(), create("c")])).unwrap();
    let shown: Vec<Vec<bool>> = answers
        .iter()
        .flatten()
        .filter_map(|answer| match answer {
            PartAnswer::Created(created) => Some(results(&created.body)),
            _ => None,
        })
        .map(|entity| ["known", "new"].map(|name| entity.get(name) == Some(&Value::Null)).to_vec())
        .collect();
    assert_eq!(shown, [[true, false], [true, false], [true, true]]);
}
