//! `__message/send`: a message is addressed, delivered, and kept with what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use saibo_model::edm::Value;
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Id, Kind, Result};
use saibo_odata::entity_sets::SENT_MESSAGE_PORT;
use saibo_saml::Assertion;
use saibo_store::StoreExt as _;

use super::{Parcel, Receipt, check, destinations, envelope, receive};
use crate::box_url::box_of;
use crate::dav::resource::authorize_cell;
use crate::odata::objects::{Created, Fields, Objects, Scope};
use crate::{Access, Cell, Subject, Unit};

/// How long the delivery of one message may take. Destinations that are not begun by then are told as not reached.
const PATIENCE: Duration = Duration::from_secs(60);

/// Destinations of one message in other units that are asked at the same time.
const AT_A_TIME: usize = 8;

/// How long a destination may believe the token that it is shown.
const TOKEN_LIFETIME: i64 = 300_000;

/// How often something is tried again that met the moment in which a Cell's store is replaced.
const SWAPS: usize = 5;

/// Sends a message. `root` is the URL of the Cell's control objects, `now` the moment of the request in ms. What came
/// of each destination is in the message that is kept; one that is not reached keeps none of the others from it.
///
/// # Errors
/// Why whoever asks may not; those of a body; 400-OD-0006 for fields that do not go together; 400-SM-0001 to 0004.
pub fn send(
    unit: &Arc<Unit>,
    cell: &Cell,
    access: &Access,
    root: &str,
    body: &[u8],
    now: i64,
) -> Result<Created> {
    cell.store().read(|tx| authorize_cell(tx, cell, access, Privilege::Message))?;
    let objects = Objects::new(unit, Scope::Cell(cell), access, root, now)?;
    let mut fields = objects.posted(&SENT_MESSAGE_PORT, body)?;
    let is_bound = *fields.get("BoxBound") == Value::Boolean(true);
    let app = access.client_id();
    let (in_box, to) = cell.store().read(|tx| {
        let found = app.map(|app| box_of(tx, unit, app)).transpose()?.flatten();
        if is_bound && found.is_none() {
            return Err(ErrorCode::TokenSchemaBoxNotFound.with([app.unwrap_or_default()]));
        }
        let (to, relation) = (fields.text("To"), fields.text("ToRelation"));
        destinations::check_list("To", to)?;
        if to.is_none() && relation.is_none() {
            return Err(ErrorCode::FieldFormat.with(["To,ToRelation"]));
        }
        check(&fields, is_bound, true)?;
        Ok((found.map(|found| found.id), destinations::find(tx, to, relation)?))
    })?;
    let delivery = Delivery {
        unit,
        from: cell.url(),
        fields: &fields,
        all: &to,
        schema: is_bound.then_some(app).flatten(),
        access,
        now,
        until: Instant::now() + PATIENCE,
    };
    let results = delivery.run();
    fields.set("Result", Value::List(results));
    keep(unit, cell.name(), access, root, now, &fields, in_box)
}

/// Keeps the message. Nothing of the request is done twice for it: the message is on its way.
fn keep(
    unit: &Arc<Unit>,
    cell: &str,
    access: &Access,
    root: &str,
    now: i64,
    fields: &Fields,
    in_box: Option<Id>,
) -> Result<Created> {
    let kept = beyond_swaps(unit, cell, || {
        let cell = unit.cell(cell)?;
        let objects = Objects::new(unit, Scope::Cell(&cell), access, root, now)?;
        objects.keep_message(Kind::SentMessage, fields, in_box.clone())
    });
    // Whoever sees a retired store begins anew, which would send the message once more.
    kept.map_err(|error| match saibo_store::Error::is_retired(&error) {
        true => ErrorCode::StoreUnavailable.into(),
        false => error,
    })
}

/// Does something that looks its Cell up, again if the Cell's store is replaced at that moment.
fn beyond_swaps<R>(unit: &Unit, cell: &str, work: impl Fn() -> Result<R>) -> Result<R> {
    let mut done = work();
    for _ in 0..SWAPS {
        match &done {
            Err(error) if saibo_store::Error::is_retired(error) => {
                unit.wait_for_swap(cell);
                done = work();
            }
            _ => break,
        }
    }
    done
}

/// A message that is delivered.
struct Delivery<'d> {
    unit: &'d Arc<Unit>,
    from: &'d str,
    fields: &'d Fields,
    all: &'d [String],
    schema: Option<&'d str>,
    access: &'d Access,
    now: i64,
    until: Instant,
}

