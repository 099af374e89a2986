//! Answers in Atom (RFC 4287; OData 2.0 Atom format). `root` is the service root with its trailing slash.

use saibo_model::edm::{SimpleType, Value};

use crate::entity::{Content, Entity, Property, Type};
use crate::xml::Writer;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const DATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices";
const METADATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata";
const SCHEME: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/scheme";
const RELATED: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/related/";

/// An entry that is a document.
#[must_use]
pub fn entity(root: &str, entity: &Entity<'_>) -> String {
    let mut writer = Writer::new();
    writer.start("entry", &namespaces(root));
    entry(&mut writer, root, entity);
    writer.end("entry");
    writer.finish()
}

/// Writes a list of entities one by one, as a feed.
#[derive(Debug)]
pub struct Feed<'a> {
    writer: Writer,
    root: &'a str,
}

impl<'a> Feed<'a> {
    /// A feed without entries. `path` is where the list is, below the root; `now` is in ms. The number of all
    /// entities stands in front, so it is given here.
    #[must_use]
    pub fn new(root: &'a str, path: &str, now: i64, count: Option<u64>) -> Self {
        let mut writer = Writer::new();
        writer.start("feed", &namespaces(root));
        if let Some(count) = count {
            writer.text("m:count", &[], &count.to_string());
        }
        head(&mut writer, root, path, now);
        Self { writer, root }
    }

    /// Adds an entity.
    pub fn push(&mut self, entity: &Entity<'_>) {
        self.writer.start("entry", &[]);
        entry(&mut self.writer, self.root, entity);
        self.writer.end("entry");
    }

    /// The document.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.writer.end("feed");
        self.writer.finish()
    }
}

fn namespaces(root: &str) -> [(&str, &str); 4] {
    [("xmlns", ATOM), ("xmlns:m", METADATA), ("xmlns:d", DATA), ("xml:base", root)]
}

fn head(writer: &mut Writer, root: &str, path: &str, updated: i64) {
    let title = path.rsplit('/').next().unwrap_or_default();
    writer.text("title", &[("type", "text")], title);
    writer.text("id", &[], &format!("{root}{path}"));
    writer.text("updated", &[], &format!("{}Z", seconds(updated)));
    writer.empty("link", &[("rel", "self"), ("title", title), ("href", path)]);
}

fn entry(writer: &mut Writer, root: &str, entity: &Entity<'_>) {
    let path = format!("{}{}", entity.set, entity.predicate);
    let ty = entity.type_name.rsplit('.').next().unwrap_or_default();
    writer.text("id", &[], &format!("{root}{path}"));
    writer.empty("title", &[("type", "text")]);
    writer.text("updated", &[], &format!("{}Z", seconds(entity.updated)));
    // Atom requires an author; an entity has none.
    writer.start("author", &[]);
    writer.empty("name", &[]);
    writer.end("author");
    writer.empty("link", &[("rel", "edit"), ("title", ty), ("href", &path)]);
    for link in &entity.links {
        let rel = format!("{RELATED}{}", link.name);
        let href = format!("{path}/{}", link.name);
        let media_type =
            if link.is_many() { "application/atom+xml;type=feed" } else { "application/atom+xml;type=entry" };
        let attributes =
            [("rel", rel.as_str()), ("type", media_type), ("title", &link.name), ("href", &href)];
        if matches!(link.content, Content::Deferred { .. }) {
            writer.empty("link", &attributes);
            continue;
        }
        writer.start("link", &attributes);
        writer.start("m:inline", &[]);
        match &link.content {
            Content::One(Some(target)) => {
                writer.start("entry", &[]);
                entry(writer, root, target);
                writer.end("entry");
            }
            Content::Many(targets) => {
                writer.start("feed", &[]);
                head(writer, root, &href, entity.updated);
                for target in targets {
                    writer.start("entry", &[]);
                    entry(writer, root, target);
                    writer.end("entry");
                }
                writer.end("feed");
            }
            Content::Deferred { .. } | Content::One(None) => {}
        }
        writer.end("m:inline");
        writer.end("link");
    }
    writer.empty("category", &[("term", &entity.type_name), ("scheme", SCHEME)]);
    writer.start("content", &[("type", "application/xml")]);
    writer.start("m:properties", &[]);
    for property in &entity.properties {
        write_property(writer, property);
    }
    writer.end("m:properties");
    writer.end("content");
}

fn write_property(writer: &mut Writer, property: &Property<'_>) {
    let name = match &property.ty {
        Type::Simple(ty) => ty.name(),
        Type::Complex(name) => name,
    };
    let list = format!("Collection({name})");
    let ty = match (&property.value, &property.ty) {
        (Value::List(_), _) => Some(list.as_str()),
        // Strings are what a property without a type is.
        (_, Type::Simple(SimpleType::String)) => None,
        _ => Some(name),
    };
    value(writer, &format!("d:{}", property.name), ty, &property.value);
}

