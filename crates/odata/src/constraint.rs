//! What the values of control and schema objects must look like. Each rule has the form in which EDMX
//! announces it (`p:Format`) and a check of a value.

use saibo_model::{ErrorCode, Result, name, url};

/// A rule for the values of a String or, as text, an Int32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// A name: a letter or digit, then up to 127 of those, `-` or `_`.
    Name,
    /// A Cell's name, which can stand in a host name.
    CellName,
    /// An Account's name, which may have signs.
    AccountName,
    /// A Relation's name, which may also begin with `-` or `+` and have `+` and `:`.
    RelationName,
    /// A Rule's name.
    RuleName,
    /// An entity's `__id`.
    EntityId,
    /// A message's `__id`.
    MessageId,
    /// A URI of a scheme that the API knows.
    Uri,
    /// A Cell's URL: normalised, with a trailing slash.
    CellUrl,
    /// A Box's schema: a Cell's URL or a URN.
    SchemaUri,
    /// The multiplicity of an AssociationEnd.
    Multiplicity,
    /// How an Account signs in: different words with single spaces between them.
    AccountType,
    /// From where an Account may sign in: IPv4 addresses and ranges with commas between them.
    IpAddressRange,
    /// Whether an Account may sign in.
    AccountStatus,
    /// A Rule's `EventType`.
    EventType,
    /// A Rule's `EventObject`; what is valid depends on the other fields.
    RuleObject,
    /// A Rule's `Action`.
    RuleAction,
    /// A Rule's `TargetUrl`; what is valid depends on the other fields.
    RuleTargetUrl,
    /// A message's `Type`.
    MessageType,
    /// A message's `Title`.
    MessageTitle,
    /// A message's `Priority`.
    MessagePriority,
    /// The `RequestType` of a message's request.
    RequestType,
    /// The `Name` of a message's request; depends on its type.
    RequestName,
    /// The `TargetUrl` of a message's request; depends on its type.
    RequestTargetUrl,
    /// The `ClassUrl` of a message's request; depends on its type.
    RequestClassUrl,
}

impl Constraint {
    /// The value of `p:Format` in EDMX.
    #[must_use]
    pub fn format(self) -> &'static str {
        match self {
            Self::Name => "regEx('^[a-zA-Z0-9][a-zA-Z0-9-_]{0,127}$')",
            Self::CellName => "regEx('^[a-z0-9][a-z0-9-]{0,127}$')",
            Self::AccountName => "regEx('^[a-zA-Z0-9][a-zA-Z0-9-_!$*=^`{|}~.@]{0,127}$')",
            Self::RelationName => r"regEx('^[a-zA-Z0-9-\+][a-zA-Z0-9-_\+:]{0,127}$')",
            Self::RuleName => "regEx('^[a-zA-Z0-9][a-zA-Z0-9-_:]{0,199}$')",
            Self::EntityId => "regEx('^.{1,400}$')",
            Self::MessageId => "regEx('^.{32}$')",
            Self::Uri => "uri",
            Self::CellUrl => "cell-url",
            Self::SchemaUri => "schema-uri",
            Self::Multiplicity => r"regEx('0\.\.1|1|\*')",
            Self::AccountType => "unordered-set-of-unique-space-separated-tokens",
            Self::IpAddressRange => "ip-address-range",
            Self::AccountStatus => "regEx('^(active|deactivated|passwordChangeRequired)$')",
            Self::EventType => r"regEx('[a-zA-Z0-9-_\+:.]{0,127}')",
            Self::RuleObject => "rule-object",
            Self::RuleAction => {
                r"regEx('^(exec)|(relay)|(relay\.data)|(relay\.event)|(log)|(log\.info)|(log\.warn)|(log\.error)$')"
            }
            Self::RuleTargetUrl => "rule-targeturl",
            Self::MessageType => "regEx('^(message)|(request)$')",
            Self::MessageTitle => "regEx('^.{0,256}$')",
            Self::MessagePriority => "regEx('^[1-5]$')",
            Self::RequestType => {
                r"regEx('^(relation\.add)|(relation\.remove)|(role\.add)|(role\.remove)|(rule\.add)|(rule\.remove)$')"
            }
            Self::RequestName => "request-name",
            Self::RequestTargetUrl => "request-target-url",
            Self::RequestClassUrl => "request-class-url",
        }
    }

    /// Whether a value keeps the rule. Where that depends on other fields, any value does.
    #[must_use]
    pub fn allows(self, value: &str) -> bool {
        match self {
            Self::Name => name::is_name(value),
            Self::CellName => name::is_cell_name(value),
            Self::AccountName => name::is_account_name(value),
            Self::RelationName => name::is_relation_name(value),
            Self::RuleName => name::is_rule_name(value),
            Self::EntityId => name::is_entity_id(value),
            Self::MessageId => line(value, 32..=32),
            Self::MessageTitle => line(value, 0..=256),
            Self::Uri => url::is_uri(value),
            Self::CellUrl => url::is_cell_url(value),
            Self::SchemaUri => url::is_schema_url(value),
            Self::Multiplicity => matches!(value, "0..1" | "1" | "*"),
            Self::AccountType => {
                let words: Vec<_> = value.split(' ').collect();
                words.iter().enumerate().all(|(i, word)| is_account_type(word) && !words[..i].contains(word))
            }
            Self::IpAddressRange => value.split(',').all(is_address_range),
            Self::AccountStatus => matches!(value, "active" | "deactivated" | "passwordChangeRequired"),
            Self::EventType => name::is_event_type(value),
            Self::RuleAction => matches!(
                value,
                "exec"
                    | "relay"
                    | "relay.data"
                    | "relay.event"
                    | "log"
                    | "log.info"
                    | "log.warn"
                    | "log.error"
            ),
            Self::MessageType => matches!(value, "message" | "request"),
            Self::MessagePriority => matches!(value, "1" | "2" | "3" | "4" | "5"),
            Self::RequestType => matches!(
                value,
                "relation.add" | "relation.remove" | "role.add" | "role.remove" | "rule.add" | "rule.remove"
            ),
            Self::RuleObject
            | Self::RuleTargetUrl
            | Self::RequestName
            | Self::RequestTargetUrl
            | Self::RequestClassUrl => true,
        }
    }

    /// Checks a field's value.
    ///
    /// # Errors
    /// 400-OD-0049 for a Cell's URL, 400-OD-0050 for a schema, 400-OD-0006 for anything else.
    pub fn check(self, field: &str, value: &str) -> Result<()> {
        if self.allows(value) {
            return Ok(());
        }
        let code = match self {
            Self::CellUrl => ErrorCode::CellUrlFormat,
            Self::SchemaUri => ErrorCode::SchemaUriFormat,
            _ => ErrorCode::FieldFormat,
        };
        Err(code.with([field]))
    }
}

