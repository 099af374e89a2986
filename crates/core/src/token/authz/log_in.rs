//! Who is there, and what the application gets.

use saibo_model::query::{Comparison, Field, Filter, Literal, Stored};
use saibo_model::{EntitySet, ErrorCode, Kind, Result};
use saibo_oauth::cookie::open_cookie_without_peer;
use saibo_oauth::grant::AuthHistory;
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::{CODE_LIFETIME, Claims, CodeBinding, Token, TokenError, TokenKind};
use saibo_store::StoreExt as _;

use super::message::{self, Message};
use super::redirect::Parameters;
use super::request::{Asked, ResponseType, Terms, with_slash};
use super::{Answer, Call, is_true};
use crate::account::{Account, Status};
use crate::token::login::{Login, Proof};
use crate::token::{key, mint, password_change};
use crate::{Cell, Unit};

const INVALID_REQUEST: &str = "invalid_request";
const INVALID_GRANT: &str = "invalid_grant";
const UNAUTHORIZED_CLIENT: &str = "unauthorized_client";

/// A request that is in order, by somebody who is still to be recognised.
pub(super) struct Visit<'a> {
    pub(super) unit: &'a Unit,
    pub(super) cell: &'a Cell,
    pub(super) call: Call<'a>,
    pub(super) asked: Asked<'a>,
    pub(super) terms: Terms,
    pub(super) scopes: Scopes,
    pub(super) now: i64,
}

