//! Tokens: every way to get one, and what it is good for.

mod access;
mod authz;
mod bearer;
mod code;
mod introspect;
mod key;
mod owner;
mod password;
mod refresh;
mod timing;
mod transcell;

use std::sync::atomic::{AtomicI64, Ordering};

use saibo_core::access::{Credentials, authenticate};
use saibo_core::token::{self, Answer, Call};
use saibo_core::{Access, Cell};
use saibo_model::document::Link;
use saibo_model::node::CELL_NODE;
use saibo_model::{Document, EntitySet, Id, Kind};
use saibo_oauth::grant::Form;
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use crate::support::Fixture;

/// A unit with a clock of its own, which starts now because certificates are dated.
struct World {
    fixture: Fixture,
    now: AtomicI64,
}

/// What the token endpoint answered: the body, or the code of the error.
type Outcome = Result<Value, &'static str>;

impl World {
    fn new() -> Self {
        Self { fixture: Fixture::new(), now: AtomicI64::new(saibo_core::clock::now()) }
    }

    fn cell(&self, name: &str) -> Cell {
        self.fixture.cell(name)
    }

    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    fn call(&self, cell: &Cell, body: &str, authorization: Option<&str>, address: &str) -> Outcome {
        let form = Form::parse(body.as_bytes()).map_err(|error| error.code().code())?;
        let address = address.parse().ok();
        let call = Call { form: &form, authorization, address };
        match token::issue(&self.fixture.unit, cell, call, self.now()) {
            Ok(Answer::Token { response, cookie }) => {
                let mut body: Value = serde_json::from_str(&response.to_json()).unwrap();
                if let Some(cookie) = cookie {
                    body["cookie"] = cookie.into();
                }
                Ok(body)
            }
            Ok(Answer::PasswordChange(required)) => {
                let mut body = required.body();
                body["status"] = 401.into();
                Ok(body)
            }
            Err(error) => Err(error.code().code()),
        }
    }

    fn token(&self, cell: &Cell, body: &str) -> Outcome {
        self.call(cell, body, None, "192.0.2.1")
    }

    fn log_in(&self, cell: &Cell, more: &str) -> Value {
        self.token(cell, &format!("grant_type=password&username=alice&password=password1{more}")).unwrap()
    }

    /// What the bearer of a token may be in a Cell.
    fn bearer(&self, cell: &Cell, token: &Value) -> Access {
        let authorization = format!("Bearer {}", token.as_str().unwrap());
        self.with(cell, &authorization)
    }

    fn with(&self, cell: &Cell, authorization: &str) -> Access {
        let credentials = Credentials { authorization: Some(authorization), ..Credentials::default() };
        authenticate(&self.fixture.unit, Some(cell), credentials, self.now()).unwrap()
    }
}

/// Puts a document into a Cell.
fn put(
    cell: &Cell,
    kind: Kind,
    key: &str,
    parent: Option<&Id>,
    body: Value,
    hidden: Option<Value>,
) -> Document {
    let document = Document {
        seq: 0,
        id: Id::random(),
        set: EntitySet::control(kind),
        key: key.to_owned(),
        parent: parent.cloned(),
        peer: None,
        version: 1,
        published: 0,
        updated: 0,
        body: body.to_string(),
        hidden: hidden.map(|hidden| hidden.to_string()),
        extra: None,
    };
    cell.store()
        .write(move |tx| {
            let mut document = document;
            tx.put_document(&mut document)?;
            Ok(document)
        })
        .unwrap()
}

fn link(cell: &Cell, first: &Document, second: &Document) {
    let link = Link { first: first.seq, second: second.seq, to_one: false, published: 0, updated: 0 };
    cell.store().write(move |tx| tx.put_link(&link)).unwrap();
}

/// An Account with the password `password1` and further fields.
fn account(cell: &Cell, name: &str, more: Value) -> Document {
    let mut body = json!({ "Name": name, "Type": "basic", "Status": "active" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut hidden = serde_json::Map::new();
    PasswordHasher::weak(HashAlgorithm::Scrypt).hash("password1").unwrap().to_hidden(&mut hidden);
    put(cell, Kind::Account, name, None, body, Some(hidden.into()))
}

fn role(cell: &Cell, name: &str, parent: Option<&Id>) -> Document {
    put(cell, Kind::Role, name, parent, json!({ "Name": name }), None)
}

/// Sets a property of the Cell in Personium's namespace to an XML content.
fn property(cell: &Cell, name: &'static str, content: &str) {
    let element = format!("<p:{name} xmlns:p=\"urn:x-personium:xmlns\">{content}</p:{name}>");
    cell.store()
        .write(move |tx| {
            let mut node = tx.read().node(CELL_NODE)?.unwrap();
            node.properties = Some(json!({ format!("{name}@urn:x-personium:xmlns"): element }).to_string());
            tx.put_node(&mut node)
        })
        .unwrap();
}
