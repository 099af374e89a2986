//! Which names the API allows.
//!
//! Each rule is a predicate written out by hand: they run on every request, some on every property of every
//! entity, and a regular expression would be slower and no easier to read. The pages of the API count
//! characters; where it matters, so do these.

/// Whether every byte of a name follows `rest` and its first one also `first`, and there are 1 to `max`.
fn matches(name: &str, max: usize, first: fn(u8) -> bool, rest: fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= max && bytes.first().is_some_and(|&b| first(b)) && bytes.iter().all(|&b| rest(b))
}

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn word(b: u8) -> bool {
    alphanumeric(b) || matches!(b, b'-' | b'_')
}

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Name of a Cell (page 100): 1 to 128 lower-case letters, digits and hyphens, no hyphen first. As a label
/// of a host name it could have 63 only (RFC 1035 section 2.3.4), so longer ones need path-based URLs.
#[must_use]
pub fn is_cell_name(name: &str) -> bool {
    matches(name, 128, lower, |b| lower(b) || b == b'-')
}

/// Name of a Role, Box, EntityType, ComplexType or AssociationEnd (pages 201, 256, 345, 327, 318): 1 to 128
/// letters, digits, hyphens and underscores, the first a letter or digit.
///
/// Nothing is reserved beyond that: what the API itself serves below a Cell, a Box or a collection begins
/// with `_` or `$` ([`is_reserved`]), which no such name can.
#[must_use]
pub fn is_name(name: &str) -> bool {
    matches(name, 128, alphanumeric, word)
}

/// Name of a property, declared or dynamic, of an entity or a complex type (pages 336, 354, 364): the same
/// rule as [`is_name`], so that `__id`, `__published`, `__updated` and `__metadata` are never taken.
#[must_use]
pub fn is_property_name(name: &str) -> bool {
    is_name(name)
}

/// Name of an Account (page 212): like [`is_name`], and after the first character also
/// ``!$*=^`{|}~.@``.
#[must_use]
pub fn is_account_name(name: &str) -> bool {
    matches(name, 128, alphanumeric, |b| word(b) || b"!$*=^`{|}~.@".contains(&b))
}

/// Name of a Relation (page 234), and of a message's `ToRelation`: 1 to 128 letters, digits and `-+_:`, the
/// first neither `_` nor `:`.
#[must_use]
pub fn is_relation_name(name: &str) -> bool {
    matches(
        name,
        128,
        |b| alphanumeric(b) || matches!(b, b'-' | b'+'),
        |b| word(b) || matches!(b, b'+' | b':'),
    )
}

/// Name of a Rule (page 2A0), and the name in a request to add or remove one: 1 to 200 letters, digits and
/// `-_:`, the first a letter or digit.
#[must_use]
pub fn is_rule_name(name: &str) -> bool {
    matches(name, 200, alphanumeric, |b| word(b) || b == b':')
}

/// Type of an event as a Rule's `EventType` may have it (page 2A0): up to 127 letters, digits and `-_+:.`;
/// the empty string too.
#[must_use]
pub fn is_event_type(text: &str) -> bool {
    text.len() <= 127 && text.bytes().all(|b| word(b) || matches!(b, b'+' | b':' | b'.'))
}

/// Name of a snapshot without its `.zip` (page 501): 1 to 192 letters, digits, hyphens and underscores.
#[must_use]
pub fn is_snapshot_name(name: &str) -> bool {
    matches(name, 192, word, word)
}

/// Value of the header `X-Personium-RequestKey` (page 003): 1 to 128 letters, digits, hyphens and
/// underscores.
#[must_use]
pub fn is_request_key(key: &str) -> bool {
    matches(key, 128, word, word)
}

/// Name of a WebDAV resource, decoded (pages 308, 312): 1 to 255 characters, none of them a space, a control
/// character or one of `\ / : * ? " < > |`. UTF-16 units are counted, as the reference does, so that
/// whatever it has stored stays valid.
///
/// `.` and `..` are refused: they are steps in a path, never names (RFC 3986 section 5.2.4).
#[must_use]
pub fn is_resource_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_control() && !r#"\/:*?"<>| "#.contains(c);
    !matches!(name, "" | "." | "..") && name.chars().all(allowed) && name.encode_utf16().count() <= 255
}

