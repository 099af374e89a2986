//! Messages between Cells.

mod answer;
mod receive;
mod send;

use std::sync::Arc;

use parking_lot::Mutex;
use saibo_core::message::{self, Courier, Parcel, Receipt};
use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::{Created, Objects, Scope};
use saibo_core::{Access, Cell, Subject, Unit, clock};
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::{EntityOptions, ListOptions, Parameters};
use serde_json::{Value, json};

use crate::support::{Fixture, backend, master, settings, unit_on};

const APP: &str = "https://app.example/";

/// What the unit's courier was given, and what it answers.
#[derive(Debug, Default)]
struct Taken {
    parcels: Mutex<Vec<(String, String, Value)>>,
    receipts: Mutex<Vec<Result<Receipt>>>,
}

#[derive(Debug)]
struct Postman(Arc<Taken>);

impl Courier for Postman {
    fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt> {
        let body = serde_json::from_str(parcel.body).unwrap();
        self.0.parcels.lock().push((parcel.url.to_owned(), parcel.token.to_owned(), body));
        let next = self.0.receipts.lock().pop();
        next.unwrap_or(Ok(Receipt { status: 201, reason: String::new(), moved_to: None }))
    }
}

/// A unit with the Cells `alice` and `bob`.
struct Post {
    fixture: Fixture,
    alice: Cell,
    bob: Cell,
    access: Access,
    taken: Arc<Taken>,
}

impl Post {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let taken = Arc::new(Taken::default());
        let unit = Arc::try_unwrap(unit_on(Arc::new(backend(folder.path())), settings()));
        let unit = Arc::new(unit.ok().unwrap().with_courier(Box::new(Postman(taken.clone()))));
        let access = master(&unit);
        let fixture = Fixture { unit, folder };
        let (alice, bob) = (fixture.cell("alice"), fixture.cell("bob"));
        Self { fixture, alice, bob, access, taken }
    }

    fn unit(&self) -> &Arc<Unit> {
        &self.fixture.unit
    }

    fn objects<R>(&self, cell: &Cell, work: impl FnOnce(&Objects<'_>) -> R) -> R {
        let root = root(cell);
        work(&Objects::new(self.unit(), Scope::Cell(cell), &self.access, &root, clock::now()).unwrap())
    }

    /// Creates an object.
    fn given(&self, cell: &Cell, set: &str, body: &Value) {
        let create = |o: &Objects<'_>| o.create(set, body.to_string().as_bytes(), None, Format::Json);
        self.objects(cell, create).unwrap_or_else(|error| panic!("{set} {body}: {error}"));
    }

    fn link(&self, cell: &Cell, path: (&str, &str), property: &str, target: &str) {
        let body = json!({ "uri": format!("{}{target}", root(cell)) }).to_string();
        let path = EntityPath { set: path.0, predicate: path.1 };
        self.objects(cell, |o| o.link(path, property, body.as_bytes())).unwrap();
    }

    fn send(&self, body: &Value) -> Result<Value> {
        self.send_as(&self.access, body)
    }

    fn send_as(&self, access: &Access, body: &Value) -> Result<Value> {
        let (unit, root) = (self.unit(), root(&self.alice));
        let body = body.to_string();
        message::send(unit, &self.alice, access, &root, body.as_bytes(), clock::now()).map(shown)
    }

    /// Puts a message to `alice` as `bob` would.
    fn receive(&self, body: &Value) -> Result<Value> {
        self.receive_as(&of_cell(self.bob.url()), body)
    }

    fn receive_as(&self, access: &Access, body: &Value) -> Result<Value> {
        let (unit, root) = (self.unit(), root(&self.alice));
        let body = body.to_string();
        message::receive(unit, &self.alice, access, &root, body.as_bytes(), clock::now()).map(shown)
    }

    fn answer_as(&self, access: &Access, id: &str, command: &str) -> Result<(i64, i64)> {
        let (unit, root) = (self.unit(), root(&self.alice));
        let body = json!({ "Command": command }).to_string();
        message::answer(unit, &self.alice, access, &root, id, body.as_bytes(), clock::now())
    }

    fn answer(&self, id: &str, command: &str) -> Result<(i64, i64)> {
        self.answer_as(&self.access, id, command)
    }

    fn list(&self, cell: &Cell, set: &str, query: &str) -> Vec<Value> {
        let options = ListOptions::parse(&Parameters::parse(query)).unwrap();
        let body = self.objects(cell, |o| o.list(set, &options, Format::Json)).unwrap();
        let mut list: Value = serde_json::from_slice(&body).unwrap();
        list["d"]["results"].as_array_mut().unwrap().drain(..).collect()
    }

    fn get(&self, cell: &Cell, set: &str, id: &str) -> Value {
        let (predicate, options) = (format!("'{id}'"), EntityOptions::default());
        let path = EntityPath { set, predicate: &predicate };
        let found = self.objects(cell, |o| o.get(path, &options, Format::Json)).unwrap();
        serde_json::from_slice::<Value>(&found.body).unwrap()["d"]["results"].take()
    }

    /// The URLs of the Cells that a Relation or Role of `alice` is linked with.
    fn cells_of(&self, set: &str, predicate: &str) -> Vec<String> {
        let path = EntityPath { set, predicate };
        let list =
            self.objects(&self.alice, |o| o.list_navigation(path, "_ExtCell", &ListOptions::default()));
        let list: Value = serde_json::from_slice(&list.unwrap()).unwrap();
        let cells = list["d"]["results"].as_array().unwrap().iter();
        cells.map(|cell| cell["Url"].as_str().unwrap().to_owned()).collect()
    }
}

fn root(cell: &Cell) -> String {
    format!("{}__ctl/", cell.url())
}

/// What a Cell is that shows a token of its own.
fn of_cell(url: &str) -> Access {
    Access { vouched_by: Some(url.to_owned()), ..Access::of(Subject::Visitor(url.to_owned())) }
}

fn shown(created: Created) -> Value {
    serde_json::from_slice::<Value>(&created.body).unwrap()["d"]["results"].take()
}

/// A message's id.
fn id(n: u32) -> String {
    format!("{n:032}")
}

fn code<R>(done: Result<R>) -> Option<ErrorCode> {
    done.err().map(|error| error.code())
}

/// JSON with members put in place of others; null takes one away.
fn with(base: &Value, change: &Value) -> Value {
    let mut all = base.clone();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => _ = all.as_object_mut().unwrap().remove(name),
            value => all[name] = value.clone(),
        }
    }
    all
}
