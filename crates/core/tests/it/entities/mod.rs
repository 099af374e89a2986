//! Entities of OData collections.

mod batch;
mod indexes;
mod links;
mod model;
mod values;

use saibo_core::dav::Resource;
use saibo_core::odata::EntityPath;
use saibo_core::odata::entities::{Collection, Purpose, Version};
use saibo_core::odata::schema_version;
use saibo_core::{Access, Cell, clock};
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, ListOptions, Parameters};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use crate::support::Fixture;

/// The URL of the collection.
const ROOT: &str = "http://localhost:9998/alice/__/col/";

/// A Cell with an OData collection.
struct Data {
    fixture: Fixture,
    cell: Cell,
    access: Access,
    collection: Id,
}

impl Data {
    fn new() -> Self {
        Self::on(Fixture::new())
    }

    fn on(fixture: Fixture) -> Self {
        let cell = fixture.cell("alice");
        let access = fixture.master();
        let collection = cell
            .store()
            .write(|tx| {
                let mut main = Node::collection(NodeKind::Box, CELL_NODE, MAIN_BOX, 1);
                tx.put_node(&mut main)?;
                let mut node = Node::collection(NodeKind::OData, main.seq, "col", 1);
                tx.put_node(&mut node)?;
                Ok(node.id)
            })
            .unwrap();
        Self { fixture, cell, access, collection }
    }