impl Visit<'_> {
    pub(super) fn answer(&self) -> Result<Answer> {
        let given = |name: &str| self.call.form.get(name);
        if !self.call.is_post {
            if is_true(given("password_change_required")) {
                return Ok(Answer::PasswordForm);
            }
            // Whatever is wrong with the cookie, one can log in.
            let known = self.call.cookie.map(|cookie| self.by_cookie(cookie)).transpose()?;
            return match known {
                Some(Ok(name)) => self.success(&name, None),
                Some(Err(_)) | None => Ok(Answer::LoginForm),
            };
        }
        if let Some(token) = given("access_token").filter(|token| !token.is_empty()) {
            return self.change_password(token);
        }
        if given("username").is_some() || given("password").is_some() {
            return self
                .by_password(given("username").unwrap_or_default(), given("password").unwrap_or_default());
        }
        let Some(cookie) = self.call.cookie else {
            return Ok(self.again(INVALID_REQUEST, message::NAME_OR_PASSWORD_MISSING, None));
        };
        match self.by_cookie(cookie)? {
            Ok(name) => self.success(&name, None),
            Err(message) => Ok(self.again(UNAUTHORIZED_CLIENT, message, None)),
        }
    }

    /// The Account whose login has left the cookie. The peer is not asked for: it is the form that the browser is
    /// sent from, not a script that could know it. In its place the application must be one that somebody has
    /// installed in this Cell, so that a foreign page cannot have a token made for itself in passing.
    fn by_cookie(&self, cookie: &str) -> Result<Result<String, Message>> {
        let Ok(text) = open_cookie_without_peer(&self.unit.keys(), self.cell.url(), cookie) else {
            return Ok(Err(message::LOG_IN));
        };
        let token = match Token::parse(&text, &self.unit.keys(), self.cell.url(), self.now) {
            Ok(token) if token.kind == TokenKind::ResidentAccess => token,
            Err(TokenError::Expired) => return Ok(Err(message::SESSION_ENDED)),
            _ => return Ok(Err(message::LOG_IN)),
        };
        let name = token.claims.subject;
        let account = self.cell.store().read(|tx| Account::find(tx, &name))?;
        if account.is_none_or(|account| account.status() != Status::Active) || !self.is_installed()? {
            return Ok(Err(message::LOG_IN));
        }
        Ok(Ok(name))
    }

    fn by_password(&self, name: &str, password: &str) -> Result<Answer> {
        if name.is_empty() || password.is_empty() {
            return Ok(self.again(INVALID_REQUEST, message::NAME_OR_PASSWORD_MISSING, None));
        }
        let login = Login { name, proof: Proof::Password(password), address: self.call.address };
        let logged_in = match login.check(self.unit, self.cell, self.now) {
            Ok(logged_in) => logged_in,
            Err(error) if error.code() == ErrorCode::LoginFailed => {
                return Ok(self.again(INVALID_GRANT, message::LOGIN_FAILED, None));
            }
            // To be tried again, not told to the browser.
            Err(error) if saibo_store::Error::is_retired(&error) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "a login could not be checked");
                return Ok(Answer::Redirect(self.asked.failed("server_error", message::SERVER_ERROR)));
            }
        };
        if logged_in.account.status() == Status::PasswordChangeRequired {
            let claims = self.claims(name, self.terms.expires_in, Scopes::default());
            let token = self.seal(TokenKind::PasswordChange, &claims)?;
            return Ok(self.again(UNAUTHORIZED_CLIENT, message::PASSWORD_CHANGE, Some(&token)));
        }
        let answer = self.success(name, Some(logged_in.history))?;
        logged_in.succeeded(self.unit, self.cell, login.proof, self.now)?;
        Ok(answer)
    }

    /// Changes the password of an Account that has to, and logs it in with the new one.
    fn change_password(&self, token: &str) -> Result<Answer> {
        let Some(password) = self.call.form.get("password").filter(|password| !password.is_empty()) else {
            return Ok(self.again(INVALID_REQUEST, message::PASSWORD_MISSING, Some(token)));
        };
        let parsed = match Token::parse(token, &self.unit.keys(), self.cell.url(), self.now) {
            Ok(parsed) if parsed.kind == TokenKind::PasswordChange => parsed,
            Err(TokenError::Expired) => {
                return Ok(self.again(UNAUTHORIZED_CLIENT, message::SESSION_ENDED, None));
            }
            _ => return Ok(self.again(UNAUTHORIZED_CLIENT, message::LOG_IN, None)),
        };
        let name = parsed.claims.subject;
        match password_change::change_required(self.unit, self.cell, &name, password, self.now) {
            Ok(()) => self.by_password(&name, password),
            Err(error) if saibo_store::Error::is_retired(&error) => Err(error),
            Err(error) => Ok(match error.code() {
                ErrorCode::PasswordFormat => {
                    self.again(INVALID_REQUEST, message::PASSWORD_FORMAT, Some(token))
                }
                ErrorCode::NoSuchEntity => self.again(INVALID_GRANT, message::LOGIN_FAILED, None),
                ErrorCode::NecessaryPrivilegeLacking => {
                    self.again(UNAUTHORIZED_CLIENT, message::LOG_IN, None)
                }
                _ => {
                    tracing::error!(%error, "a password could not be changed");
                    Answer::Redirect(self.asked.failed("server_error", message::PASSWORD_CHANGE_FAILED))
                }
            }),
        }
    }

    /// Sends the browser back with what was asked for. `history` is given for passwords.
    fn success(&self, name: &str, history: Option<AuthHistory>) -> Result<Answer> {
        let mut parameters = Parameters::default();
        if self.terms.response_type == ResponseType::Token {
            // What a page gets this way is good for the Boxes that let the application in, and for nothing at the
            // Cell's level: a token in a URL is easily lost.
            let claims = self.claims(name, self.terms.expires_in, Scopes::default());
            parameters =
                parameters.add_plain("access_token", &self.seal(TokenKind::ResidentAccess, &claims)?);
        }
        if let Some(history) = history {
            let last = history.last_authenticated.map_or_else(|| "null".to_owned(), |last| last.to_string());
            parameters = parameters.add_plain("last_authenticated", &last);
        }
        match self.terms.response_type {
            ResponseType::Token => {}
            ResponseType::Code => parameters = parameters.add_plain("code", &self.code(name)?),
            ResponseType::IdToken => {
                let key = key::of_cell(self.cell)?;
                let client_id = self.asked.client_id;
                let token = key::id_token(self.cell, &key, name, client_id, self.asked.nonce, self.now)?;
                parameters = parameters.add_plain("id_token", &token);
            }
        }
        if !self.is_installed()? {
            parameters = parameters.add_plain("box_not_installed", "true");
        }
        if let Some(history) = history {
            parameters = parameters.add_plain("failed_count", &history.failed_count.to_string());
        }
        parameters = parameters.add_if("state", self.asked.state);
        if self.terms.response_type == ResponseType::Token {
            parameters = parameters
                .add_plain("token_type", "Bearer")
                .add_plain("expires_in", &self.terms.expires_in.to_string());
        }
        Ok(Answer::Redirect(self.asked.to_application(parameters)))
    }

    fn code(&self, name: &str) -> Result<String> {
        let claims = self.claims(name, CODE_LIFETIME, self.scopes.clone());
        let binding = CodeBinding {
            redirect_uri: Some(self.asked.redirect_uri.to_owned()),
            challenge: self.terms.challenge.clone(),
            nonce: self.asked.nonce.map(str::to_owned),
        };
        self.seal(TokenKind::Code, &Claims { code: Some(binding), ..claims })
    }

    fn claims(&self, name: &str, lifetime: u32, scopes: Scopes) -> Claims {
        Claims {
            issuer: self.cell.url().to_owned(),
            subject: name.to_owned(),
            issued_at: self.now,
            lifetime,
            schema: Some(self.asked.client_id.to_owned()),
            scopes: scopes.into_vec(),
            ..Claims::default()
        }
    }

    fn seal(&self, kind: TokenKind, claims: &Claims) -> Result<String> {
        Token::seal(kind, claims, &self.unit.keys()).map_err(mint::unsealed)
    }

    /// Whether a Box of this Cell is the application's.
    fn is_installed(&self) -> Result<bool> {
        let client = with_slash(self.asked.client_id);
        let field = Field::Body { path: vec!["Schema".to_owned()], stored: Stored::Text };
        self.cell.store().read(|tx| {
            for schema in self.unit.settings().unit_url.spellings(&client) {
                let filter = Filter::Compare(field.clone(), Comparison::Equal, Literal::Text(schema));
                if tx.any(&EntitySet::control(Kind::Box), Some(&filter))? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn again(&self, error: &str, message: Message, change: Option<&str>) -> Answer {
        Answer::Redirect(self.asked.again(self.cell.url(), error, message, &self.scopes, change))
    }
}
