//! Answers in JSON, verbose (OData 2.0 JSON format; pages 201 and following of the API reference).
//!
//! Written straight into a buffer, entity by entity, so that a list needs no second copy. `root` is always
//! the service root with its trailing slash.

use saibo_model::edm::Value;

use crate::entity::{Content, Entity};
use crate::etag;

/// `{"d":{"results":{…}}}`
#[must_use]
pub fn entity(root: &str, entity: &Entity<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"d\":{\"results\":");
    write_entity(&mut out, root, entity);
    out.extend_from_slice(b"}}");
    out
}

/// Writes a list of entities one by one: `{"d":{"results":[…],"__count":"n"}}`.
#[derive(Debug)]
pub struct List<'a> {
    out: Vec<u8>,
    root: &'a str,
    is_empty: bool,
}

impl<'a> List<'a> {
    /// A list without entities.
    #[must_use]
    pub fn new(root: &'a str) -> Self {
        Self { out: b"{\"d\":{\"results\":[".to_vec(), root, is_empty: true }
    }

    /// Adds an entity.
    pub fn push(&mut self, entity: &Entity<'_>) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        write_entity(&mut self.out, self.root, entity);
    }

    /// The list, with the number of all entities if it was asked for.
    #[must_use]
    pub fn finish(mut self, count: Option<u64>) -> Vec<u8> {
        self.out.push(b']');
        if let Some(count) = count {
            self.out.extend_from_slice(format!(",\"__count\":\"{count}\"").as_bytes());
        }
        self.out.extend_from_slice(b"}}");
        self.out
    }
}

/// A list of links: `{"d":{"results":[{"uri":…}]}}`. Each target is a path below the root, with the key as
/// [`crate::key::Key::plain`] writes it.
#[must_use]
pub fn links<T: AsRef<str>>(root: &str, targets: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut out = b"{\"d\":{\"results\":[".to_vec();
    for (i, target) in targets.into_iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",{\"uri\":" } else { b"{\"uri\":" });
        uri(&mut out, &[root, target.as_ref()]);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}}");
    out
}

fn write_entity(out: &mut Vec<u8>, root: &str, entity: &Entity<'_>) {
    out.extend_from_slice(b"{\"__metadata\":{\"uri\":");
    uri(out, &[root, &entity.set, &entity.predicate]);
    out.extend_from_slice(b",\"etag\":");
    string(out, &etag::format(entity.version, entity.updated));
    out.extend_from_slice(b",\"type\":");
    string(out, &entity.type_name);
    out.push(b'}');
    for property in &entity.properties {
        name(out, &property.name);
        value(out, &property.value);
    }
    for link in &entity.links {
        name(out, &link.name);
        match &link.content {
            Content::Deferred { .. } => {
                out.extend_from_slice(b"{\"__deferred\":{\"uri\":");
                uri(out, &[root, &entity.set, &entity.predicate, "/", &link.name]);
                out.extend_from_slice(b"}}");
            }
            Content::One(None) => out.extend_from_slice(b"null"),
            Content::One(Some(target)) => write_entity(out, root, target),
            Content::Many(targets) => {
                out.push(b'[');
                for (i, target) in targets.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_entity(out, root, target);
                }
                out.push(b']');
            }
        }
    }
    out.push(b'}');
}

/// A further member of an object: its comma, name and colon.
fn name(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    string(out, name);
    out.push(b':');
}

fn value(out: &mut Vec<u8>, of: &Value) {
    match of {
        Value::Null => out.extend_from_slice(b"null"),
        Value::String(text) => string(out, text),
        Value::DateTime(_) => {
            out.push(b'"');
            lexical(out, of);
            out.push(b'"');
        }
        Value::Boolean(_) | Value::Int32(_) | Value::Single(_) | Value::Double(_) => lexical(out, of),
        Value::Complex(members) => {
            out.push(b'{');
            for (i, (member, of)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                string(out, member);
                out.push(b':');
                value(out, of);
            }
            out.push(b'}');
        }
        Value::List(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                value(out, item);
            }
            out.push(b']');
        }
    }
}

