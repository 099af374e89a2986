//! What a message requests: Relations and Roles to be given to a Cell or taken from it, and Rules.

use saibo_model::edm::Value;
use saibo_model::{ErrorCode, Result, name};
use saibo_odata::constraint::Constraint;

use crate::odata::objects::{Fields, Rule};

/// The field that holds the requests.
const FIELD: &str = "RequestObjects";

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'v>(&'v [(String, Value)]);

impl<'v> Request<'v> {
    /// The requests of a message.
    pub(super) fn all(value: &'v Value) -> Vec<Self> {
        let Value::List(items) = value else { return Vec::new() };
        let members = |item: &'v Value| match item {
            Value::Complex(members) => Some(Self(members)),
            _ => None,
        };
        items.iter().filter_map(members).collect()
    }

    /// The text of a member.
    pub(super) fn text(self, name: &str) -> Option<&'v str> {
        self.0.iter().find(|(member, _)| member == name)?.1.as_str()
    }

    /// What is requested: `relation.add`.
    pub(super) fn ty(self) -> &'v str {
        self.text("RequestType").unwrap_or_default()
    }

    /// Every member that has a text.
    pub(super) fn texts(self) -> impl Iterator<Item = (&'v str, &'v str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    fn check(self, in_box: bool, is_sent: bool) -> Result<()> {
        match self.ty() {
            "relation.add" | "relation.remove" => self.check_link(name::is_relation_name, "__relation"),
            "role.add" | "role.remove" => self.check_link(name::is_name, "__role"),
            "rule.add" => {
                self.check_rule_name(is_sent)?;
                if self.text("Action").is_none() {
                    return Err(fault("Action"));
                }
                let rule = Rule {
                    external: false,
                    in_box,
                    ty: self.text("EventType"),
                    object: self.text("EventObject"),
                    action: self.text("Action"),
                    target: self.text("TargetUrl"),
                };
                rule.fault().map_or(Ok(()), |field| Err(fault(field)))
            }
            "rule.remove" => self.check_rule_name(false),
            _ => Err(fault("RequestType")),
        }
    }

    /// A Relation or Role: by its name, in the Box of the message, or by its class URL; and a Cell.
    fn check_link(self, is_name: fn(&str) -> bool, segment: &str) -> Result<()> {
        let is_right = match (self.text("Name"), self.text("ClassUrl")) {
            (Some(name), None) => is_name(name),
            (None, Some(url)) => {
                Constraint::Uri.allows(url) && class(url, segment).is_some_and(|(_, name)| is_name(name))
            }
            _ => return Err(ErrorCode::FieldFormat.with([format!("{FIELD}.Name,{FIELD}.ClassUrl")])),
        };
        if !is_right {
            return Err(fault(if self.text("Name").is_some() { "Name" } else { "ClassUrl" }));
        }
        // An ExtCell is to be made of it.
        let is_cell = self.text("TargetUrl").is_some_and(|url| Constraint::CellUrl.allows(url));
        if is_cell { Ok(()) } else { Err(fault("TargetUrl")) }
    }

    /// A Rule's name, which the message's id stands for where the sender gives none.
    fn check_rule_name(self, may_lack: bool) -> Result<()> {
        match self.text("Name") {
            None if may_lack => Ok(()),
            Some(name) if name::is_rule_name(name) => Ok(()),
            _ => Err(fault("Name")),
        }
    }
}

/// Checks the requests of a message.
///
/// # Errors
/// 400-OD-0006 with the field that is wrong.
pub(super) fn check(fields: &Fields, in_box: bool, is_sent: bool) -> Result<()> {
    let requests = Request::all(fields.get(FIELD));
    if requests.is_empty() {
        return Err(ErrorCode::FieldFormat.with([FIELD]));
    }
    requests.into_iter().try_for_each(|request| request.check(in_box, is_sent))
}

/// The schema and the name in a class URL, `{schema}__relation/__/{name}`.
pub(super) fn class<'u>(url: &'u str, segment: &str) -> Option<(&'u str, &'u str)> {
    let url = url.strip_suffix('/').unwrap_or(url);
    let (schema, name) = url.rsplit_once("/__/")?;
    let schema = schema.strip_suffix(segment)?;
    (schema.ends_with('/') && !name.is_empty()).then_some((schema, name))
}

fn fault(member: &str) -> saibo_model::Error {
    ErrorCode::FieldFormat.with([format!("{FIELD}.{member}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_urls() {
        let url = "http://x/app/__relation/__/friend";
        assert_eq!(class(url, "__relation"), Some(("http://x/app/", "friend")));
        assert_eq!(
            class("personium-localunit:/app/__role/__/r/", "__role"),
            Some(("personium-localunit:/app/", "r"))
        );
        for url in
            ["http://x/app/__role/__/r", "http://x/app/__relation/box/r", "__relation/__/r", "http://x/app/"]
        {
            assert_eq!(class(url, "__relation"), None, "{url}");
        }
    }
}
