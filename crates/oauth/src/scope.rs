//! Scopes: what a token may be used for (API page 293).
//!
//! A scope is `openid`, the name of a Cell-level privilege, or the URL of a role. A token can do what both its
//! bearer and its scopes allow. What is asked for but not permitted is dropped without an error; where nothing
//! is asked for, the unit's default (`root`) is given.

use std::fmt;

use saibo_model::privilege::{Level, Privilege};

/// The scope that asks for an id_token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";

/// More are not looked at; a role costs a lookup each.
const MAX: usize = 100;

/// A list of distinct scopes in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads the parameter `scope` (RFC 6749 §3.3), leniently: any number of spaces between.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().collect()
    }

    /// The Cell-level privileges among them.
    pub fn privileges(&self) -> impl Iterator<Item = Privilege> + '_ {
        self.iter().filter_map(cell_privilege)
    }

    /// The URLs of roles among them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.iter().filter(|scope| is_http(scope))
    }

    /// Whether an id_token was asked for.
    #[must_use]
    pub fn has_openid(&self) -> bool {
        self.iter().any(|scope| scope == OPENID)
    }

    /// Whether a privilege of the Cell level is within them.
    #[must_use]
    pub fn include(&self, privilege: Privilege) -> bool {
        self.privileges().any(|scope| scope.includes(privilege))
    }

    /// What of them is permitted. `most` is the unit's limit for the grant and its default. `role` answers, for
    /// a text that is not a privilege's name, the URL of the role that it means, if there is that role in this
    /// Cell; it is asked for URLs of the scheme `personium-localunit` too.
    #[must_use]
    pub fn permitted(&self, most: Option<Privilege>, mut role: impl FnMut(&str) -> Option<String>) -> Self {
        if self.is_empty() {
            return most.into_iter().map(|privilege| privilege.name().to_owned()).collect();
        }
        let permitted = self.iter().filter_map(|scope| {
            if scope == OPENID {
                return Some(scope.to_owned());
            }
            if scope.contains(':') {
                return role(scope);
            }
            let privilege = cell_privilege(scope)?;
            most.is_some_and(|most| most.includes(privilege)).then(|| scope.to_owned())
        });
        permitted.collect()
    }

    /// What of them `other` allows too: a refreshed token never gets more than its refresh token has
    /// (RFC 6749 §6).
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let allowed = |scope: &str| match cell_privilege(scope) {
            Some(privilege) => other.include(privilege),
            None => other.iter().any(|allowed| allowed == scope),
        };
        self.iter().filter(|scope| allowed(scope)).map(str::to_owned).collect()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the claims of a token.
    #[must_use]
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut distinct: Vec<String> = Vec::new();
        for scope in scopes.into_iter().map(Into::into) {
            if distinct.len() < MAX && !distinct.contains(&scope) {
                distinct.push(scope);
            }
        }
        Self(distinct)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

fn cell_privilege(scope: &str) -> Option<Privilege> {
    Privilege::from_name(scope).filter(|privilege| privilege.level() == Level::Cell)
}

fn is_http(scope: &str) -> bool {
    scope.starts_with("http://") || scope.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit(asked: &str, most: Option<Privilege>) -> String {
        let role = |url: &str| match url {
            "https://u.example/a/__role/__/r" => Some(url.to_owned()),
            "personium-localunit:/a/__role/__/r" => Some("https://u.example/a/__role/__/r".to_owned()),
            _ => None,
        };
        Scopes::parse(asked).permitted(most, role).to_string()
    }

    #[test]
    fn what_is_not_permitted_is_dropped() {
        let root = Some(Privilege::Root);
        assert_eq!(permit("", root), "root");
        assert_eq!(permit("  ", root), "root");
        assert_eq!(permit("root auth message-read openid", root), "root auth message-read openid");
        assert_eq!(permit("auth  auth", root), "auth");
        assert_eq!(permit("messsage", root), "", "misspelt, so nothing is left");
        assert_eq!(permit("read D:read p:root", root), "", "of a Box, or with a prefix");
        assert_eq!(
            permit("https://u.example/a/__role/__/r https://u.example/a/__role/__/x", root),
            "https://u.example/a/__role/__/r"
        );
        assert_eq!(permit("personium-localunit:/a/__role/__/r", root), "https://u.example/a/__role/__/r");
        assert_eq!(permit("root auth auth-read", Some(Privilege::Auth)), "auth auth-read");
        assert_eq!(permit("", None), "");
        assert_eq!(permit("auth openid", None), "openid");
    }

    #[test]
    fn a_refreshed_token_gets_no_more() {
        let held = Scopes::parse("auth openid https://u.example/a/__role/__/r");
        let asked = Scopes::parse("root auth-read openid https://u.example/a/__role/__/x");
        assert_eq!(asked.intersection(&held).to_string(), "auth-read openid");
        assert!(held.include(Privilege::AuthRead) && !held.include(Privilege::Message));
        assert_eq!(held.roles().collect::<Vec<_>>(), ["https://u.example/a/__role/__/r"]);
    }

    #[test]
    fn no_more_than_a_hundred() {
        let many: String = (0..1000).map(|n| format!("s{n} ")).collect();
        assert_eq!(Scopes::parse(&many).into_vec().len(), MAX);
    }
}
