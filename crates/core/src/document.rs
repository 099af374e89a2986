//! Documents between their stored form and a snapshot's line.

use std::borrow::Cow;

use saibo_model::{Document, ErrorCode, Id, Kind, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Scope of a Cell's values that hold what a snapshot's links had beyond what is known of links, by `_id`.
pub const LINK_EXTRA: &str = "link";

/// The field of `s` that tells a document from the others of its set.
#[must_use]
pub fn key_field(kind: Kind) -> &'static str {
    match kind {
        Kind::ExtCell => "Url",
        Kind::ExtRole => "ExtRole",
        Kind::SentMessage | Kind::ReceivedMessage | Kind::UserData => "__id",
        _ => "Name",
    }
}

/// Reads JSON that the store keeps.
///
/// # Errors
/// [`ErrorCode::DataInconsistency`] if it is not what is expected.
pub(crate) fn stored<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e))
}

/// The same, of an object: a document's fields.
///
/// # Errors
/// As [`stored`].
pub(crate) fn object(json: &str) -> Result<Map<String, Value>> {
    stored(json)
}

/// What a document or node keeps of a snapshot without knowing it: members of the JSON object in `extra`. The known
/// ones are `d`, `a` and `l` (links of unknown names).
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// `d`.
    pub dynamic: Option<String>,
    /// `a`.
    pub acl: Option<String>,
    links: Vec<(String, String)>,
    rest: Vec<(String, String)>,
}

impl Extra {
    /// Reads a document's or node's `extra`.
    ///
    /// # Errors
    /// [`ErrorCode::DataInconsistency`] if it is no object.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let mut extra = Self::default();
        let Some(text) = text else { return Ok(extra) };
        let bad = |e: saibo_archive::Error| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e);
        for (name, json) in saibo_archive::members(text).map_err(bad)? {
            match name.as_ref() {
                "d" => extra.dynamic = Some(json.to_owned()),
                "a" => extra.acl = Some(json.to_owned()),
                "l" => {
                    for (name, id) in saibo_archive::members(json).map_err(bad)? {
                        extra.links.push((name.into_owned(), stored(id)?));
                    }
                }
                _ => extra.rest.push((name.into_owned(), json.to_owned())),
            }
        }
        Ok(extra)
    }

    /// The text for `extra`; `None` if there is nothing to keep.
    #[must_use]
    pub fn to_text(
        dynamic: Option<&str>,
        acl: Option<&str>,
        links: &[(&str, &str)],
        unknown: &[(Cow<'_, str>, &str)],
    ) -> Option<String> {
        let links = (!links.is_empty()).then(|| {
            saibo_archive::object(links.iter().map(|(name, id)| (*name, serde_json::json!(id).to_string())))
        });
        let members: Vec<(&str, &str)> = [("d", dynamic), ("a", acl), ("l", links.as_deref())]
            .into_iter()
            .filter_map(|(name, json)| json.map(|json| (name, json)))
            .chain(unknown.iter().map(|(name, json)| (name.as_ref(), *json)))
            .collect();
        (!members.is_empty()).then(|| saibo_archive::object(members))
    }

    /// The members that nothing here knows.
    #[must_use]
    pub fn unknown(&self) -> Vec<(Cow<'_, str>, &str)> {
        self.rest.iter().map(|(name, json)| (Cow::Borrowed(name.as_str()), json.as_str())).collect()
    }
}

/// `l`: the to-one links of a document that is no entity.
#[must_use]
pub fn to_one_links<'a>(document: &'a Document, extra: &'a Extra) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let parent = document.set.kind.parent().zip(document.parent.as_ref());
    let mut links: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        parent.map(|(kind, id)| (kind.name().into(), id.as_str().into())).into_iter().collect();
    links.extend(document.peer.as_ref().map(|id: &Id| (document.set.kind.name().into(), id.as_str().into())));
    links.extend(extra.links.iter().map(|(name, id)| (name.as_str().into(), id.as_str().into())));
    links
}
