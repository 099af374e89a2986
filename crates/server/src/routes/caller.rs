//! Who sent a request, and the Cell that it is about.

use saibo_core::access::{self, Access, Credentials};
use saibo_core::{Cell, Unit};
use saibo_model::Result;

use super::Context;
use crate::http::Request;

/// The credentials of a request, to be looked at off the async threads.
#[derive(Clone, Debug)]
pub struct Caller {
    authorization: Option<String>,
    unit_user: Option<String>,
    cookie: Option<(String, String)>,
    address: std::net::IpAddr,
    cell: String,
    /// When the request came, ms since 1970.
    pub now: i64,
}

impl Caller {
    /// Of a request about a Cell, or with an empty name about the unit.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        let request: &Request = &context.request;
        let text = |name: &str| request.header(name).map(str::to_owned);
        let peer = request.query.get("p_cookie_peer").filter(|peer| !peer.is_empty());
        Self {
            authorization: text("authorization"),
            unit_user: text("x-personium-unit-user"),
            cookie: peer.map(|peer| (peer, request.cookie("p_cookie").unwrap_or_default().to_owned())),
            address: request.peer,
            cell: context.cell().to_owned(),
            now: request.now_ms,
        }
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            authorization: self.authorization.as_deref(),
            unit_user: self.unit_user.as_deref(),
            cookie: self.cookie.as_ref().map(|(peer, cookie)| (peer.as_str(), cookie.as_str())),
            address: Some(self.address),
        }
    }

    /// The Cell, and what the caller may be in it.
    ///
    /// # Errors
    /// If there is no such Cell; the store's.
    pub fn enter(&self, unit: &Unit) -> Result<(Cell, Access)> {
        self.at(unit, unit.cell(&self.cell)?)
    }

    /// The same, even if it has moved.
    ///
    /// # Errors
    /// As [`Caller::enter`], but for that.
    pub fn enter_or_moved(&self, unit: &Unit) -> Result<(Cell, Access)> {
        self.at(unit, unit.cell_or_moved(&self.cell)?)
    }

    fn at(&self, unit: &Unit, cell: Cell) -> Result<(Cell, Access)> {
        let access = access::authenticate(unit, Some(&cell), self.credentials(), self.now)?;
        Ok((cell, access))
    }

    /// What the caller may be in the unit.
    ///
    /// # Errors
    /// The store's.
    pub fn at_unit(&self, unit: &Unit) -> Result<Access> {
        access::authenticate(unit, None, self.credentials(), self.now)
    }
}
