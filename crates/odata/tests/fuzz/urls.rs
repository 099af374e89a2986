//! Paths and keys.

use std::mem::discriminant;

use saibo_odata::key::{ENTITY_KEY, Key, KeyPart};
use saibo_odata::uri::Resource;

use super::fuzz;

const fn part(name: &'static str, nullable: bool) -> KeyPart {
    KeyPart { name, nullable, encoded: false }
}

const ROLE: &[KeyPart] = &[part("Name", false), part("_Box.Name", true)];
const EXT_ROLE: &[KeyPart] =
    &[part("ExtRole", false), part("_Relation.Name", false), part("_Relation._Box.Name", true)];

#[test]
fn keys() {
    fuzz("key").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        [ENTITY_KEY, ROLE, EXT_ROLE].map(|parts| {
            let key = Key::parse(&text, parts).ok()?;
            let plain = key.plain(parts);
            let inner = plain.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap();
            assert_eq!(Key::parse(inner, parts).as_ref(), Ok(&key), "{plain}");
            let _ = key.canonical(parts);
            Some(key.values().iter().map(Option::is_some).collect::<Vec<_>>())
        })
    });
}

/// The key in a path's canonical form is the key itself, but for spaces, which are written as `+`.
#[test]
fn paths() {
    fuzz("path").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let resource = Resource::parse(&text);
        if let Resource::Entity { set, predicate } = &resource
            && let Ok(key) = Key::parse(predicate, ENTITY_KEY)
            && key.value(0).is_some_and(|value| !value.contains(' '))
            && set.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            let Resource::Entity { predicate, .. } =
                Resource::parse(&format!("{set}{}", key.canonical(ENTITY_KEY)))
            else {
                panic!("{set}{}", key.canonical(ENTITY_KEY));
            };
            assert_eq!(predicate.len(), key.value(0).unwrap().len() + 2, "{predicate}");
        }
        discriminant(&resource)
    });
}