/// `basic`, or an identity provider: `oidc:google`.
fn is_account_type(word: &str) -> bool {
    let provider = word.strip_prefix("oidc:");
    word == "basic"
        || provider.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty())
}

/// So many characters on one line.
fn line(value: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    let breaks = |c| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    length.contains(&value.chars().count()) && !value.contains(breaks)
}

/// `a.b.c.d`, or a range of it with a prefix length from 1 to 32.
fn is_address_range(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let length = length.is_none_or(|text| {
        !text.starts_with(['0', '+']) && text.parse::<u8>().is_ok_and(|length| (1..=32).contains(&length))
    });
    length && address.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::Constraint::*;
    use super::*;

    #[test]
    fn values() {
        let long = "a".repeat(128);
        let too_long = "a".repeat(129);
        let long_url = format!("http://x/{}/", "a".repeat(url::MAX_URI_LENGTH - 10));
        let too_long_url = format!("http://x/{}/", "a".repeat(url::MAX_URI_LENGTH - 9));
        for (constraint, good, bad) in [
            (Name, &["a", "0", "A-_", &long][..], &["", "-a", "_a", "a/b", "日本", "a b", &too_long][..]),
            (CellName, &["a-1"], &["A", "a_b", "-a"]),
            (AccountName, &["bob@example.com", "a!$*=^`{|}~."], &["@a", "a+b", "a:b"]),
            (RelationName, &["+a:b", "-a"], &["_a", ":a", ""]),
            (RuleName, &["a:b"], &[":a"]),
            (EntityId, &["日本語", "-", "a/b"], &["", "a\nb"]),
            (MessageId, &["12345678901234567890123456789012"], &["1"]),
            (
                CellUrl,
                &[
                    "http://x/c/",
                    "personium-localunit:/c/",
                    "personium-localunit:c:/",
                    "https://c.x/",
                    &long_url,
                ],
                &[
                    "",
                    "http://x/c",
                    "urn:x:y",
                    "ftp://x/c/",
                    "http://x/../c/",
                    "http://x/a/./b/",
                    "http://x//c/",
                    "personium-localunit:/a/b/",
                    "http://x/ /",
                    "http://x/%zz/",
                    &too_long_url,
                ],
            ),
            (
                SchemaUri,
                &["urn:xxx:xxx", "http://xxx.com/test/", "personium-localunit:/schema/"],
                &["xxx", "http://x/t"],
            ),
            (
                Uri,
                &["http://x/../c", "urn:x:y", "personium-localunit:/c/x"],
                &["", "ftp://x/", "x", "http:", "http://x/ y"],
            ),
            (Multiplicity, &["0..1", "1", "*"], &["", "2"]),
            (
                AccountType,
                &["basic", "basic oidc:x"],
                &["", "basic basic", "basic  oidc:x", "  ", "x", "oidc:"],
            ),
            (
                IpAddressRange,
                &["127.93.0.234/28", "0.0.0.0,127.93.0.234/1,127.93.0.236/32"],
                &[
                    "strings",
                    "1.2.3",
                    "1.2.3.4.5",
                    "256.0.0.0",
                    "0.0.0.0/0",
                    "0.0.0.0/33",
                    "0.0.0.0/32/32",
                    "",
                ],
            ),
            (AccountStatus, &["active"], &["Active", ""]),
            (EventType, &["", "cellctl.Role.create"], &["a b"]),
            (RuleAction, &["relay.event"], &["relay.x", ""]),
            (MessagePriority, &["1", "5"], &["0", "6", "33"]),
        ] {
            for value in good {
                assert!(constraint.allows(value), "{constraint:?} {value}");
            }
            for value in bad {
                assert!(!constraint.allows(value), "{constraint:?} {value}");
            }
        }
    }

    #[test]
    fn errors() {
        assert_eq!(CellUrl.check("Url", "").unwrap_err().code(), ErrorCode::CellUrlFormat);
        assert_eq!(SchemaUri.check("Schema", "").unwrap_err().code(), ErrorCode::SchemaUriFormat);
        assert_eq!(Name.check("Name", "").unwrap_err().code(), ErrorCode::FieldFormat);
    }
}