impl Delivery<'_> {
    /// What came of each destination, as a message has it.
    fn run(&self) -> Vec<Value> {
        let unit_url = &self.unit.settings().unit_url;
        let (near, far): (Vec<usize>, Vec<usize>) =
            (0..self.all.len()).partition(|at| unit_url.cell_name(&self.all[*at]).is_some());
        let mut receipts: Vec<Option<Receipt>> = vec![None; self.all.len()];
        for at in near {
            receipts[at] = Some(self.receipt(self.within_unit(&self.all[at])));
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(at) = far.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((*at, self.receipt(self.to_another_unit(&self.all[*at]))));
            }
            done
        };
        let done = std::thread::scope(|scope| {
            let others = AT_A_TIME.min(far.len()).saturating_sub(1);
            let workers: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            done.extend(workers.into_iter().filter_map(|worker| worker.join().ok()).flatten());
            done
        });
        for (at, receipt) in done {
            receipts[at] = Some(receipt);
        }
        let lost = || self.receipt(Err(ErrorCode::MessageConnection.into()));
        let shown = |(to, receipt): (&String, Option<Receipt>)| result(to, receipt.unwrap_or_else(lost));
        self.all.iter().zip(receipts).map(shown).collect()
    }

    fn receipt(&self, done: Result<Receipt>) -> Receipt {
        done.unwrap_or_else(|error| {
            tracing::info!(%error, from = self.from, "a message was not delivered");
            Receipt { status: error.code().status(), reason: error.message(), moved_to: None }
        })
    }

    /// A Cell of this unit is asked as it would be over a network, without one.
    fn within_unit(&self, to: &str) -> Result<Receipt> {
        let unit_url = &self.unit.settings().unit_url;
        let name = unit_url.cell_name(to).ok_or(ErrorCode::MessageConnection)?;
        let access = Access {
            vouched_by: Some(self.from.to_owned()),
            schema: self.access.schema.clone(),
            ..Access::of(Subject::Visitor(self.from.to_owned()))
        };
        let body = envelope::write(self.fields, self.from, to, self.all, self.schema);
        let received = beyond_swaps(self.unit, &name, || {
            let cell = self.unit.cell(&name)?;
            let root = format!("{}__ctl/", cell.url());
            receive(self.unit, &cell, &access, &root, body.as_bytes(), self.now).map(|_message| Receipt {
                status: 201,
                reason: String::new(),
                moved_to: None,
            })
        });
        match received {
            Err(error) if error.code() == ErrorCode::CellMoved => {
                let moved = self.unit.cell_or_moved(&name)?.moved().map(|moved| moved.to.clone());
                self.to_another_unit(&moved.ok_or(error)?)
            }
            received => received,
        }
    }

    /// A Cell that has moved says where to, once.
    fn to_another_unit(&self, to: &str) -> Result<Receipt> {
        let receipt = self.post(to)?;
        match &receipt.moved_to {
            Some(moved) if moved != to => self.post(moved),
            _ => Ok(receipt),
        }
    }

    fn post(&self, to: &str) -> Result<Receipt> {
        let is_over = || Instant::now() >= self.until;
        let courier = self.unit.courier.as_deref().ok_or(ErrorCode::MessageConnection)?;
        let late = || Error::from(ErrorCode::MessageConnection);
        let _turn = self.unit.deliveries().acquire_unless(is_over).ok_or_else(late)?;
        if is_over() {
            return Err(late());
        }
        let now = crate::clock::now();
        let token = self.unit.transcell().seal(&Assertion {
            id: uuid::Uuid::new_v4().to_string(),
            issuer: self.from.to_owned(),
            subject: self.from.to_owned(),
            target: to.to_owned(),
            schema: self.access.schema.clone(),
            roles: Vec::new(),
            scopes: Vec::new(),
            issued_at: now,
            expires_at: now + TOKEN_LIFETIME,
        })?;
        let body = envelope::write(self.fields, self.from, to, self.all, self.schema);
        courier.deliver(&Parcel { url: &format!("{to}__message/port"), token: &token, body: &body })
    }
}

/// `Sent_Message_Result`
fn result(to: &str, receipt: Receipt) -> Value {
    let reason = if receipt.status == 201 { "Created.".to_owned() } else { receipt.reason };
    Value::Complex(vec![
        ("To".to_owned(), Value::String(to.to_owned())),
        ("Code".to_owned(), Value::String(receipt.status.to_string())),
        ("Reason".to_owned(), Value::String(reason)),
    ])
}
