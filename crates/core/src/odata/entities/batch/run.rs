//! The requests of a batch, one after the other in a transaction.

use std::sync::Arc;
use std::time::Instant;

use saibo_model::{Error, ErrorCode, Result};
use saibo_odata::batch::{Method, Part, Request};
use saibo_odata::body::{LinkTarget, Object};
use saibo_odata::etag::IfMatch;
use saibo_odata::options::{ListOptions, Parameters};
use saibo_odata::uri::Resource;
use saibo_store::{ReadTx, Store};

use super::Permissions;
use crate::odata::entities::collection::{Home, entity_id, entity_set, navigation};
use crate::odata::entities::draft::Purpose;
use crate::odata::entities::list::{Page, page};
use crate::odata::entities::schema::Schema;
use crate::odata::entities::session::{Session, find};
use crate::odata::entities::update::Version;
use crate::odata::entities::view::Row;

/// What came of a request, before it is an answer: that is written once the transaction is over.
#[derive(Debug)]
pub(super) enum Outcome {
    /// `known` is the schema as it was before the creates that this one stands among; the answer shows the
    /// properties of that one, as recorded.
    Created {
        schema: Arc<Schema>,
        known: Arc<Schema>,
        row: Row,
    },
    Found {
        schema: Arc<Schema>,
        row: Row,
    },
    Listed {
        schema: Arc<Schema>,
        page: Page,
        options: Box<ListOptions>,
        set: String,
    },
    Updated(Version),
    Done,
    Failed(Error),
}

/// What every request of a segment needs.
pub(super) struct Run<'r> {
    pub(super) home: &'r Home,
    pub(super) store: &'r Arc<dyn Store>,
    pub(super) root: &'r str,
    pub(super) permissions: Permissions,
    pub(super) deadline: Instant,
}

/// Creates that follow each other, either of entities or of entities behind navigation properties.
#[derive(Default)]
struct Creates {
    known: Option<(bool, Arc<Schema>)>,
}

impl Creates {
    /// The schema as it was before the first of them.
    fn known(&mut self, session: &Session<'_>, linked: bool) -> Arc<Schema> {
        match &self.known {
            Some((of, known)) if *of == linked => known.clone(),
            _ => {
                self.known = Some((linked, session.schema.clone()));
                session.schema.clone()
            }
        }
    }
}

