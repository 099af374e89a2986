//! Any sequence of operations leaves the collection as a simple model says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use saibo_core::odata::entities::{PartAnswer, Purpose};
use saibo_odata::batch::{Method, Part, Request};
use saibo_odata::uri::Resource;
use serde_json::{Map, Value, json};

use super::{Data, code};

/// Few ids and names, so that operations meet.
const IDS: [&str; 3] = ["a", "b", "c"];
const NAMES: [&str; 3] = ["x", "y", "z"];

#[derive(Clone, Debug)]
enum Operation {
    Create(&'static str, Map<String, Value>),
    Replace(&'static str, Map<String, Value>),
    Merge(&'static str, Map<String, Value>),
    Delete(&'static str),
    DeleteOne(&'static str),
    CreateOne(&'static str),
    Link(&'static str, &'static str),
    Unlink(&'static str, &'static str),
    Declare(&'static str),
    /// All of these creates, or none.
    Changeset(Vec<&'static str>),
}

fn values() -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::btree_map(prop::sample::select(&NAMES[..]), "[a-c]{0,2}", 0..3)
        .prop_map(|map| map.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect())
}

fn operation() -> impl Strategy<Value = Operation> {
    let id = || prop::sample::select(&IDS[..]);
    prop_oneof![
        (id(), values()).prop_map(|(id, values)| Operation::Create(id, values)),
        (id(), values()).prop_map(|(id, values)| Operation::Replace(id, values)),
        (id(), values()).prop_map(|(id, values)| Operation::Merge(id, values)),
        id().prop_map(Operation::Delete),
        id().prop_map(Operation::DeleteOne),
        id().prop_map(Operation::CreateOne),
        (id(), id()).prop_map(|(one, many)| Operation::Link(one, many)),
        (id(), id()).prop_map(|(one, many)| Operation::Unlink(one, many)),
        prop::sample::select(&NAMES[..]).prop_map(Operation::Declare),
        proptest::collection::vec(id(), 2..4).prop_map(Operation::Changeset),
    ]
}

/// What the API promises: `Many` has values, and each of it at most one `One`.
#[derive(Default)]
struct Model {
    many: BTreeMap<&'static str, Map<String, Value>>,
    one: BTreeSet<&'static str>,
    links: BTreeMap<&'static str, &'static str>,
    names: BTreeSet<String>,
}

impl Model {
    /// Does an operation; the error that it must end with.
    fn run(&mut self, operation: &Operation) -> Option<&'static str> {
        match operation {
            Operation::Create(id, _) | Operation::CreateOne(id) if self.has(operation, id) => {
                return Some("PR409-OD-0003");
            }
            Operation::Create(id, values) => {
                self.names.extend(values.keys().cloned());
                self.many.insert(id, values.clone());
            }
            Operation::CreateOne(id) => {
                self.one.insert(id);
            }
            Operation::Replace(id, values) | Operation::Merge(id, values) => {
                let Some(known) = self.many.get_mut(id) else { return Some("PR404-OD-0002") };
                if matches!(operation, Operation::Replace(..)) {
                    known.clear();
                }
                known.extend(values.clone());
                self.names.extend(values.keys().cloned());
            }
            Operation::Delete(id) => {
                if self.many.remove(id).is_none() {
                    return Some("PR404-OD-0002");
                }
                self.links.remove(id);
            }
            Operation::DeleteOne(id) => {
                if self.links.values().any(|one| one == id) {
                    return Some("PR409-OD-0001");
                }
                if !self.one.remove(id) {
                    return Some("PR404-OD-0002");
                }
            }
            Operation::Link(one, many) => {
                if !self.one.contains(one) {
                    return Some("PR404-OD-0000");
                }
                if !self.many.contains_key(many) {
                    return Some("PR400-OD-0006");
                }
                if self.links.contains_key(many) {
                    return Some("PR409-OD-0002");
                }
                self.links.insert(many, one);
            }
            Operation::Unlink(one, many) => {
                if self.links.get(many) != Some(one) {
                    return Some("PR404-OD-0000");
                }
                self.links.remove(many);
            }
            Operation::Declare(name) => {
                if !self.names.insert((*name).to_owned()) {
                    return Some("declared already");
                }
            }
            Operation::Changeset(ids) => {
                let distinct: BTreeSet<_> = ids.iter().collect();
                if distinct.len() < ids.len() || ids.iter().any(|id| self.many.contains_key(id)) {
                    return Some("PR409-OD-0003");
                }
                self.many.extend(ids.iter().map(|id| (*id, Map::new())));
            }
        }
        None
    }

    fn has(&self, operation: &Operation, id: &str) -> bool {
        match operation {
            Operation::CreateOne(_) => self.one.contains(id),
            _ => self.many.contains_key(id),
        }
    }
}

/// Does the same on the store.
fn run(
    data: &Data,
    many: &saibo_model::Id,
    aliases: &mut u32,
    operation: &Operation,
) -> Option<&'static str> {
    let with_id = |id: &str, values: &Map<String, Value>| {
        let mut body = values.clone();
        body.insert("__id".to_owned(), json!(id));
        Value::Object(body)
    };
    let result = match operation {
        Operation::Create(id, values) => data.create("Many", with_id(id, values)).map(|_| ()),
        Operation::CreateOne(id) => data.create("One", json!({ "__id": id })).map(|_| ()),
        Operation::Replace(id, values) => {
            data.update("Many", id, Value::Object(values.clone()), Purpose::Whole).map(|_| ())
        }
        Operation::Merge(id, values) => {
            data.update("Many", id, Value::Object(values.clone()), Purpose::Merge).map(|_| ())
        }
        Operation::Delete(id) => data.delete("Many", id),
        Operation::DeleteOne(id) => data.delete("One", id),
        Operation::Link(one, many) => data.link("One", one, "_Many", many),
        Operation::Unlink(one, many) => data.unlink("One", one, "_Many", many),
        Operation::Declare(name) => {
            // Far from those that entities take.
            *aliases += 100;
            data.property(many, name, "Edm.String", &format!("P{aliases}"), json!({}));
            Ok(())
        }
        Operation::Changeset(ids) => {
            let request = |id: &&str| Request {
                method: Method::Post,
                resource: Resource::EntitySet { set: "Many".into() },
                query: String::new(),
                headers: Vec::new(),
                body: json!({ "__id": id }).to_string(),
            };
            let requests = ids.iter().map(request).collect();
            let part = Part::Changeset { boundary: "c".into(), requests };
            let answers = data.with(|c| c.batch(vec![part])).unwrap().remove(0);
            assert_eq!(answers.len(), ids.len());
            answers.into_iter().try_for_each(|answer| match answer {
                PartAnswer::Failed(error) => Err(error),
                _ => Ok(()),
            })
        }
    };
    result.is_err().then(|| code(result))
}

fn check(data: &Data, model: &Model) {
    let mut ids = data.ids("Many", "$orderby=__id").unwrap();
    ids.sort();
    assert_eq!(ids, model.many.keys().copied().collect::<Vec<_>>());
    for (id, values) in &model.many {
        let shown = data.get("Many", id).unwrap();
        for name in NAMES {
            let known = model.names.contains(name);
            assert_eq!(shown.get(name).is_some(), known, "{name} of {shown}");
            assert_eq!(shown.get(name), known.then(|| values.get(name).unwrap_or(&Value::Null)));
            if let Some(Value::String(text)) = values.get(name) {
                let found = data.ids("Many", &format!("$filter={name}+eq+'{text}'")).unwrap();
                assert!(found.iter().any(|found| found == id), "{id} by {name}");
            }
        }
        let one: Vec<&str> = model.links.get(id).copied().into_iter().collect();
        assert_eq!(data.behind("Many", id, "_One").unwrap(), one);
    }
    for id in &model.one {
        let many: Vec<&str> =
            model.links.iter().filter(|(_, one)| *one == id).map(|(many, _)| *many).collect();
        assert_eq!(data.behind("One", id, "_Many").unwrap(), many);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn operations(operations in proptest::collection::vec(operation(), 1..40)) {
        let data = Data::new();
        let (one, many) = (data.entity_type("One"), data.entity_type("Many"));
        data.associate(&one, "0..1", &many, "*");
        let (mut model, mut aliases) = (Model::default(), 0);
        for operation in &operations {
            if let Operation::Declare(name) = operation
                && model.names.contains(*name)
            {
                continue;
            }
            let expected = model.run(operation);
            prop_assert_eq!(run(&data, &many, &mut aliases, operation), expected, "{:?}", operation);
        }
        check(&data, &model);
    }
}