fn lexical(out: &mut Vec<u8>, of: &Value) {
    let mut text = String::with_capacity(24);
    of.write_lexical(&mut text);
    out.extend_from_slice(text.as_bytes());
}

fn uri(out: &mut Vec<u8>, parts: &[&str]) {
    out.push(b'"');
    for part in parts {
        escaped(out, part);
    }
    out.push(b'"');
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Text within a string. Only what JSON requires is escaped; slashes stay as they are.
fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0x00..0x20 => {
                out.extend_from_slice(&bytes[start..at]);
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                start = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..at]);
        out.extend_from_slice(escape);
        start = at + 1;
    }
    out.extend_from_slice(&bytes[start..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saibo_model::edm::SimpleType;

    use super::*;
    use crate::entity::{Link, Property, Type};

    const ROOT: &str = "http://localhost:9998/testcell1/__ctl/";

    fn property(name: &str, ty: SimpleType, value: Value) -> Property<'_> {
        Property { name: name.into(), ty: Type::Simple(ty), value }
    }

    fn item<'a>(properties: Vec<Property<'a>>, links: Vec<Link<'a>>) -> Entity<'a> {
        Entity {
            set: "Item".into(),
            predicate: "('a')".into(),
            type_name: "UserData.Item".into(),
            version: 1,
            updated: 2,
            properties,
            links,
        }
    }

    #[test]
    fn an_entity() {
        let inner = || item(vec![], vec![]);
        let entity = item(
            vec![
                property("text", SimpleType::String, Value::String("a/\"\\\u{1}日".into())),
                property("none", SimpleType::String, Value::Null),
                property("flag", SimpleType::Boolean, Value::Boolean(true)),
                property("double", SimpleType::Double, Value::Double(0.0)),
                property("at", SimpleType::DateTime, Value::DateTime(5)),
                Property {
                    name: "to".into(),
                    ty: Type::Complex("UserData.Address".into()),
                    value: Value::Complex(vec![("zip".into(), Value::Int32(1))]),
                },
                property(
                    "tags",
                    SimpleType::String,
                    Value::List(vec![Value::String("t".into()), Value::Null]),
                ),
            ],
            vec![
                Link { name: "_A".into(), content: Content::Deferred { many: true } },
                Link { name: "_B".into(), content: Content::One(None) },
                Link { name: "_C".into(), content: Content::One(Some(Box::new(inner()))) },
                Link { name: "_D".into(), content: Content::Many(vec![inner(), inner()]) },
            ],
        );
        let metadata = format!(
            r#"{{"__metadata":{{"uri":"{ROOT}Item('a')","etag":"W/\"1-2\"","type":"UserData.Item"}}"#
        );
        let expected = format!(
            r#"{{"d":{{"results":{metadata},"text":"a/\"\\\u0001日","none":null,"flag":true,"double":0,"at":"/Date(5)/","to":{{"zip":1}},"tags":["t",null],"_A":{{"__deferred":{{"uri":"{ROOT}Item('a')/_A"}}}},"_B":null,"_C":{metadata}}},"_D":[{metadata}}},{metadata}}}]}}}}}}"#
        );
        assert_eq!(String::from_utf8(super::entity(ROOT, &entity)).unwrap(), expected);
    }

    #[test]
    fn lists() {
        let mut list = List::new(ROOT);
        assert_eq!(List::new(ROOT).finish(Some(0)), br#"{"d":{"results":[],"__count":"0"}}"#);
        list.push(&item(vec![], vec![]));
        list.push(&item(vec![], vec![]));
        let json: serde_json::Value = serde_json::from_slice(&list.finish(None)).unwrap();
        assert_eq!(json["d"]["results"].as_array().unwrap().len(), 2);
        assert_eq!(
            String::from_utf8(links("http://x/", ["A('b')", "C('d')"])).unwrap(),
            r#"{"d":{"results":[{"uri":"http://x/A('b')"},{"uri":"http://x/C('d')"}]}}"#
        );
    }

    proptest! {
        #[test]
        fn strings_read_back(text in any::<String>()) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
