//! What is well formed and still not what anybody expects, in parts that an import does not look into: it is imported,
//! and nothing that is asked of the Cell afterwards is an error of the unit's own.

use std::time::{Duration, Instant};

use serde_json::json;

use super::template::{ENTITIES, FILE, FOLDER, ROOT, Template, document, entity, meta};
use super::zip::Entry;
use super::{DATA, import, unit};
use crate::portability::client::Client;
use crate::portability::jobs::export;

const ACCOUNTS: &str = "10_odata/11_account.pjson";
const TYPES: &str = "10_odata/40_entitytype.pjson";
const PROPERTIES: &str = "10_odata/50_property.pjson";

fn cases() -> Vec<(&'static str, Template)> {
    let good = Template::new;
    let file = |more: &str| good().with(FILE, meta("dav.file", "file", &format!(r#","cl":4{more}"#)));
    let main = |member: &str, value: &str| {
        let text = meta("col.box", "main", "")
            .replace(&format!("\"{member}\":"), &format!("\"{member}\":{value},\"x{member}\":"));
        good().with(FOLDER, text)
    };
    let account = |hidden: &str| {
        let source = format!(r#""s":{{"Name":"me"}},"h":{{{hidden}}}"#);
        good().with(ACCOUNTS, document("Account", "account", &source))
    };
    let hash = |text: &str| {
        account(&format!(
            r#""HashAlgorithm":"scrypt","HashAttributes":"{{\"keyLength\":32}}","HashedCredential":"{text}""#
        ))
    };
    let fields = |fields: &str| {
        good().with(
            ENTITIES,
            document(
                "UserData",
                "entity",
                &format!(r#""b":"cell","n":"collection","t":"type","s":{{"__id":"x",{fields}}}"#),
            ),
        )
    };
    let property = |source: &str| {
        good().with(
            PROPERTIES,
            document("Property", "property", &format!(r#""b":"cell","n":"collection",{source}"#)),
        )
    };
    let deep = |depth: usize| format!("\"P001\":{}{}", "[".repeat(depth), "]".repeat(depth));
    let time = |value: &str| {
        good().with(
            ENTITIES,
            entity("entity", "x", "")
                .replace("\"p\":1", &format!("\"p\":{value}"))
                .replace("\"u\":2", &format!("\"u\":{value}")),
        )
    };
    vec![
        ("a time at its end", main("u", "9223372036854775807")),
        ("a time before all", main("u", "-9223372036854775808")),
        ("created at the end of time", main("p", "9223372036854775807")),
        ("an entity at the end of time", time("9223372036854775807")),
        ("an entity before all time", time("-9223372036854775808")),
        ("a media type of two lines", file(r#","ct":"text/plain\r\nX-Evil: yes""#)),
        ("a media type beyond ASCII", file(r#","ct":"text/日本""#)),
        ("no media type", file("")),
        (
            "a folder in an OData collection",
            good().and(Entry::new("20_webdav/__/od/g/.pmeta", meta("col.webdav", "g", ""))),
        ),
        ("an ACL of another shape", main("a", r#"{"D.ace":7,"@p.requireSchemaAuthz":["x"]}"#)),
        ("an ACE of nothing", main("a", r#"{"D.ace":[{}, null, {"D.principal":{},"D.grant":{}}]}"#)),
        (
            "an unknown privilege",
            main("a", r#"{"D.ace":[{"D.principal":{"D.all":""},"D.grant":{"D.privilege":{"D.fly":{}}}}]}"#),
        ),
        ("a property that is no XML", main("d", r#"{"a@b":"</prop><evil>","no-namespace":"<x/>"}"#)),
        ("a property that is no text", main("d", r#"{"a@b":7}"#)),
        (
            "a hash that takes all memory",
            hash("$3f0801$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        (
            "a hash that takes for ever",
            hash("$0affff$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        ("a hash that is none", hash("$$$")),
        ("an unknown algorithm", account(r#""HashAlgorithm":"rot13","HashedCredential":"cnff""#)),
        ("a hash of the wrong type", account(r#""HashAlgorithm":7,"HashedCredential":[]"#)),
        ("a number for a text", fields(r#""P001":7"#)),
        ("an object for a text", fields(r#""P001":{"a":{"b":null}}"#)),
        ("nested 90 deep", fields(&deep(90))),
        ("an alias that nobody knows", fields(r#""P777":"x""#)),
        ("a key of an entity that is a path", good().with(ENTITIES, entity("entity", "../../x'y", ""))),
        ("an empty key", good().with(ENTITIES, entity("entity", "", ""))),
        (
            "a property without an alias",
            property(r#""l":{"EntityType":"type"},"s":{"Name":"title","Type":"Edm.String"}"#),
        ),
        (
            "a property of no type",
            property(r#""l":{"EntityType":"type"},"h":{"Alias":"P001"},"s":{"Name":"title"}"#),
        ),
        (
            "a property of an unknown type",
            property(
                r#""l":{"EntityType":"type"},"h":{"Alias":"P001"},"s":{"Name":"title","Type":"Edm.Soul"}"#,
            ),
        ),
        (
            "a property of no EntityType",
            property(r#""h":{"Alias":"P001"},"s":{"Name":"title","Type":"Edm.String"}"#),
        ),
        (
            "an EntityType with an odd name",
            good().with(
                TYPES,
                document("EntityType", "type", r#""b":"cell","n":"collection","s":{"Name":"a/b'c"}"#),
            ),
        ),
        ("a root of odd status", good().with(ROOT, meta("Cell", "root", r#","cs":"\u0000<&>""#))),
    ]
}

/// Asks for a bit of everything; what was answered with an error of the unit's own.
fn used(client: &Client) -> Vec<String> {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let xml = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><q xmlns='z'>1</q></D:prop></D:set></D:propertyupdate>";
    let acl = "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:ace><D:principal><D:all/></D:principal>\
               <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>";
    let requests: [(&str, &str, (&str, &str), &str); 18] = [
        ("PROPFIND", "", ("Depth", "1"), ""),
        ("PROPFIND", "/__", ("Depth", "1"), ""),
        ("PROPFIND", "/__/f", ("Depth", "0"), ""),
        ("GET", "/__", form, ""),
        ("GET", "/__/f", form, ""),
        ("GET", "/__/od/Note", form, ""),
        ("GET", "/__/od/Note('x')", form, ""),
        ("GET", "/__/od/$metadata", form, ""),
        ("GET", "/__/od/$metadata/Property", form, ""),
        ("GET", "/__ctl/Account", form, ""),
        ("POST", "/__token", form, "grant_type=password&username=me&password=pass"),
        ("MERGE", "/__/od/Note('x')", ("Content-Type", "application/json"), r#"{"more":"x"}"#),
        ("POST", "/__/od/Note", ("Content-Type", "application/json"), r#"{"title":"x"}"#),
        ("PROPPATCH", "/__", form, xml),
        ("PROPPATCH", "/__/f", form, xml),
        ("ACL", "/__", form, acl),
        ("PUT", "/__/f", ("Content-Type", "text/plain"), "five!"),
        ("PUT", "/__/new", ("Content-Type", "text/plain"), "new"),
    ];
    let mut wrong = Vec::new();
    for (method, path, header, body) in requests {
        let begun = Instant::now();
        let reply = client.send(method, &format!("/cell{path}"), &[header], body.as_bytes()).unwrap();
        let evil = String::from_utf8_lossy(&reply.body).contains("<evil>");
        if reply.status >= 500 || evil {
            wrong.push(reply.to_string());
        }
        if begun.elapsed() > Duration::from_secs(20) {
            wrong.push(format!("{reply} took {:?}", begun.elapsed()));
        }
    }
    wrong
}

#[test]
fn what_is_odd_is_served_nevertheless() {
    let unit = unit();
    let client = unit.client();
    let mut wrong = Vec::new();
    for (what, template) in cases() {
        assert_eq!(import(&client, "cell", &template.zip()), None, "{what}");
        wrong.extend(used(&client).into_iter().map(|why| format!("{what}: {why}")));
        export(&client, "cell");
        client.post("/cell/__import", &json!({ "Undo": true })).expect(204);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    DATA.find(&client, "cell").unwrap();
}
