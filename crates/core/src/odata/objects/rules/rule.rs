//! Rules: fields that must go together (API page 2A1).

use saibo_model::edm::Value;
use saibo_model::url::{
    UnitUrl, is_cell_url, is_http_url, is_localbox_url, is_localcell_url, is_localunit_url,
};
use saibo_model::{ErrorCode, Result};

use super::super::fields::Fields;

/// Checks the fields of a Rule.
///
/// # Errors
/// 400-OD-0006 with the field that does not go with the others.
pub(super) fn check(unit: &UnitUrl, fields: &Fields) -> Result<()> {
    let rule = Rule {
        external: *fields.get("EventExternal") == Value::Boolean(true),
        in_box: fields.text("_Box.Name").is_some(),
        ty: fields.text("EventType"),
        object: fields.text("EventObject"),
        action: fields.text("Action"),
        target: fields.text("TargetUrl"),
    };
    // URLs of this unit are kept in a form that stays right when the Cell moves elsewhere.
    let is_portable = |field: &str| fields.text(field).is_none_or(|url| unit.http_to_localunit(url) == url);
    let unportable = ["EventSubject", "TargetUrl"].into_iter().find(|field| !is_portable(field));
    match unportable.or_else(|| rule.fault()) {
        Some(field) => Err(ErrorCode::FieldFormat.with([field])),
        None => Ok(()),
    }
}

/// The fields that must go together.
pub(crate) struct Rule<'f> {
    /// Whether it is about events from outside.
    pub(crate) external: bool,
    /// Whether it is in a Box.
    pub(crate) in_box: bool,
    /// `EventType`
    pub(crate) ty: Option<&'f str>,
    /// `EventObject`
    pub(crate) object: Option<&'f str>,
    /// `Action`
    pub(crate) action: Option<&'f str>,
    /// `TargetUrl`
    pub(crate) target: Option<&'f str>,
}

impl Rule<'_> {
    /// The field that does not go with the others.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let checks = [
            ("EventExternal", !(self.is_timer() && self.external)),
            ("EventType", self.has_type()),
            ("EventObject", self.has_object()),
            ("TargetUrl", self.has_target()),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }

    fn is_timer(&self) -> bool {
        matches!(self.ty, Some("timer.periodic" | "timer.oneshot"))
    }

    /// `relay.data` relays the data of an entity.
    fn has_type(&self) -> bool {
        self.action != Some("relay.data")
            || matches!(self.ty, Some("odata.create" | "odata.update" | "odata.patch"))
    }

    /// A timer's object is a number of minutes or a time; an event of the Cell itself is about something in it.
    fn has_object(&self) -> bool {
        if self.is_timer() {
            return self.object.and_then(|object| object.parse::<i64>().ok()).is_some_and(|time| time > 0);
        }
        let Some(object) = self.object.filter(|_| !self.external) else { return true };
        if self.in_box {
            is_localbox_url(object)
                || (is_localcell_url(object) && object.starts_with("personium-localcell:/__"))
        } else {
            is_localcell_url(object)
        }
    }

    fn has_target(&self) -> bool {
        let needs = matches!(self.action, Some("exec" | "relay" | "relay.event" | "relay.data"));
        match (self.action, self.target) {
            (_, None) => !needs,
            (Some("exec"), Some(url)) if self.in_box => is_localbox_url(url),
            (Some("exec"), Some(url)) => is_localcell_url(url),
            (Some("relay" | "relay.data"), Some(url)) => {
                is_http_url(url)
                    || is_localunit_url(url)
                    || is_localcell_url(url)
                    || (self.in_box && is_localbox_url(url))
            }
            (Some("relay.event"), Some(url)) => is_cell_url(url) || url == "personium-localcell:/",
            _ => true,
        }
    }
}
