//! Control objects of a unit and a Cell, and schema objects of a collection.

mod boxes;
mod cells;
mod expand;
mod links;
mod schema;
mod values;

use saibo_core::dav::Resource;
use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::{Change, Created, Objects, Scope};
use saibo_core::{Access, Cell, clock};
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, ListOptions, Parameters};
use saibo_store::StoreExt as _;
use serde_json::Value;

use crate::support::Fixture;

/// A Cell with an OData collection, and somebody who may do everything.
struct Service {
    fixture: Fixture,
    cell: Cell,
    access: Access,
    which: Which,
}

/// Whose objects a test is about.
#[derive(Clone, Copy)]
enum Which {
    Unit,
    Cell,
    Collection,
}

impl Service {
    fn new(which: Which) -> Self {
        Self::on(Fixture::new(), which)
    }

    fn on(fixture: Fixture, which: Which) -> Self {
        let cell = fixture.cell("alice");
        let access = fixture.master();
        let made = cell.store().write(|tx| {
            let mut main = Node::collection(NodeKind::Box, CELL_NODE, MAIN_BOX, 1);
            tx.put_node(&mut main)?;
            tx.put_node(&mut Node::collection(NodeKind::OData, main.seq, "col", 1))
        });
        made.unwrap();
        Self { fixture, cell, access, which }
    }

    fn root(&self) -> &'static str {
        match self.which {
            Which::Unit => "http://localhost:9998/__ctl/",
            Which::Cell => "http://localhost:9998/alice/__ctl/",
            Which::Collection => "http://localhost:9998/alice/__/col/$metadata/",
        }
    }

    fn with<R>(&self, work: impl FnOnce(&Objects<'_>) -> R) -> R {
        let find = |tx: &dyn saibo_store::ReadTx| {
            Resource::find(tx, &self.fixture.unit, &self.cell, MAIN_BOX, &["col".to_owned()])
        };
        let resource = self.cell.store().read(find).unwrap();
        let scope = match self.which {
            Which::Unit => Scope::Unit,
            Which::Cell => Scope::Cell(&self.cell),
            Which::Collection => Scope::Collection(&self.cell, &resource),
        };
        work(&Objects::new(&self.fixture.unit, scope, &self.access, self.root(), clock::now()).unwrap())
    }

    fn create(&self, set: &str, body: &str) -> Result<Created> {
        self.with(|objects| objects.create(set, body.as_bytes(), None, Format::Json))
    }

    /// Creates several of a set.
    fn given(&self, set: &str, bodies: &[&str]) {
        for body in bodies {
            self.create(set, body).unwrap_or_else(|error| panic!("{set} {body}: {error}"));
        }
    }

    fn get(&self, (set, predicate): (&str, &str)) -> Result<Value> {
        let found = self.with(|objects| {
            objects.get(EntityPath { set, predicate }, &EntityOptions::default(), Format::Json)
        })?;
        Ok(serde_json::from_slice::<Value>(&found.body).unwrap()["d"]["results"].take())
    }

    fn list(&self, set: &str, query: &str) -> Result<Vec<Value>> {
        let options = ListOptions::parse(&Parameters::parse(query))?;
        let body = self.with(|objects| objects.list(set, &options, Format::Json))?;
        let mut list: Value = serde_json::from_slice(&body).unwrap();
        Ok(list["d"]["results"].as_array_mut().unwrap().drain(..).collect())
    }

    /// The names of what a list shows.
    fn names(&self, set: &str, query: &str) -> Vec<String> {
        let list = self.list(set, query).unwrap();
        list.iter().map(|object| object["Name"].as_str().unwrap().to_owned()).collect()
    }

    fn replace(&self, path: (&str, &str), body: &str) -> Result<()> {
        self.change(path, Change::Replace, body, None)
    }

    fn merge(&self, path: (&str, &str), body: &str) -> Result<()> {
        self.change(path, Change::Merge, body, None)
    }

    fn change(
        &self,
        (set, predicate): (&str, &str),
        how: Change,
        body: &str,
        tag: Option<&str>,
    ) -> Result<()> {
        let path = EntityPath { set, predicate };
        self.with(|objects| objects.update(path, how, body.as_bytes(), None, tag)).map(|_| ())
    }

    fn delete(&self, (set, predicate): (&str, &str)) -> Result<()> {
        self.with(|objects| objects.delete(EntityPath { set, predicate }, None))
    }

    fn link(&self, (set, predicate): (&str, &str), property: &str, target: &str) -> Result<()> {
        let body = format!(r#"{{"uri":"{}{target}"}}"#, self.root());
        self.with(|objects| objects.link(EntityPath { set, predicate }, property, body.as_bytes()))
    }

    fn unlink(&self, (set, predicate): (&str, &str), property: &str, key: &str) -> Result<()> {
        self.with(|objects| objects.unlink(EntityPath { set, predicate }, property, key))
    }

    /// The last parts of the URLs that `$links` lists.
    fn links(&self, (set, predicate): (&str, &str), property: &str) -> Result<Vec<String>> {
        let list = self.with(|objects| {
            objects.list_links(EntityPath { set, predicate }, property, &ListOptions::default())
        })?;
        let list: Value = serde_json::from_slice(&list).unwrap();
        let name = |link: &Value| link["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        Ok(list["d"]["results"].as_array().unwrap().iter().map(name).collect())
    }
}

/// The code of what failed.
fn code<R>(done: Result<R>) -> Option<ErrorCode> {
    done.err().map(|error| error.code())
}
