//! Makes tokens, once it is clear for whom.

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::{TokenRequest, TokenResponse};
use saibo_oauth::token::{Claims, Origin, SealError, Token, TokenKind};
use saibo_saml::Assertion;
use saibo_store::StoreExt as _;

use super::property::may_represent_owner;
use crate::access::{Vouched, roles_of_account, roles_of_visitor};
use crate::relocation;
use crate::{Cell, Unit, role};

/// What is known of a token before it is known for whom it is.
#[derive(Clone, Copy)]
pub(super) struct Mint<'a> {
    pub(super) unit: &'a Unit,
    pub(super) cell: &'a Cell,
    pub(super) now: i64,
    pub(super) request: &'a TokenRequest,
    /// `p_target`: another Cell where it is to be used.
    pub(super) target: Option<&'a str>,
    /// The application that asks, with `#c` if it is confidential.
    pub(super) client: Option<&'a str>,
}

/// Somebody of another Cell.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) subject: String,
    /// Class URLs of their roles there.
    pub(super) roles: Vec<String>,
    pub(super) origin: Origin,
}

impl Mint<'_> {
    /// The tokens of an Account, for this Cell or another.
    pub(super) fn resident(&self, name: &str, scopes: Vec<String>) -> Result<TokenResponse> {
        let claims = self.claims(name.to_owned(), scopes);
        let response = match self.target {
            None => {
                let token = self.seal(TokenKind::ResidentAccess, &claims)?;
                let mut response = TokenResponse::new(token, self.request.expires_in);
                response.p_target = Some(self.cell.url().to_owned());
                response
            }
            Some(target) => {
                let roles = self.cell.store().read(|tx| {
                    let roles = roles_of_account(tx, name)?.unwrap_or_default();
                    role::class_urls(tx, &self.unit.settings().unit_url, self.cell.url(), &roles)
                })?;
                let subject = format!("{}#{name}", self.cell.url());
                self.transcell(target, subject, roles, &claims.scopes)?
            }
        };
        self.with_refresh(response, TokenKind::ResidentRefresh, claims)
    }

    /// The tokens of somebody of another Cell.
    pub(super) fn visitor(&self, visitor: Visitor, scopes: Vec<String>) -> Result<TokenResponse> {
        let former = relocation::former_urls(self.unit, self.cell, &visitor.origin.issuer)?;
        let vouched = Vouched {
            issuer: &visitor.origin.issuer,
            former: &former,
            subject: &visitor.subject,
            roles: &visitor.roles,
        };
        let unit_url = &self.unit.settings().unit_url;
        let roles = self.cell.store().read(|tx| {
            let roles = roles_of_visitor(tx, unit_url, vouched)?;
            match self.target {
                None => role::instance_urls(tx, self.cell.url(), &roles),
                Some(_) => role::class_urls(tx, unit_url, self.cell.url(), &roles),
            }
        })?;
        let claims = self.claims(visitor.subject.clone(), scopes);
        let response = match self.target {
            None => {
                let claims = Claims { roles, ..claims.clone() };
                TokenResponse::new(self.seal(TokenKind::VisitorAccess, &claims)?, self.request.expires_in)
            }
            Some(target) => self.transcell(target, visitor.subject, roles, &claims.scopes)?,
        };
        let claims = Claims { roles: visitor.roles, origin: Some(visitor.origin), ..claims };
        self.with_refresh(response, TokenKind::VisitorRefresh, claims)
    }

    /// The token of the Cell's owner, for an Account that may represent them (API page 106).
    ///
    /// # Errors
    /// [`ErrorCode::OwnerNotAllowed`], [`ErrorCode::CellOwnerMissing`]; the store's.
    pub(super) fn owner(&self, account: &str) -> Result<TokenResponse> {
        if !self.cell.store().read(|tx| may_represent_owner(tx, account))? {
            return Err(ErrorCode::OwnerNotAllowed.into());
        }
        let owner = self.cell.owner().ok_or(ErrorCode::CellOwnerMissing)?;
        let claims = Claims {
            issuer: self.unit.settings().unit_url.as_str().to_owned(),
            subject: owner.to_owned(),
            issued_at: self.now,
            lifetime: self.request.expires_in,
            ..Claims::default()
        };
        Ok(TokenResponse::new(self.seal(TokenKind::UnitUser, &claims)?, self.request.expires_in))
    }

    fn claims(&self, subject: String, scopes: Vec<String>) -> Claims {
        Claims {
            issuer: self.cell.url().to_owned(),
            subject,
            issued_at: self.now,
            lifetime: self.request.expires_in,
            schema: self.client.map(str::to_owned),
            scopes,
            ..Claims::default()
        }
    }

    fn transcell(
        &self,
        target: &str,
        subject: String,
        roles: Vec<String>,
        scopes: &[String],
    ) -> Result<TokenResponse> {
        let token = self.unit.transcell().seal(&Assertion {
            id: uuid::Uuid::new_v4().to_string(),
            issuer: self.cell.url().to_owned(),
            subject,
            target: target.to_owned(),
            schema: self.client.map(str::to_owned),
            roles,
            scopes: scopes.to_vec(),
            issued_at: self.now,
            expires_at: self.now + i64::from(self.request.expires_in) * 1000,
        })?;
        let mut response = TokenResponse::new(token, self.request.expires_in);
        response.p_target = Some(target.to_owned());
        Ok(response)
    }

    fn with_refresh(
        &self,
        mut response: TokenResponse,
        kind: TokenKind,
        claims: Claims,
    ) -> Result<TokenResponse> {
        response.scope = claims.scopes.join(" ");
        let lifetime = self.request.refresh_expires_in;
        let token = self.seal(kind, &Claims { lifetime, ..claims })?;
        Ok(response.with_refresh(token, lifetime))
    }

    pub(super) fn seal(&self, kind: TokenKind, claims: &Claims) -> Result<String> {
        Token::seal(kind, claims, &self.unit.keys()).map_err(unsealed)
    }
}

/// A token could not be made, which says something about the machine and nothing about the request.
pub(super) fn unsealed(error: SealError) -> Error {
    Error::from(ErrorCode::Unknown).because(error)
}
