//! Cells that are known here under a URL that they had before.
//!
//! What a Cell has made out for another one (an ExtCell with its Roles and Relations) names its URL. When that one has
//! moved, what it says of its people is signed in the name of the new one. So it is asked for its former URLs, once in
//! a while, and the Cell of such a URL whether that is so: only whoever has the old URL can give it to another.

use std::collections::HashMap;

use parking_lot::Mutex;
use saibo_model::{EntitySet, Kind, Result};
use saibo_store::StoreExt as _;

use super::moved;
use crate::{Cell, Unit, clock};

/// How long nobody is asked again, in ms.
const PAUSE: i64 = 10 * 60 * 1000;

/// More than this and all are forgotten.
const ASKED: usize = 1024;

/// How many former URLs of a Cell are looked into at a time.
const MOST: usize = 4;

/// Which Cells were asked lately, by their URLs.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<HashMap<String, i64>>);

impl Asked {
    /// Whether it is time to ask; it is not again for a while.
    fn is_time(&self, url: &str, now: i64) -> bool {
        let mut asked = self.0.lock();
        if asked.get(url).is_some_and(|at| now - at < PAUSE) {
            return false;
        }
        if asked.len() >= ASKED {
            asked.clear();
        }
        asked.insert(url.to_owned(), now);
        true
    }
}

/// The URLs that the Cell which issued something had before, as far as they matter to a Cell here. May wait for a
/// network, for a bounded time; a Cell that does not answer had none.
///
/// # Errors
/// The store's.
pub(crate) fn former_urls(unit: &Unit, cell: &Cell, issuer: &str) -> Result<Vec<String>> {
    let known = moved::former_urls(unit, issuer)?;
    let is_of_unit = unit.settings().unit_url.cell_name(issuer).is_some();
    if !known.is_empty() || is_of_unit || !is_stranger(unit, cell, issuer)? {
        return Ok(known);
    }
    let Some(carrier) = unit.carrier().filter(|_| unit.asked().is_time(issuer, clock::now())) else {
        return Ok(known);
    };
    let claimed = carrier.former(issuer).unwrap_or_else(|error| {
        tracing::debug!(%error, issuer, "a Cell could not be asked for its former URLs");
        Vec::new()
    });
    let mut found = Vec::new();
    for url in claimed.into_iter().take(MOST) {
        if is_stranger(unit, cell, &url)? {
            continue;
        }
        match carrier.moved_to(&url) {
            Ok(Some(to)) if to == issuer => found.push(url),
            Ok(_) => tracing::warn!(issuer, url, "a Cell claims a former URL that is not"),
            Err(error) => tracing::debug!(%error, url, "a Cell that may have moved could not be asked"),
        }
    }
    if !found.is_empty() {
        let (issuer, urls) = (issuer.to_owned(), found.clone());
        unit.backend()
            .register()
            .write(move |tx| urls.iter().try_for_each(|url| moved::add_former(tx, &issuer, url)))?;
    }
    Ok(found)
}

/// Whether a Cell has no ExtCell of a URL.
fn is_stranger(unit: &Unit, cell: &Cell, url: &str) -> Result<bool> {
    let set = EntitySet::control(Kind::ExtCell);
    cell.store().read(|tx| {
        for url in unit.settings().unit_url.spellings(url) {
            if tx.document(&set, None, &url)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    })
}
