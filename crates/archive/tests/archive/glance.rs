//! A glance at a line tells the same as parsing it, or nothing.

use saibo_archive::{Block, DocumentLine, Glance, Glances, LinkLine, member};
use saibo_fuzz::Fuzz;
use saibo_model::Kind;

use crate::build::{document, open, small};

/// What a glance tells, compared with what parsing does; whatever lines came before it.
fn glance(line: &str, kind: Kind, key: &'static str) -> bool {
    let seen = Glance::at(line, kind, key);
    let mut before = vec![line];
    before.extend(include_str!("../corpus/document/lines").lines());
    for before in before {
        let mut glances = Glances::new(kind, key);
        assert_eq!(glances.at(before), Glance::at(before, kind, key), "{before}");
        assert_eq!(glances.at(line), seen, "{line} after {before}");
        assert_eq!(glances.at(before), Glance::at(before, kind, key), "{before} after {line}");
    }
    let Some(seen) = seen else { return false };
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

/// Lines of one form, each with something else in the place of each value, and of others.
#[test]
fn lines_after_others() {
    let line = |id: &str, from: usize, values: &[&str]| {
        let names = [r#""p":"#, r#""s":"#, r#""c":"#, r#""l":"#, r#""ll":"#, r#""u":"#, r#""b":"#];
        let mut members: Vec<String> =
            names.iter().zip(values).map(|(name, value)| format!("{name}{value}")).collect();
        members.rotate_left(from.min(values.len()));
        let members = members.join(",");
        format!(r#"{{"_index":"i","_type":"Role","_source":{{{members}}},"_id":{id}}}"#)
    };
    let values = ["1", r#"{"Name":"a"}"#, r#""c""#, r#"{"Box":"b"}"#, r#"["t:i"]"#, "2", r#""b""#];
    let others =
        ["", "3", "03", r#""""#, r#""x\y""#, "{}", r#"{"Name":"ab"}"#, r#"{"x":[]}"#, "[]", r#"["",""]"#];
    let mut glances = Glances::new(Kind::Role, "Name");
    let mut taken = 0;
    for from in 0..values.len() {
        for at in 0..values.len() {
            for other in others {
                let mut changed = values;
                changed[at] = other;
                for line in [
                    line("\"id\"", from, &changed),
                    line(other, from, &values),
                    line("\"id\"", from, &values[..at]),
                    line("\"id\"", from, &values) + other,
                ] {
                    let seen = glances.at(&line);
                    assert_eq!(seen, Glance::at(&line, Kind::Role, "Name"), "{line}");
                    taken += usize::from(seen.is_some());
                }
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

/// What a glance at a link tells, compared with what parsing does.
fn link_ids(line: &str) -> bool {
    let Some(ids) = LinkLine::ids_at(line) else { return false };
    let parsed = LinkLine::parse(line, 1).unwrap_or_else(|e| panic!("{line}: {e}"));
    assert_eq!(ids, parsed.ids.each_ref().map(AsRef::as_ref), "{line}");
    true
}

#[test]
fn links() {
    Fuzz::new(env!("CARGO_MANIFEST_DIR"), "link").by_line().run(|input| {
        let text = String::from_utf8_lossy(input).replace('\n', " ");
        link_ids(&text)
    });
    let members = [
        r#""p":1"#,
        r#""b":"box""#,
        r#""c":"cell""#,
        r#""u":2"#,
        r#""k1":"one""#,
        r#""k2":"two""#,
        r#""type":"link""#,
        r#""t1":"A""#,
        r#""n":"col""#,
        r#""t2":"B""#,
    ];
    let line = |members: &[&str]| {
        format!(r#"{{"_index":"i","_type":"link","_source":{{{}}},"_id":"id"}}"#, members.join(","))
    };
    let good = line(&members);
    assert!(link_ids(&good));
    for at in 0..members.len() {
        let mut fewer = members.to_vec();
        let one = fewer.remove(at);
        let may_lack = [r#""b":"box""#, r#""n":"col""#, r#""type":"link""#].contains(&one);
        assert_eq!(link_ids(&line(&fewer)), may_lack, "without {one}");
        assert_eq!(LinkLine::parse(&line(&fewer), 1).is_ok(), may_lack, "without {one}");
        assert!(!link_ids(&line(&[&members[..], &[one]].concat())), "twice {one}");
        for value in ["null", "01", "1", "[]", r#""x""#, r#""\\""#, "tru"] {
            let other = format!("{}:{value}", one.split(':').next().unwrap());
            let mut changed = members.to_vec();
            changed[at] = &other;
            // Compares, where it is taken.
            link_ids(&line(&changed));
        }
    }
    for (from, to) in [("\"id\"", "\"\""), ("\"_type\":\"link\"", "\"_type\":\"Role\""), ("},", ",")] {
        assert!(!link_ids(&good.replace(from, to)), "{to}");
    }
    assert!(!link_ids(&(good.clone() + " ")) && !link_ids(&good.replace("\"p\"", "\"zz\":1,\"p\"")));
    let reader = open(include_bytes!("../fixtures/rich.zip")).unwrap();
    let (mut links, mut block) = (reader.links().unwrap(), Block::default());
    while links.read_block(&mut block).unwrap() {
        assert!(block.lines().all(|line| link_ids(line.unwrap().1)));
    }
    assert!(links.lines_read() > 0);
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