    /// Does something with the collection.
    fn with<R>(&self, work: impl FnOnce(&Collection<'_>) -> R) -> R {
        let find = |tx: &dyn saibo_store::ReadTx| {
            Resource::find(tx, &self.fixture.unit, &self.cell, MAIN_BOX, &["col".to_owned()])
        };
        let resource = self.cell.store().read(find).unwrap();
        let (unit, now) = (&self.fixture.unit, clock::now());
        work(&Collection::new(unit, &self.cell, &self.access, &resource, ROOT, now).unwrap())
    }

    /// Writes a schema object.
    fn schema_object(&self, kind: Kind, name: &str, parent: Option<&Id>, body: Value, alias: &str) -> Id {
        self.linked_schema_object(kind, name, parent, body, alias, None)
    }

    fn linked_schema_object(
        &self,
        kind: Kind,
        name: &str,
        parent: Option<&Id>,
        body: Value,
        alias: &str,
        peer: Option<(Id, Id)>,
    ) -> Id {
        let (id, peer) = match peer {
            Some((id, peer)) => (id, Some(peer)),
            None => (Id::random(), None),
        };
        let mut document = Document {
            seq: 0,
            id: id.clone(),
            set: EntitySet::schema(kind, self.collection.clone()),
            key: name.to_owned(),
            parent: parent.cloned(),
            peer,
            version: 1,
            published: 1,
            updated: 1,
            body: body.to_string(),
            hidden: Some(json!({ "Alias": alias }).to_string()),
            extra: None,
        };
        let collection = self.collection.clone();
        self.cell
            .store()
            .write(move |tx| {
                tx.put_document(&mut document)?;
                schema_version::bump(tx, &collection)
            })
            .unwrap();
        id
    }

    fn entity_type(&self, name: &str) -> Id {
        self.schema_object(Kind::EntityType, name, None, json!({ "Name": name }), "")
    }

    fn complex_type(&self, name: &str) -> Id {
        self.schema_object(Kind::ComplexType, name, None, json!({ "Name": name }), "")
    }

    /// Declares a property; `more` are further members of its document.
    fn property(&self, ty: &Id, name: &str, of: &str, alias: &str, more: Value) {
        self.declare(Kind::Property, ty, name, of, alias, more);
    }

    /// Declares a member of a ComplexType.
    fn member(&self, ty: &Id, name: &str, of: &str, alias: &str, more: Value) {
        self.declare(Kind::ComplexTypeProperty, ty, name, of, alias, more);
    }

    fn declare(&self, kind: Kind, ty: &Id, name: &str, of: &str, alias: &str, more: Value) {
        let mut body = json!({ "Name": name, "Type": of, "Nullable": true, "IsDeclared": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.schema_object(kind, name, Some(ty), body, alias);
    }

    /// Relates two EntityTypes.
    fn associate(&self, one: &Id, one_many: &str, other: &Id, other_many: &str) {
        let (first, second) = (Id::random(), Id::random());
        for (id, peer, ty, many) in [(&first, &second, one, one_many), (&second, &first, other, other_many)] {
            let name = format!("end{id}");
            let body = json!({ "Name": name, "Multiplicity": many });
            let peer = Some((id.clone(), peer.clone()));
            self.linked_schema_object(Kind::AssociationEnd, &name, Some(ty), body, "", peer);
        }
    }

    fn create(&self, set: &str, body: Value) -> Result<Value> {
        let created = self.with(|c| c.create(set, body.to_string().as_bytes(), Format::Json))?;
        Ok(results(&created.body))
    }

    fn get(&self, set: &str, id: &str) -> Result<Value> {
        self.get_with(set, id, "")
    }

    fn get_with(&self, set: &str, id: &str, query: &str) -> Result<Value> {
        let options = EntityOptions::parse(&Parameters::parse(query))?;
        let found = self.with(|c| c.get(path(set, &key(id)), &options, Format::Json))?;
        Ok(results(&found.body))
    }

    fn update(&self, set: &str, id: &str, body: Value, purpose: Purpose) -> Result<Version> {
        self.with(|c| c.update(path(set, &key(id)), body.to_string().as_bytes(), purpose, None))
    }

    fn delete(&self, set: &str, id: &str) -> Result<()> {
        self.with(|c| c.delete(path(set, &key(id)), None))
    }

    fn list(&self, set: &str, query: &str) -> Result<Value> {
        let options = ListOptions::parse(&Parameters::parse(query))?;
        Ok(results(&self.with(|c| c.list(set, &options, Format::Json))?))
    }

    /// The ids that a list has, in order.
    fn ids(&self, set: &str, query: &str) -> Result<Vec<String>> {
        Ok(ids(&self.list(set, query)?))
    }

    fn link(&self, set: &str, id: &str, navigation: &str, target: &str) -> Result<()> {
        let body = json!({ "uri": format!("{ROOT}{}('{target}')", &navigation[1..]) }).to_string();
        self.with(|c| c.link(path(set, &key(id)), navigation, body.as_bytes()))
    }

    fn unlink(&self, set: &str, id: &str, navigation: &str, target: &str) -> Result<()> {
        self.with(|c| c.unlink(path(set, &key(id)), navigation, &key(target)))
    }

    /// The ids behind a navigation property.
    fn behind(&self, set: &str, id: &str, navigation: &str) -> Result<Vec<String>> {
        let options = ListOptions::default();
        let list = self.with(|c| c.list_navigation(path(set, &key(id)), navigation, &options))?;
        let mut ids = ids(&results(&list));
        ids.sort();
        Ok(ids)
    }

    /// The document of an entity, as it is stored.
    fn stored(&self, ty: &Id, id: &str) -> Value {
        let set = EntitySet::entities(self.collection.clone(), ty.clone());
        let document = self.cell.store().read(|tx| tx.document(&set, None, id)).unwrap().unwrap();
        serde_json::from_str(&document.body).unwrap()
    }
}

fn key(id: &str) -> String {
    format!("'{id}'")
}

fn path<'p>(set: &'p str, predicate: &'p str) -> EntityPath<'p> {
    EntityPath { set, predicate }
}

/// What is in the envelope of an answer.
fn results(body: &[u8]) -> Value {
    let mut json: Value = serde_json::from_slice(body).unwrap();
    json["d"]["results"].take()
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entity| entity["__id"].as_str().unwrap().to_owned()).collect()
}

/// The version in an entity's tag.
fn version(entity: &Value) -> i64 {
    let tag = entity["__metadata"]["etag"].as_str().unwrap();
    tag.trim_start_matches("W/\"").split('-').next().unwrap().parse().unwrap()
}

/// The code of an error.
fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().code().code()
}
