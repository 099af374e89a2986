//! Indexes that are made by themselves.

use std::time::{Duration, Instant};

use saibo_model::query::{Field, Stored};

use super::*;
use crate::portability::{export_as, import_as};

impl Data {
    fn is_indexed(&self, ty: &Id, alias: &str) -> bool {
        let set = EntitySet::entities(self.collection.clone(), ty.clone());
        let field = Field::Body { path: vec![alias.to_owned()], stored: Stored::Text };
        self.cell.store().read(|tx| tx.is_indexed(&set, &field)).unwrap()
    }

    /// Fills a set, past the checks of a request.
    fn fill(&self, ty: &Id, bodies: impl Iterator<Item = Value>) {
        let set = EntitySet::entities(self.collection.clone(), ty.clone());
        let documents: Vec<Document> = bodies
            .enumerate()
            .map(|(n, body)| Document {
                seq: 0,
                id: Id::random(),
                set: set.clone(),
                key: format!("e{n}"),
                parent: None,
                peer: None,
                version: 1,
                published: 1,
                updated: 1,
                body: body.to_string(),
                hidden: None,
                extra: None,
            })
            .collect();
        self.cell
            .store()
            .write(|tx| documents.into_iter().try_for_each(|mut new| tx.put_document(&mut new)))
            .unwrap();
    }
}

#[test]
fn what_is_asked_often_gets_one() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    data.property(&ty, "text", "Edm.String", "P001", json!({}));
    data.property(&ty, "other", "Edm.String", "P002", json!({}));
    data.fill(&ty, (0..1000).map(|n| json!({ "P001": format!("t{}", n % 100), "P002": "x" })));
    let ask = || data.ids("Item", "$filter=text+eq+'t7'&$orderby=__id&$top=3").unwrap();
    let first = ask();
    assert_eq!(first, ["e107", "e207", "e307"]);
    let began = Instant::now();
    while !data.is_indexed(&ty, "P001") {
        assert_eq!(ask(), first);
        assert!(began.elapsed() < Duration::from_secs(60), "there is no index");
    }
    assert_eq!(ask(), first);
    assert!(!data.is_indexed(&ty, "P002"), "nobody has asked by it");
}

#[test]
fn unique_keys_have_theirs_before_they_are_compared() {
    let data = Data::new();
    let ty = data.entity_type("Item");
    data.property(&ty, "left", "Edm.String", "P001", json!({ "UniqueKey": "left" }));
    data.fill(&ty, (0..50).map(|n| json!({ "P001": format!("{n}") })));
    assert!(!data.is_indexed(&ty, "P001"));
    assert_eq!(code(data.create("Item", json!({ "left": "7" }))), "PR409-OD-0003");
    assert!(data.is_indexed(&ty, "P001"));
    data.create("Item", json!({ "left": "50" })).unwrap();
    assert_eq!(code(data.create("Item", json!({ "left": "50" }))), "PR409-OD-0003");
    // One that was declared by others since the schema was read is compared at once, and has its index a write later.
    data.property(&ty, "right", "Edm.String", "P002", json!({ "UniqueKey": "right" }));
    data.create("Item", json!({ "left": "51", "right": "x" })).unwrap();
    assert_eq!(code(data.create("Item", json!({ "left": "52", "right": "x" }))), "PR409-OD-0003");
    assert!(data.is_indexed(&ty, "P002"));
}

#[test]
fn an_import_makes_those_of_unique_keys_ahead() {
    let mut data = Data::new();
    let ty = data.entity_type("Item");
    data.property(&ty, "left", "Edm.String", "P001", json!({ "UniqueKey": "left" }));
    data.property(&ty, "right", "Edm.String", "P002", json!({}));
    for n in 0..9 {
        data.create("Item", json!({ "left": format!("{n}"), "right": "x" })).unwrap();
    }
    let bytes = export_as(&data.fixture, &data.cell, "whole");
    import_as(&data.fixture, &data.cell, &bytes).unwrap();
    data.cell = data.fixture.unit.cell("alice").unwrap();
    assert!(data.is_indexed(&ty, "P001") && !data.is_indexed(&ty, "P002"));
    assert_eq!(code(data.create("Item", json!({ "left": "7" }))), "PR409-OD-0003");
}