fn value(writer: &mut Writer, element: &str, ty: Option<&str>, of: &Value) {
    let mut attributes = Vec::with_capacity(2);
    attributes.extend(ty.map(|ty| ("m:type", ty)));
    match of {
        Value::Null => {
            attributes.push(("m:null", "true"));
            writer.empty(element, &attributes);
        }
        Value::Complex(members) => {
            writer.start(element, &attributes);
            for (name, member) in members {
                value(writer, &format!("d:{name}"), simple_type(member), member);
            }
            writer.end(element);
        }
        Value::List(items) => {
            writer.start(element, &attributes);
            for item in items {
                value(writer, "d:element", None, item);
            }
            writer.end(element);
        }
        Value::DateTime(ms) => {
            let text = format!("{}.{:03}", seconds(*ms), ms.rem_euclid(1000));
            writer.text(element, &attributes, &text);
        }
        simple => {
            let mut text = String::new();
            simple.write_lexical(&mut text);
            writer.text(element, &attributes, &text);
        }
    }
}

/// The type to announce of a member, which only its value tells.
fn simple_type(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Boolean(_) => SimpleType::Boolean.name(),
        Value::Int32(_) => SimpleType::Int32.name(),
        Value::Single(_) => SimpleType::Single.name(),
        Value::Double(_) => SimpleType::Double.name(),
        Value::DateTime(_) => SimpleType::DateTime.name(),
        Value::Null | Value::String(_) | Value::Complex(_) | Value::List(_) => return None,
    })
}

/// `yyyy-mm-ddThh:mm:ss` in UTC.
fn seconds(ms: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000))
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Link;

    fn category<'a>() -> Entity<'a> {
        let property =
            |name: &'static str, ty, value| Property { name: name.into(), ty: Type::Simple(ty), value };
        Entity {
            set: "Category".into(),
            predicate: "('a%2Fb')".into(),
            type_name: "UserData.Category".into(),
            version: 1,
            updated: 1_420_589_956_172,
            properties: vec![
                property("__id", SimpleType::String, Value::String("a/b <&>\u{3}".into())),
                property("__updated", SimpleType::DateTime, Value::DateTime(1_420_589_956_172)),
                property("flag", SimpleType::Boolean, Value::Null),
                property("none", SimpleType::String, Value::Null),
                property("tags", SimpleType::Double, Value::List(vec![Value::Double(1.5)])),
                Property {
                    name: "to".into(),
                    ty: Type::Complex("UserData.Address".into()),
                    value: Value::Complex(vec![("zip".into(), Value::Int32(1))]),
                },
            ],
            links: vec![Link { name: "_Sales".into(), content: Content::Deferred { many: true } }],
        }
    }

    #[test]
    fn an_entry() {
        let expected = concat!(
            "<id>http://x/Category('a%2Fb')</id><title type=\"text\"/><updated>2015-01-07T00:19:16Z</updated>",
            "<author><name/></author><link rel=\"edit\" title=\"Category\" href=\"Category('a%2Fb')\"/>",
            "<link rel=\"http://schemas.microsoft.com/ado/2007/08/dataservices/related/_Sales\"",
            " type=\"application/atom+xml;type=feed\" title=\"_Sales\" href=\"Category('a%2Fb')/_Sales\"/>",
            "<category term=\"UserData.Category\"",
            " scheme=\"http://schemas.microsoft.com/ado/2007/08/dataservices/scheme\"/>",
            "<content type=\"application/xml\"><m:properties><d:__id>a/b &lt;&amp;&gt;\\u0003</d:__id>",
            "<d:__updated m:type=\"Edm.DateTime\">2015-01-07T00:19:16.172</d:__updated>",
            "<d:flag m:type=\"Edm.Boolean\" m:null=\"true\"/><d:none m:null=\"true\"/>",
            "<d:tags m:type=\"Collection(Edm.Double)\"><d:element>1.5</d:element></d:tags>",
            "<d:to m:type=\"UserData.Address\"><d:zip m:type=\"Edm.Int32\">1</d:zip></d:to>",
            "</m:properties></content></entry>",
        );
        let document = entity("http://x/", &category());
        assert!(document.starts_with("<?xml version='1.0' encoding='utf-8'?><entry xmlns="), "{document}");
        assert!(document.ends_with(expected), "{document}");
    }

    #[test]
    fn a_feed_with_entries_inline() {
        let mut outer = category();
        outer.links = vec![
            Link { name: "_A".into(), content: Content::Many(vec![category()]) },
            Link { name: "_B".into(), content: Content::One(Some(Box::new(category()))) },
            Link { name: "_C".into(), content: Content::One(None) },
        ];
        let mut feed = Feed::new("http://x/", "Category", 0, Some(1));
        feed.push(&outer);
        let document = feed.finish();
        assert!(document.contains("<m:count>1</m:count><title type=\"text\">Category</title>"));
        assert!(document.contains("<m:inline><feed><title type=\"text\">_A</title>"));
        assert!(document.contains("<m:inline></m:inline>"));
        let mut reader = quick_xml::Reader::from_str(&document);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }
}