impl Run<'_> {
    /// Does parts that have no more than one request each, or one part that is all or nothing.
    ///
    /// # Errors
    /// Those after which nothing of them may stay.
    pub(super) fn write(&self, session: &mut Session<'_>, parts: &[Part]) -> Result<Vec<Vec<Outcome>>> {
        let mut creates = Creates::default();
        let mut outcomes = Vec::with_capacity(parts.len());
        for part in parts {
            let requests = part.requests();
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                session.begin();
                match self.one(session, &mut creates, request) {
                    Ok(outcome) => answers.push(outcome),
                    Err(error) if session.is_torn() || requests.len() > 1 => return Err(error),
                    Err(error) => answers.push(Outcome::Failed(error)),
                }
            }
            outcomes.push(answers);
        }
        Ok(outcomes)
    }

    /// Does a request that only reads.
    pub(super) fn read(&self, tx: &dyn ReadTx, schema: &Arc<Schema>, request: &Request) -> Outcome {
        self.in_time().and_then(|()| self.query(tx, schema, request)).unwrap_or_else(Outcome::Failed)
    }

    fn in_time(&self) -> Result<()> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(ErrorCode::RequestTimeout.into()) }
    }

    fn one(&self, session: &mut Session<'_>, creates: &mut Creates, request: &Request) -> Result<Outcome> {
        self.in_time()?;
        if request.method == Method::Get {
            creates.known = None;
            return self.query(session.read(), &session.schema, request);
        }
        match (request.method, &request.resource) {
            (_, Resource::Navigation { keyed: true, .. }) => Err(ErrorCode::LinksKeyForbidden.into()),
            (Method::Post, Resource::EntitySet { set }) => {
                let known = creates.known(session, false);
                self.permissions.check(request.method)?;
                let ty = entity_set(&session.schema, set)?;
                let draft = session.draft(ty, &body(request)?, Purpose::Whole)?;
                let row = session.create(ty, &draft)?;
                Ok(Outcome::Created { schema: session.schema.clone(), known, row })
            }
            (Method::Post, Resource::Navigation { set, predicate, property, .. }) => {
                let known = creates.known(session, true);
                self.permissions.check(request.method)?;
                let ty = entity_set(&session.schema, set)?;
                let id = entity_id(predicate)?;
                let missing = ErrorCode::NoSuchNavigationProperty;
                let navigation = navigation(&session.schema, ty, property, missing)?.clone();
                let draft = session.draft(navigation.target, &body(request)?, Purpose::Whole)?;
                let row =
                    session.create_linked(ty, &id, &navigation, &draft, ErrorCode::EntityAlreadyExists)?;
                Ok(Outcome::Created { schema: session.schema.clone(), known, row })
            }
            (method, resource) => {
                creates.known = None;
                self.change(session, method, resource, request)
            }
        }
    }

    fn change(
        &self,
        session: &mut Session<'_>,
        method: Method,
        resource: &Resource,
        request: &Request,
    ) -> Result<Outcome> {
        match (method, resource) {
            (Method::Put, Resource::Entity { set, predicate }) => {
                self.permissions.check(method)?;
                let ty = entity_set(&session.schema, set)?;
                let id = entity_id(predicate)?;
                let draft = session.draft(ty, &body(request)?, Purpose::Whole)?;
                session.update(ty, &id, &draft, Purpose::Whole, condition(request)?).map(Outcome::Updated)
            }
            (Method::Delete, Resource::Entity { set, predicate }) => {
                self.permissions.check(method)?;
                let ty = entity_set(&session.schema, set)?;
                session.remove(ty, &entity_id(predicate)?, condition(request)?)?;
                Ok(Outcome::Done)
            }
            (Method::Post, Resource::Links { set, predicate, property, target }) => {
                let ty = entity_set(&session.schema, set)?;
                self.permissions.check(method)?;
                if target.is_some() {
                    return Err(ErrorCode::LinksKeyForbidden.into());
                }
                let target = LinkTarget::parse(request.body.as_bytes(), self.root)?;
                session.link_to(ty, &entity_id(predicate)?, property, &target)?;
                Ok(Outcome::Done)
            }
            _ => Err(ErrorCode::MethodNotImplemented.into()),
        }
    }

    fn query(&self, tx: &dyn ReadTx, schema: &Arc<Schema>, request: &Request) -> Result<Outcome> {
        match &request.resource {
            Resource::Navigation { keyed: true, .. } => Err(ErrorCode::LinksKeyForbidden.into()),
            Resource::EntitySet { set } => {
                self.permissions.check(request.method)?;
                let ty = entity_set(schema, set)?;
                let options = ListOptions::parse(&Parameters::parse(&request.query))?;
                let page = page(tx, self.home, self.store, schema, ty, &options)?;
                Ok(Outcome::Listed {
                    schema: schema.clone(),
                    page,
                    options: Box::new(options),
                    set: set.clone(),
                })
            }
            // The options of a single entity are not looked at in a batch (API page 368).
            Resource::Entity { set, predicate } => {
                self.permissions.check(request.method)?;
                let ty = entity_set(schema, set)?;
                let row = find(tx, schema, ty, &entity_id(predicate)?)?.ok_or(ErrorCode::NoSuchEntity)?;
                Ok(Outcome::Found { schema: schema.clone(), row })
            }
            _ => Err(ErrorCode::MethodNotImplemented.into()),
        }
    }
}

fn body(request: &Request) -> Result<Object> {
    Object::parse(request.body.as_bytes())
}

fn condition(request: &Request) -> Result<IfMatch> {
    IfMatch::parse(request.header("If-Match"))
}
