//! What is known of Cells that have moved: from here, and to here.

use saibo_model::{ErrorCode, Id, Result};
use saibo_saml::{Assertion, AssertionFault};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};
use serde::{Deserialize, Serialize};

use crate::{Cell, Unit, document};

/// Scope of the register's values that say of a Cell, by its id, where it has moved.
const SCOPE: &str = "moved";

/// Scope of the register's values that name the former URLs of a Cell, by its URL.
const FORMER: &str = "former";

/// How many former URLs of a Cell are known.
const MOST_FORMER: usize = 16;

/// That a Cell has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Its URL from here.
    pub from: String,
    /// Its URL there.
    pub to: String,
    /// When it did, ms since 1970.
    pub at: i64,
}

/// Where a Cell has moved, if it has.
pub(crate) fn find(tx: &dyn ReadTx, cell: &Id) -> Result<Option<Moved>> {
    tx.value(SCOPE, cell.as_str())?.map(|text| document::stored(&text)).transpose()
}

/// Says that a Cell has moved. The other Cells of this unit know it under both URLs then.
pub(super) fn enter(tx: &mut dyn WriteTx, cell: &Id, moved: &Moved) -> Result<()> {
    tx.set_value(SCOPE, cell.as_str(), Some(&json(moved)?))?;
    add_former(tx, &moved.to, &moved.from)
}

/// Forgets that a Cell has moved.
pub(super) fn forget(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
    let Some(moved) = find(tx.read(), cell)? else { return Ok(()) };
    tx.set_value(SCOPE, cell.as_str(), None)?;
    let mut former = read_former(tx.read(), &moved.to)?;
    former.retain(|url| *url != moved.from);
    set_former(tx, &moved.to, &former)
}

/// Forgets what is known of a Cell that is deleted: nothing leads anywhere from its URL any more. That it had the URLs
/// which it had stays true for others.
pub(crate) fn forget_all(unit: &Unit, cell: &Id, url: &str) -> Result<()> {
    let (cell, url) = (cell.clone(), url.to_owned());
    unit.backend().register().write(move |tx| {
        tx.set_value(SCOPE, cell.as_str(), None)?;
        tx.set_value(FORMER, &url, None)
    })
}

/// Notes that the Cell of a URL had another one before.
pub(super) fn add_former(tx: &mut dyn WriteTx, url: &str, before: &str) -> Result<()> {
    let mut former = read_former(tx.read(), url)?;
    if former.iter().any(|known| known == before) {
        return Ok(());
    }
    former.insert(0, before.to_owned());
    former.truncate(MOST_FORMER);
    set_former(tx, url, &former)
}

fn set_former(tx: &mut dyn WriteTx, url: &str, former: &[String]) -> Result<()> {
    let text = if former.is_empty() { None } else { Some(json(&former)?) };
    tx.set_value(FORMER, url, text.as_deref())
}

fn read_former(tx: &dyn ReadTx, url: &str) -> Result<Vec<String>> {
    tx.value(FORMER, url)?.map_or_else(|| Ok(Vec::new()), |text| document::stored(&text))
}

/// The URLs that the Cell of a URL had before it moved there, as far as this unit knows.
pub(super) fn former_urls(unit: &Unit, url: &str) -> Result<Vec<String>> {
    unit.backend().register().read(|tx| read_former(tx, url))
}

/// Whether an assertion counts for a Cell at `now` (ms since 1970): one that was made out for a URL that the Cell had
/// before does, too.
///
/// # Errors
/// The store's.
pub(crate) fn check(
    unit: &Unit,
    cell: &Cell,
    assertion: &Assertion,
    now: i64,
) -> Result<Result<(), AssertionFault>> {
    let checked = assertion.check(cell.url(), now);
    if checked != Err(AssertionFault::WrongTarget) {
        return Ok(checked);
    }
    let former = former_urls(unit, cell.url())?;
    let is_for_former = former.iter().any(|url| assertion.check(url, now).is_ok());
    Ok(if is_for_former { Ok(()) } else { checked })
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))
}
