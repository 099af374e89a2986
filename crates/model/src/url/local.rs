//! The schemes `personium-localunit:`, `personium-localcell:` and `personium-localbox:`, to and from http(s).
//!
//! Data that refers to its own unit, Cell or Box by them stays right when it is moved. Each conversion
//! leaves a URL that it does not apply to as it is.

use std::borrow::Cow;

use super::{Place, UnitUrl};

pub(super) const LOCALUNIT: &str = "personium-localunit:";
pub(super) const LOCALCELL: &str = "personium-localcell:";
pub(super) const LOCALBOX: &str = "personium-localbox:";

impl UnitUrl {
    /// `personium-localunit:/cell/path` and `personium-localunit:cell:/path` to http(s).
    #[must_use]
    pub fn localunit_to_http<'a>(&self, url: &'a str) -> Cow<'a, str> {
        Place::of_localunit(url).map_or(Cow::Borrowed(url), |place| Cow::Owned(self.http(&place)))
    }

    /// An http(s) URL of this unit to `personium-localunit:cell:/path`, or without a Cell to
    /// `personium-localunit:/path`.
    #[must_use]
    pub fn http_to_localunit<'a>(&self, url: &'a str) -> Cow<'a, str> {
        self.place_of_http(url).map_or(Cow::Borrowed(url), |place| Cow::Owned(place.double_colon()))
    }

    /// Every spelling of a URL: itself first and, if it is of this unit, the other ones of http(s),
    /// `personium-localunit:cell:/` and `personium-localunit:/cell/`. Stored schemas and ExtCells are as
    /// their clients wrote them, so a search must try them all.
    #[must_use]
    pub fn spellings(&self, url: &str) -> Vec<String> {
        let mut all = vec![url.to_owned()];
        if let Some(place) = self.place(url) {
            for spelling in [self.http(&place), place.double_colon(), place.single_colon()] {
                if !all.contains(&spelling) {
                    all.push(spelling);
                }
            }
        }
        all
    }

    fn http(&self, place: &Place<'_>) -> String {
        let (mut base, rest) = match place {
            Place::Unit(rest) => (self.to_string(), rest),
            Place::Cell(cell, rest) => (self.cell_url(cell), rest),
        };
        base.push_str(rest.strip_prefix('/').unwrap_or(rest));
        base
    }
}

impl<'a> Place<'a> {
    /// Where a URL of the scheme `personium-localunit:` points; `None` for other schemes.
    pub(super) fn of_localunit(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix(LOCALUNIT)?;
        Some(match split_double_colon(rest) {
            Some((cell, path)) => Place::Cell(cell.to_owned(), path),
            None => Place::of_path(rest),
        })
    }

    fn double_colon(&self) -> String {
        match self {
            Place::Unit(_) => self.single_colon(),
            Place::Cell(cell, rest) => format!("{LOCALUNIT}{cell}:{}{rest}", slash_before(rest)),
        }
    }

    fn single_colon(&self) -> String {
        match self {
            Place::Unit(rest) => format!("{LOCALUNIT}{}{rest}", slash_before(rest)),
            Place::Cell(cell, rest) => format!("{LOCALUNIT}/{cell}{}{rest}", slash_before(rest)),
        }
    }
}

/// The slash that a unit's or Cell's URL ends with, unless what follows already begins with it.
fn slash_before(rest: &str) -> &'static str {
    if rest.starts_with('/') { "" } else { "/" }
}

/// Cell and path of `cell:/path`; a colon after a slash, query or fragment is not such a one.
pub(super) fn split_double_colon(rest: &str) -> Option<(&str, &str)> {
    let is_cell =
        |c: &str| !c.is_empty() && c.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    rest.split_once(':').filter(|(cell, _)| is_cell(cell))
}

/// `personium-localcell:/path` to http(s), with the Cell's URL, which ends with a slash.
#[must_use]
pub fn localcell_to_http<'a>(cell_url: &str, url: &'a str) -> Cow<'a, str> {
    expand(LOCALCELL, cell_url, url)
}

/// An http(s) URL in the Cell to `personium-localcell:/path`.
#[must_use]
pub fn http_to_localcell<'a>(cell_url: &str, url: &'a str) -> Cow<'a, str> {
    contract(LOCALCELL, cell_url, url)
}

/// `personium-localbox:/path` to http(s), with the Box's URL, which ends with a slash.
#[must_use]
pub fn localbox_to_http<'a>(box_url: &str, url: &'a str) -> Cow<'a, str> {
    expand(LOCALBOX, box_url, url)
}

/// An http(s) URL in the Box to `personium-localbox:/path`.
#[must_use]
pub fn http_to_localbox<'a>(box_url: &str, url: &'a str) -> Cow<'a, str> {
    contract(LOCALBOX, box_url, url)
}

/// `personium-localbox:/path` to `personium-localcell:/box/path`.
#[must_use]
pub fn localbox_to_localcell<'a>(box_name: &str, url: &'a str) -> Cow<'a, str> {
    expand(LOCALBOX, &format!("{LOCALCELL}/{box_name}/"), url)
}

fn expand<'a>(scheme: &str, base: &str, url: &'a str) -> Cow<'a, str> {
    match url.strip_prefix(scheme).and_then(|rest| rest.strip_prefix('/')) {
        Some(path) => Cow::Owned(format!("{base}{path}")),
        None => Cow::Borrowed(url),
    }
}

fn contract<'a>(scheme: &str, base: &str, url: &'a str) -> Cow<'a, str> {
    match url.strip_prefix(base) {
        Some(path) if base.ends_with('/') => Cow::Owned(format!("{scheme}/{path}")),
        _ => Cow::Borrowed(url),
    }
}
