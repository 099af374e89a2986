//! The page that a Cell shows to browsers: `relayhtmlurl` (API pages 200 and 291).

use saibo_model::url::localcell_to_http;
use saibo_model::{ErrorCode, Result};
use saibo_store::StoreExt as _;

use crate::token::property::text_of_cell;
use crate::{Cell, Unit};

/// The property that names the page.
const PROPERTY: &str = "relayhtmlurl";

/// The URL of the page, as an http(s) one: the Cell's own, or the unit's default.
///
/// # Errors
/// 412-UI-0001 if neither is set, 412-UI-0002 if it is no URL; the store's.
pub fn page_url(unit: &Unit, cell: &Cell) -> Result<String> {
    let own = cell.store().read(|tx| text_of_cell(tx, PROPERTY))?;
    let chosen = own.as_deref().or(unit.settings().relay_html_url.as_deref());
    let chosen = chosen.ok_or_else(|| ErrorCode::PropertyNotConfigured.with([PROPERTY]))?;
    let url = unit.settings().unit_url.localunit_to_http(chosen);
    let url = localcell_to_http(cell.url(), &url).into_owned();
    let is_http = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_http { Ok(url) } else { Err(ErrorCode::PropertyNotUrl.with([PROPERTY])) }
}
