//! Two JSON objects, or two ACLs, in one.

use saibo_model::acl::{Acl, Principal};
use saibo_model::{Id, Result};
use serde_json::Value;

use crate::document::object;

/// The members of both; where both have one, the second's.
pub(super) fn merged(first: Option<&str>, second: Option<&str>) -> Result<Option<String>> {
    let (Some(first), Some(second)) = (first, second) else {
        return Ok(second.or(first).map(str::to_owned));
    };
    if first == second {
        return Ok(Some(first.to_owned()));
    }
    let mut members = object(first)?;
    members.extend(object(second)?);
    Ok(Some(Value::Object(members).to_string()))
}

/// What both ACLs grant; `requireSchemaAuthz` is the second's, if it has one.
pub(super) fn merged_acls(first: Option<&str>, second: Option<&str>) -> Option<String> {
    let (mut all, other) = (Acl::parse(first), Acl::parse(second));
    all.require_schema_authz = other.require_schema_authz.or(all.require_schema_authz);
    for ace in other.aces {
        match all.aces.iter_mut().find(|known| known.principal == ace.principal) {
            Some(known) if ace.principal != Principal::Other(Value::Null) => {
                for grant in ace.grants {
                    if !known.grants.contains(&grant) {
                        known.grants.push(grant);
                    }
                }
            }
            _ => all.aces.push(ace),
        }
    }
    all.to_text()
}

/// An ACL whose roles have the ids that `id_of` says.
pub(super) fn with_roles(
    acl: Option<&str>,
    id_of: &mut dyn FnMut(&Id) -> Result<Option<Id>>,
) -> Result<Option<String>> {
    let mut parsed = Acl::parse(acl);
    let mut differs = false;
    for ace in &mut parsed.aces {
        if let Principal::Role(role) = &mut ace.principal
            && let Some(id) = id_of(role)?
            && id != *role
        {
            *role = id;
            differs = true;
        }
    }
    Ok(if differs { parsed.to_text() } else { acl.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(role: &str, privileges: &[&str]) -> String {
        let privileges: Vec<Value> = privileges.iter().map(|name| serde_json::json!({ *name: {} })).collect();
        serde_json::json!({ "D.ace": [{
            "D.principal": { "D.href": role }, "D.grant": { "D.privilege": privileges },
        }] })
        .to_string()
    }

    #[test]
    fn both_grant() {
        let both = merged_acls(Some(&acl("r", &["D.read"])), Some(&acl("r", &["D.read", "D.write"])));
        assert_eq!(Acl::parse(both.as_deref()), Acl::parse(Some(&acl("r", &["D.read", "D.write"]))));
        let both =
            Acl::parse(merged_acls(Some(&acl("r", &["D.read"])), Some(&acl("s", &["D.read"]))).as_deref());
        assert_eq!(both.aces.len(), 2);
        assert_eq!(merged_acls(None, None), None);
    }

    #[test]
    fn roles_are_renamed_where_they_differ() {
        let text = acl("r", &["D.read"]);
        let same = with_roles(Some(&text), &mut |_| Ok(None)).unwrap();
        assert_eq!(same.as_deref(), Some(text.as_str()), "as it was written");
        let other = with_roles(Some(&text), &mut |_| Ok(Some(Id::from("s")))).unwrap();
        assert_eq!(Acl::parse(other.as_deref()), Acl::parse(Some(&acl("s", &["D.read"]))));
    }

    #[test]
    fn the_second_wins() {
        let both = merged(Some(r#"{"a":1,"b":2}"#), Some(r#"{"b":3}"#)).unwrap();
        assert_eq!(both.as_deref(), Some(r#"{"a":1,"b":3}"#));
        assert_eq!(merged(None, Some("{}")).unwrap().as_deref(), Some("{}"));
    }
}
