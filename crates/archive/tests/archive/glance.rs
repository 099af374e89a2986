//! A glance at a line tells the same as parsing it, or nothing.

use saibo_archive::{Block, DocumentLine, Glance, member};
use saibo_fuzz::Fuzz;
use saibo_model::Kind;

use crate::build::{document, open, small};

/// What a glance tells, compared with what parsing does.
fn glance(line: &str, kind: Kind, key: &str) -> bool {
    let Some(seen) = Glance::at(line, kind, key) else { return false };
    let parsed = DocumentLine::parse(line, kind, "entry", 1).unwrap_or_else(|e| panic!("{line}: {e}"));
    let text = |text: &str| serde_json::from_str::<String>(text).unwrap();
    assert_eq!(seen.id, parsed.id);
    assert_eq!(seen.box_id, parsed.box_id.as_deref());
    assert_eq!(seen.collection, parsed.collection.as_deref());
    assert_eq!(seen.entity_type, parsed.entity_type.as_deref());
    assert_eq!(seen.fields, parsed.fields);
    assert_eq!(Some(seen.key.to_owned()), member(parsed.fields, key).unwrap().map(text));
    let links: Vec<_> =
        parsed.links.iter().flatten().map(|(name, id)| (name.as_ref(), id.as_ref())).collect();
    assert_eq!(seen.links, links);
    let links: Vec<_> = parsed.entity_links.iter().flatten().map(AsRef::as_ref).collect();
    assert_eq!(seen.entity_links, links);
    true
}

#[test]
fn it_tells_what_parsing_does_or_nothing() {
    let fuzz = Fuzz::new(env!("CARGO_MANIFEST_DIR"), "document").by_line();
    fuzz.run(|input| {
        let text = String::from_utf8_lossy(input).replace('\n', " ");
        [("Name", Kind::Role), ("__id", Kind::UserData)].map(|(key, kind)| glance(&text, kind, key))
    });
}

#[test]
fn values_of_all_kinds() {
    let with = |fields: &str| {
        let mut line = Vec::new();
        document(Kind::Role, "role", fields).write(&mut line);
        String::from_utf8(line).unwrap()
    };
    for (fields, taken) in [
        (r#"{"Name":"a"}"#, true),
        (r#"{"x":[1,-2.5e+3,{"Name":"no"},[],{},null,true,false],"Name":"深い","Name":"b"}"#, true),
        (r#"{"x":"\"\\\/\b\f\n\r\t","Name":"a"}"#, true),
        (r#"{"x":"\u0041","Name":"a"}"#, false),
        (r#"{"x":"\x","Name":"a"}"#, false),
        (r#"{"Name":"a\"b"}"#, false),
        (r#"{"\u004eame":"a","Name":"b"}"#, false),
        (r#"{"Name": "a"}"#, false),
        (r#"{"Name":1}"#, false),
        (r#"{"Name":"a","x":01}"#, false),
        (r#"{"Name":"a","x":1.}"#, false),
        (r#"{"Name":"a","x":tru}"#, false),
        (r#"{"Name":"a","x":[1,]}"#, false),
        (r#"{"Name":"a",}"#, false),
        (r#"{"Name":"a"}}"#, false),
        (r#"{"Nam":"a"}"#, false),
        ("{\"Name\":\"a\tb\"}", false),
    ] {
        assert_eq!(glance(&with(fields), Kind::Role, "Name"), taken, "{fields}");
    }
    let deep = format!(r#"{{"Name":"a","x":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    assert!(!glance(&with(&deep), Kind::Role, "Name"));
}

/// The fields that `_source` may have, each left out, doubled, of a wrong kind.
#[test]
fn members_of_all_kinds() {
    let members = [
        r#""p":1"#,
        r#""ll":["t:i"]"#,
        r#""a":{}"#,
        r#""b":"box""#,
        r#""s":{"__id":"k"}"#,
        r#""c":"cell""#,
        r#""d":{}"#,
        r#""t":"type""#,
        r#""u":2"#,
        r#""h":{}"#,
        r#""l":{"Box":"b"}"#,
        r#""type":"UserData""#,
        r#""n":"col""#,
    ];
    let line = |members: &[&str]| {
        format!(r#"{{"_index":"i","_type":"UserData","_source":{{{}}},"_id":"id"}}"#, members.join(","))
    };
    let is_taken = |members: &[&str]| glance(&line(members), Kind::UserData, "__id");
    assert!(is_taken(&members));
    for at in 0..members.len() {
        let mut fewer = members.to_vec();
        let one = fewer.remove(at);
        let name = one.split(':').next().unwrap();
        let needed = [r#""p""#, r#""s""#, r#""c""#, r#""t""#, r#""u""#, r#""n""#].contains(&name);
        assert_eq!(is_taken(&fewer), !needed, "without {one}");
        assert!(!is_taken(&[&members[..], &[one]].concat()), "twice {one}");
        for value in
            ["null", "1.5", "-0", "99999999999999999999", "[1]", r#"{"x":1}"#, r#""x""#, "[[]]", "tru"]
        {
            let other = format!("{name}:{value}");
            let mut changed = members.to_vec();
            changed[at] = &other;
            // Compares, where it is taken.
            is_taken(&changed);
        }
    }
    assert!(!is_taken(&[&members[..], &[r#""x":1"#]].concat()), "an unknown one");
}

#[test]
fn hardly_a_line_needs_more() {
    let snapshots: [&[u8]; 2] = [&small().0, include_bytes!("../fixtures/rich.zip")];
    for bytes in snapshots {
        let reader = open(bytes).unwrap();
        let (mut lines, mut taken) = (0, 0);
        for kind in Kind::IN_CELL {
            let mut one_by_one = reader.documents(kind).unwrap();
            let mut documents = reader.documents(kind).unwrap();
            let mut block = Block::default();
            while documents.read_block(&mut block).unwrap() {
                for line in block.lines() {
                    let (number, line) = line.unwrap();
                    let expected = one_by_one.read().unwrap().unwrap();
                    assert_eq!(DocumentLine::parse(line, kind, "entry", number).unwrap(), expected);
                    let keys = ["Name", "Url", "ExtRole", "__id"];
                    taken += usize::from(keys.iter().any(|key| glance(line, kind, key)));
                    lines += 1;
                }
            }
            assert!(one_by_one.read().unwrap().is_none());
            assert_eq!(documents.lines_read(), one_by_one.lines_read());
            assert_eq!(documents.bytes_read(), one_by_one.bytes_read());
        }
        assert!(taken * 10 >= lines * 9 && lines > 0, "{taken} of {lines}");
    }
}
