//! The Cell's RSA key: what it signs for applications with (API page 298, OpenID Connect Core §2).
//!
//! It is made when it is first needed and kept among the Cell's values. It is in no snapshot: who has it speaks
//! for the Cell, and a snapshot goes through many hands. An import leaves the Cell the one it has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::jwt::{CellKey, IdTokenClaims, KeyError, key_set};
use saibo_oauth::token::ACCESS_LIFETIME;
use saibo_store::StoreExt as _;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::dav::resource::authorize_cell;
use crate::{Access, Cell};

/// Scope of the Cell's values that hold its key, by the key's id.
pub(super) const KEY: &str = "key";

/// The Cell's key.
pub(super) fn of_cell(cell: &Cell) -> Result<CellKey> {
    if let Some((id, text)) = cell.store().read(|tx| Ok(tx.values(KEY)?.into_iter().next()))? {
        return read(&id, &text);
    }
    let made = CellKey::generate(uuid::Uuid::new_v4().to_string()).map_err(failed)?;
    let id = made.id().to_owned();
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(made.to_pkcs8().map_err(failed)?.as_slice()));
    // Somebody else may have needed it at the same time: the first one to be stored counts.
    let stored = cell.store().write(move |tx| match tx.read().values(KEY)?.into_iter().next() {
        Some(first) => Ok(first),
        None => {
            tx.set_value(KEY, &id, Some(&text))?;
            Ok((id, text.to_string()))
        }
    })?;
    if stored.0 == made.id() { Ok(made) } else { read(&stored.0, &stored.1) }
}

fn read(id: &str, text: &str) -> Result<CellKey> {
    let der = STANDARD_NO_PAD.decode(text).map(Zeroizing::new);
    let der = der.map_err(|e| Error::from(ErrorCode::DataInconsistency).because(e))?;
    CellKey::from_pkcs8(id, &der).map_err(failed)
}

/// `GET {cell}__certs`: the public half, as a JWK set (RFC 7517 §5). Anybody may see it.
///
/// # Errors
/// The store's.
pub fn certificates(cell: &Cell) -> Result<Value> {
    Ok(key_set([&of_cell(cell)?]))
}

/// `POST {cell}__sign`: signs any document (RFC 7515 §7.1).
///
/// # Errors
/// Why whoever asks may not; the store's.
pub fn sign(cell: &Cell, access: &Access, document: &[u8]) -> Result<String> {
    cell.store().read(|tx| authorize_cell(tx, cell, access, Privilege::Sign))?;
    of_cell(cell)?.sign(document).map_err(failed)
}

/// An id_token about an Account for an application.
pub(super) fn id_token(
    cell: &Cell,
    key: &CellKey,
    account: &str,
    client_id: &str,
    nonce: Option<&str>,
    now: i64,
) -> Result<String> {
    let seconds = now.div_euclid(1000);
    let claims = IdTokenClaims {
        iss: cell.url().to_owned(),
        sub: account.to_owned(),
        aud: client_id.to_owned(),
        exp: seconds + i64::from(ACCESS_LIFETIME),
        iat: seconds,
        nonce: nonce.map(str::to_owned),
    };
    key.sign_id_token(&claims).map_err(failed)
}

fn failed(error: KeyError) -> Error {
    Error::from(ErrorCode::Unknown).because(error)
}