/// `__id` of an entity (page 364): 1 to 400 characters, none of which ends a line.
#[must_use]
pub fn is_entity_id(id: &str) -> bool {
    let ends_line = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    !id.is_empty() && id.chars().count() <= 400 && !id.contains(ends_line)
}

/// Whether a path segment belongs to the API itself: `__ctl`, `__token`, `__src`, the main box `__`. No Cell
/// and no other Box can have such a name.
#[must_use]
pub fn is_reserved(segment: &str) -> bool {
    segment.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a rule with names it must accept, names it must refuse, and its greatest length in `a`s.
    fn check(rule: fn(&str) -> bool, max: usize, good: &[&str], bad: &[&str]) {
        for name in good {
            assert!(rule(name), "{name:?} should be accepted");
        }
        for name in bad {
            assert!(!rule(name), "{name:?} should be refused");
        }
        assert!(rule(&"a".repeat(max)), "{max} characters should be accepted");
        assert!(!rule(&"a".repeat(max + 1)), "{} characters should be refused", max + 1);
    }

    #[test]
    fn cell_names() {
        let bad = ["", "-a", "_a", "A", "aB", "a_b", "a.b", "a b", "あ", "__", "__ctl", "a\n"];
        check(is_cell_name, 128, &["a", "0", "a-", "0-9a", "cell-name1"], &bad);
    }

    #[test]
    fn names() {
        let good = ["a", "Z", "0", "a-_", "product-category"];
        let bad = ["", "_a", "-a", "a/b", "a.b", "a:b", "a b", "日本語", "__ctl", "a\n"];
        check(is_name, 128, &good, &bad);
        check(is_property_name, 128, &good, &["__id", "__published", "_p", ""]);
    }

    #[test]
    fn account_names() {
        let good = ["a", "0", "user@example.com", "a!$*=^`{|}~.@-_"];
        check(
            is_account_name,
            128,
            &good,
            &["", "_a", "-a", "!a", ".a", "@a", "a/b", "a#b", "a%b", "a+b", "é"],
        );
    }

    #[test]
    fn relation_names() {
        let good = ["a", "+a", "-a", "+:_-", "3", "a:b+c"];
        check(is_relation_name, 128, &good, &["", "_a", ":a", "a/b", "a.b", "__ctl", "日本語"]);
    }

    #[test]
    fn rule_names() {
        check(is_rule_name, 200, &["a", "0:1", "a-_:"], &["", "_a", "-a", ":a", "a.b", "a+b"]);
    }

    #[test]
    fn event_types() {
        let good = ["", ".create", "cellctl.Box.create", "a-_+:."];
        check(is_event_type, 127, &good, &["a b", "a/b", "a*", "é"]);
    }

    #[test]
    fn snapshot_names_and_request_keys() {
        let (good, bad) = (["a", "-", "_", "cell_20170213_090000"], ["", "a.zip", "a b", "a/b", "..", "é"]);
        check(is_snapshot_name, 192, &good, &bad);
        check(is_request_key, 128, &good, &bad);
    }

    #[test]
    fn resource_names() {
        let good =
            ["a", "a.txt", ".hidden", "...", "__src", "_", "-", "日本語.txt", "a+b&c=d;e,f'(g)[h]{i}%23#"];
        let bad = [
            "", ".", "..", "a b", "a\\b", "a/b", "a:b", "a*b", "a?b", "a\"b", "a<b", "a>b", "a|b", "a\nb",
            "a\u{0}", "a\u{7f}", "a\u{85}",
        ];
        check(is_resource_name, 255, &good, &bad);
        assert!(is_resource_name(&"𩸽".repeat(127)));
        assert!(!is_resource_name(&"𩸽".repeat(128)));
    }

    #[test]
    fn entity_ids() {
        let good = ["a", "_", "-", " ", "a/b'c", "日本語", "__id"];
        check(is_entity_id, 400, &good, &["", "a\n", "\r", "a\u{2028}b"]);
        assert!(is_entity_id(&"語".repeat(400)));
        assert!(!is_entity_id(&"語".repeat(401)));
    }

    #[test]
    fn reserved_segments_are_no_names() {
        for segment in ["__", "__ctl", "__src", "__token", "__snapshot"] {
            assert!(is_reserved(segment) && !is_name(segment) && !is_cell_name(segment));
        }
        assert!(!is_reserved("_a") && !is_reserved("box") && !is_reserved(""));
    }
}
