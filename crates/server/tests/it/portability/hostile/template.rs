//! A snapshot with something of everything in it, in the form of the reference, to be spoilt.

use super::zip::{Entry, zip};

/// Where its parts are.
pub(super) const ROLES: &str = "10_odata/20_role.pjson";
pub(super) const ENTITIES: &str = "10_odata/70_userdata.pjson";
pub(super) const LINKS: &str = "10_odata/80_link.pjson";
pub(super) const ROOT: &str = "20_webdav/.pmeta";
pub(super) const FOLDER: &str = "20_webdav/__/.pmeta";
pub(super) const FILE: &str = "20_webdav/__/f/.pmeta";
pub(super) const CONTENT: &str = "20_webdav/__/f/content";

/// The entries of a good snapshot.
#[derive(Clone)]
pub(super) struct Template(Vec<Entry>);

/// The documents of a type are not there.
const NONE: &str = "";

/// A document with these members of `_source`.
pub(super) fn document(kind: &str, id: &str, source: &str) -> String {
    format!(
        "{{\"_type\":\"{kind}\",\"_source\":{{\"c\":\"cell\",\"p\":1,\"u\":2,{source}}},\"_id\":\"{id}\"}}\n"
    )
}

/// An entity.
pub(super) fn entity(id: &str, key: &str, more: &str) -> String {
    let source =
        format!(r#""b":"cell","n":"collection","t":"type"{more},"s":{{"__id":"{key}","P001":"text"}}"#);
    document("UserData", id, &source)
}

/// A link between documents.
pub(super) fn link(first: (&str, &str), second: (&str, &str)) -> String {
    let ((kind, id), (other_kind, other)) = (first, second);
    let source = format!(r#""k1":"{id}","t1":"{kind}","k2":"{other}","t2":"{other_kind}""#);
    document("link", &format!("{id}-{other}"), &source)
}

/// A `.pmeta`.
pub(super) fn meta(kind: &str, id: &str, more: &str) -> String {
    format!("{{\"p\":1,\"u\":2,\"v\":1,\"a\":{{}},\"d\":{{}},\"t\":\"{kind}\",\"i\":\"{id}\"{more}}}")
}

impl Template {
    pub(super) fn new() -> Self {
        let documents = [
            ("10_box", document("Box", "box", r#""s":{"Name":"app"}"#)),
            ("11_account", document("Account", "account", r#""s":{"Name":"me"}"#)),
            ("12_extcell", NONE.into()),
            ("20_role", document("Role", "role", r#""s":{"Name":"doctor"},"l":{"Box":"box"}"#)),
            ("21_rule", NONE.into()),
            ("22_relation", NONE.into()),
            ("23_sentmessage", NONE.into()),
            ("24_receivedmessage", NONE.into()),
            ("30_extrole", NONE.into()),
            ("40_entitytype", document("EntityType", "type", r#""b":"cell","n":"collection","s":{"Name":"Note"}"#)),
            ("41_complextype", NONE.into()),
            (
                "50_property",
                document(
                    "Property",
                    "property",
                    r#""b":"cell","n":"collection","l":{"EntityType":"type"},"h":{"Alias":"P001"},
                    "s":{"Name":"title","Type":"Edm.String","Nullable":true,"CollectionKind":"None","IsKey":false,
                    "IsDeclared":true}"#
                        .replace('\n', "")
                        .as_str(),
                ),
            ),
            ("51_complextypeproperty", NONE.into()),
            ("60_associationend", NONE.into()),
            ("70_userdata", entity("entity", "x", "")),
            ("80_link", link(("Account", "account"), ("Role", "role"))),
        ];
        let mut entries = vec![
            Entry::new("10_odata/", ""),
            Entry::new("20_webdav/", ""),
            Entry::new(
                "00_manifest.json",
                r#"{"export_version":2,"unit_url":"http://unit.example/","create_date":1}"#,
            ),
            Entry::new(
                "10_odata/00_cell.json",
                r#"{"_type":"Cell","_source":{"p":1,"s":{"Name":"elsewhere"},"u":2},"_id":"cell"}"#,
            ),
        ];
        entries
            .extend(documents.iter().map(|(name, text)| Entry::new(&format!("10_odata/{name}.pjson"), text)));
        entries.extend([
            Entry::new(ROOT, meta("Cell", "root", r#","cs":"normal""#)),
            Entry::new("20_webdav/box/.pmeta", meta("col.box", "app", "")),
            Entry::new(FOLDER, meta("col.box", "main", "")),
            Entry::new("20_webdav/__/od/.pmeta", meta("col.odata", "collection", "")),
            Entry::new(FILE, meta("dav.file", "file", r#","ct":"text/plain","cl":4,"et":"NONE""#)),
            Entry::new(CONTENT, "four"),
        ]);
        Self(entries)
    }

    /// With one more entry.
    pub(super) fn and(mut self, entry: Entry) -> Self {
        self.0.push(entry);
        self
    }

    /// With another content of an entry.
    pub(super) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.with_entry(Entry::new(name, content))
    }

    /// With more lines of an entry.
    pub(super) fn with_more(self, name: &str, lines: &str) -> Self {
        let before = self.get(name).data;
        self.with(name, [&before[..], lines.as_bytes()].concat())
    }

    /// With another entry of its name.
    pub(super) fn with_entry(mut self, entry: Entry) -> Self {
        let known = self.0.iter_mut().find(|known| known.name == entry.name);
        *known.unwrap() = entry;
        self
    }

    /// Without an entry.
    pub(super) fn without(mut self, name: &str) -> Self {
        let before = self.0.len();
        self.0.retain(|entry| entry.name != name);
        assert_eq!(self.0.len(), before - 1, "{name}");
        self
    }

    /// An entry.
    pub(super) fn get(&self, name: &str) -> Entry {
        self.0.iter().find(|entry| entry.name == name).unwrap().clone()
    }

    /// Where the data of its last entry ends.
    pub(super) fn zip(&self) -> Vec<u8> {
        zip(&self.0)
    }
}
