//! Who asks for what: what every use case on something in a Box takes.

use std::sync::Arc;

use saibo_dav::href;
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};

use super::Resource;
use crate::{Access, Cell, Unit};

/// A request for what a path in a Box leads to.
#[derive(Clone)]
pub struct Request {
    /// The unit.
    pub unit: Arc<Unit>,
    /// The Cell.
    pub cell: Cell,
    /// Who asks.
    pub access: Access,
    /// The Box's name, `__` for the main box.
    pub box_name: String,
    /// The names below the Box, decoded; none is the Box itself.
    pub path: Vec<String>,
    /// When, ms since 1970.
    pub now: i64,
}

impl Request {
    /// URL of the Box, without a slash at the end.
    #[must_use]
    pub fn box_url(&self) -> String {
        format!("{}{}", self.cell.url(), self.box_name)
    }

    /// URL of what is asked for as it is shown, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.box_url();
        for name in &self.path {
            url.push('/');
            url.push_str(&href::segment(name));
        }
        url
    }

    /// Walks the path.
    pub(crate) fn find(&self, tx: &dyn ReadTx) -> Result<Resource> {
        Resource::find(tx, &self.unit, &self.cell, &self.box_name, &self.path)
    }

    /// Runs a read on what the path leads to.
    pub(crate) fn read<R>(&self, work: impl FnOnce(&dyn ReadTx, Resource) -> Result<R>) -> Result<R> {
        self.cell.store().read(|tx| work(tx, self.find(tx)?))
    }

    /// Runs a change of what the path leads to, after a check that it passes twice: on a read, so that what
    /// is refused never waits for the Cell's writer or makes others wait, and again where it counts.
    pub(crate) fn write<R: Send + 'static>(
        &self,
        check: impl Fn(&dyn ReadTx, &Request, &Resource) -> Result<()> + Send + 'static,
        work: impl FnOnce(&mut dyn WriteTx, &Request, Resource) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.read(|tx, resource| check(tx, self, &resource))?;
        let request = self.clone();
        self.cell.store().write(move |tx| {
            let resource = request.find(tx.read())?;
            check(tx.read(), &request, &resource)?;
            work(tx, &request, resource)
        })
    }

    /// Checks that whoever asks may do to the resource what needs a privilege.
    pub(crate) fn authorize(&self, resource: &Resource, privilege: Privilege) -> Result<()> {
        resource.authorize(&self.access, &self.cell, privilege)
    }

    /// The same of the collection that the resource is or would be in.
    pub(crate) fn authorize_parent(&self, resource: &Resource, privilege: Privilege) -> Result<()> {
        resource.authorize_parent(&self.access, &self.cell, privilege)
    }

    /// That there is nothing at the path.
    pub(crate) fn not_found(&self) -> Error {
        ErrorCode::ResourceNotFound.with([self.url()])
    }

    /// That there is no collection at the path's parent.
    pub(crate) fn no_parent(&self) -> Error {
        let url = self.url();
        let parent = url.rsplit_once('/').map_or(url.as_str(), |(parent, _)| parent);
        ErrorCode::ParentNotFound.with([parent])
    }
}
