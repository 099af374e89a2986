use proptest::prelude::*;

use super::*;

const ROLE: &[KeyPart] = &[
    KeyPart { name: "Name", nullable: false, encoded: false },
    KeyPart { name: "_Box.Name", nullable: true, encoded: false },
];
const EXT_ROLE: &[KeyPart] = &[
    KeyPart { name: "ExtRole", nullable: false, encoded: true },
    KeyPart { name: "_Relation.Name", nullable: false, encoded: false },
    KeyPart { name: "_Relation._Box.Name", nullable: true, encoded: false },
];

fn key(values: &[Option<&str>]) -> Key {
    Key::new(values.iter().map(|v| v.map(str::to_owned)).collect())
}

#[test]
fn predicates() {
    for (text, parts, values) in [
        ("'n'", ENTITY_KEY, &[Some("n")][..]),
        ("__id='n'", ENTITY_KEY, &[Some("n")]),
        ("'it''s'", ENTITY_KEY, &[Some("it's")]),
        ("''", ENTITY_KEY, &[Some("")]),
        ("'a=b,c'", ENTITY_KEY, &[Some("a=b,c")]),
        ("'n'", ROLE, &[Some("n"), None]),
        ("Name='n'", ROLE, &[Some("n"), None]),
        ("Name='n',_Box.Name=null", ROLE, &[Some("n"), None]),
        ("_Box.Name='b',Name='n'", ROLE, &[Some("n"), Some("b")]),
        (" Name = 'n' , _Box.Name = 'b' ", ROLE, &[Some("n"), Some("b")]),
        ("'x'", EXT_ROLE, &[Some("x"), Some("x"), None]),
        ("ExtRole='http://x/',_Relation.Name='r'", EXT_ROLE, &[Some("http://x/"), Some("r"), None]),
    ] {
        assert_eq!(Key::parse(text, parts), Ok(key(values)), "{text}");
    }
}

#[test]
fn what_is_no_predicate() {
    for (text, parts) in [
        ("", ENTITY_KEY),
        ("123456", ENTITY_KEY),
        ("false", ENTITY_KEY),
        ("null", ENTITY_KEY),
        ("''a''", ENTITY_KEY),
        ("'a", ENTITY_KEY),
        ("'a')'", ENTITY_KEY),
        ("'Name='role1',_Box.Name=null'", ROLE),
        ("Name=123", ROLE),
        ("Name=null", ROLE),
        ("_Box.Name='b'", ROLE),
        ("Name='n',", ROLE),
        ("Name='n' _Box.Name=null", ROLE),
        ("ExtRole='x'", EXT_ROLE),
    ] {
        assert_eq!(Key::parse(text, parts), Err(MalformedKey), "{text}");
    }
}

#[test]
fn keys_are_written_as_the_api_shows_them() {
    for (values, parts, canonical) in [
        (&[Some("box1")][..], ENTITY_KEY, "('box1')"),
        (&[Some("bob@example.com")], ENTITY_KEY, "('bob%40example.com')"),
        (&[Some("http://localhost:9998/c/")], ENTITY_KEY, "('http%3A%2F%2Flocalhost%3A9998%2Fc%2F')"),
        (&[Some("a b'c")], ENTITY_KEY, "('a+b%27c')"),
        (&[Some("日")], ENTITY_KEY, "('%E6%97%A5')"),
        (&[Some("role0"), None], ROLE, "(Name='role0',_Box.Name=null)"),
        (&[Some("+:r"), Some("b")], ROLE, "(Name='+:r',_Box.Name='b')"),
        (
            &[Some("http://c/"), Some("r"), None],
            EXT_ROLE,
            "(ExtRole='http%3A%2F%2Fc%2F',_Relation.Name='r',_Relation._Box.Name=null)",
        ),
    ] {
        assert_eq!(key(values).canonical(parts), canonical);
    }
    assert_eq!(key(&[Some("http://c/")]).plain(ENTITY_KEY), "('http://c/')");
}

proptest! {
    #[test]
    fn a_plain_predicate_parses_to_the_key(name in ".{0,30}", parent in proptest::option::of(".{0,30}")) {
        let key = Key::new(vec![Some(name), parent]);
        let text = key.plain(ROLE);
        prop_assert_eq!(Key::parse(&text[1..text.len() - 1], ROLE), Ok(key));
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = Key::parse(&text, ROLE);
    }
}
