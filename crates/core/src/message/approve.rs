//! What is done when a request is approved: a link between a Relation or Role and a Cell is made or taken away, a Rule
//! is made or deleted.

use saibo_model::url::UnitUrl;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_odata::body::Object;
use saibo_store::{ReadTx, StoreExt as _, WriteTx};

use super::request::{Request, class};
use crate::box_url::box_of;
use crate::odata::objects::{Draft, Objects, put_many_to_many};
use crate::{Cell, Unit};

/// One of the things to be done, in the transaction of all of them.
#[derive(Debug)]
pub(super) enum Step {
    /// Links an object with a Cell, which is known from then on.
    Link(Wanted, Box<Draft>),
    /// Takes the link away.
    Unlink(Wanted),
    /// Makes a Rule.
    AddRule(Box<Draft>),
    /// Deletes a Rule.
    RemoveRule(Option<Id>, String),
}

/// The Relation or Role that a request is about, and the Cell.
#[derive(Debug)]
pub(super) struct Wanted {
    kind: Kind,
    in_box: Option<Id>,
    name: String,
    /// Every way to write the Cell's URL, its own first.
    cell: Vec<String>,
}

impl Step {
    /// What a request of a message asks for.
    ///
    /// # Errors
    /// 400-RM-0003 for a class URL whose schema no Box has; 400-OD-0006 for a Rule whose fields do not go together.
    pub(super) fn of(
        objects: &Objects<'_>,
        unit: &Unit,
        cell: &Cell,
        message: &Document,
        request: Request<'_>,
    ) -> Result<Self> {
        let name = request.text("Name").unwrap_or_default().to_owned();
        Ok(match request.ty() {
            ty @ ("relation.add" | "relation.remove" | "role.add" | "role.remove") => {
                let wanted = Wanted::of(unit, cell, message, request)?;
                if ty.ends_with(".remove") {
                    return Ok(Self::Unlink(wanted));
                }
                let mut ext_cell = Object::default();
                ext_cell.set("Url", wanted.cell.first().cloned());
                Self::Link(wanted, Box::new(objects.draft(Kind::ExtCell, &ext_cell)?))
            }
            "rule.add" => {
                let rule = rule(cell, message, request, &unit.settings().unit_url)?;
                Self::AddRule(Box::new(objects.draft(Kind::Rule, &rule)?))
            }
            "rule.remove" => Self::RemoveRule(message.parent.clone(), name),
            _ => return Err(ErrorCode::DataInconsistency.into()),
        })
    }

    /// Does it.
    ///
    /// # Errors
    /// 409-RM-0002 for what there is not, 400-RM-0001 for a link that there is, 404-OD-0000 for one that there is not;
    /// 409-OD-0003 for a Rule that there is, 404-OD-0002 for one that there is not.
    pub(super) fn take(&self, tx: &mut dyn WriteTx, now: i64) -> Result<()> {
        match self {
            Self::Link(wanted, draft) => {
                let object = wanted.object(tx.read())?;
                let cell = match wanted.ext_cell(tx.read())? {
                    Some(found) => found,
                    None => draft.insert(tx)?,
                };
                put_many_to_many(tx, &object, &cell, now).map_err(|error| match error.code() {
                    ErrorCode::LinkAlreadyExists => ErrorCode::RequestedRelationExists.into(),
                    _ => error,
                })
            }
            Self::Unlink(wanted) => {
                let object = wanted.object(tx.read())?;
                let cell = wanted.ext_cell(tx.read())?.ok_or_else(|| wanted.missing(Kind::ExtCell))?;
                if tx.delete_link(object.seq, cell.seq)? { Ok(()) } else { Err(ErrorCode::NotFound.into()) }
            }
            Self::AddRule(draft) => draft.insert(tx).map(|_rule| ()),
            Self::RemoveRule(in_box, name) => {
                let rules = EntitySet::control(Kind::Rule);
                let rule = tx.read().document(&rules, in_box.as_ref(), name)?;
                tx.delete_document(rule.ok_or(ErrorCode::NoSuchEntity)?.seq)
            }
        }
    }
}

impl Wanted {
    fn of(unit: &Unit, cell: &Cell, message: &Document, request: Request<'_>) -> Result<Self> {
        let (kind, segment) = match request.ty().starts_with("role.") {
            true => (Kind::Role, "__role"),
            false => (Kind::Relation, "__relation"),
        };
        // By its name alone, it is in the Box of the message.
        let (in_box, name) = match (request.text("Name"), request.text("ClassUrl")) {
            (Some(name), _) => (message.parent.clone(), name),
            (None, url) => {
                let url = url.unwrap_or_default();
                let unknown = || ErrorCode::ClassUrlBoxNotFound.with([url]);
                let (schema, name) = class(url, segment).ok_or_else(unknown)?;
                let found = cell.store().read(|tx| box_of(tx, unit, schema))?;
                (Some(found.ok_or_else(unknown)?.id), name)
            }
        };
        let url = request.text("TargetUrl").unwrap_or_default();
        Ok(Self { kind, in_box, name: name.to_owned(), cell: unit.settings().unit_url.spellings(url) })
    }

    fn object(&self, tx: &dyn ReadTx) -> Result<Document> {
        let found = tx.document(&EntitySet::control(self.kind), self.in_box.as_ref(), &self.name)?;
        found.ok_or_else(|| self.missing(self.kind))
    }

    fn ext_cell(&self, tx: &dyn ReadTx) -> Result<Option<Document>> {
        for url in &self.cell {
            if let Some(found) = tx.document(&EntitySet::control(Kind::ExtCell), None, url)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn missing(&self, kind: Kind) -> saibo_model::Error {
        let key = if kind == Kind::ExtCell { self.cell.first() } else { Some(&self.name) };
        ErrorCode::RequestedObjectNotFound.with([kind.name(), key.map_or("", String::as_str)])
    }
}

/// The Rule that a request describes, in the Box of the message.
fn rule(cell: &Cell, message: &Document, request: Request<'_>, unit: &UnitUrl) -> Result<Object> {
    let mut rule = Object::default();
    for field in ["Name", "EventType", "EventObject", "EventInfo", "Action"] {
        rule.set(field, request.text(field).map(str::to_owned));
    }
    // URLs of this unit are kept in a form that stays right when the Cell moves elsewhere.
    for field in ["EventSubject", "TargetUrl"] {
        rule.set(field, request.text(field).map(|url| unit.http_to_localunit(url).into_owned()));
    }
    if let Some(in_box) = &message.parent {
        let found = cell.store().read(|tx| tx.document_by_id(in_box))?;
        rule.set("_Box.Name", Some(found.ok_or(ErrorCode::DataInconsistency)?.key));
    }
    Ok(rule)
}
