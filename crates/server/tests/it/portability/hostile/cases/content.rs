//! Files whose documents and resources do not fit together.

use super::super::template::{ENTITIES, LINKS, ROLES, Template, document, entity, link, meta};
use super::super::zip::Entry;
use super::{Case, DANGLING, SHAPE};

/// What is seen when all has been read.
pub(in super::super) fn content() -> Vec<Case> {
    let good = Template::new;
    let role =
        |id: &str, name: &str, more: &str| document("Role", id, &format!(r#""s":{{"Name":"{name}"}}{more}"#));
    let in_box = r#","l":{"Box":"box"}"#;
    let note =
        |id: &str, source: &str| document("UserData", id, &format!(r#"{source},"s":{{"__id":"{id}"}}"#));
    let case = |what, file, code, parts| Case { what, file, at_once: false, code, parts };
    vec![
        case(
            "two of one id",
            good().with_more(ROLES, &role("role", "nurse", "")).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "role"],
        ),
        case(
            "two of one id and two types",
            good().with_more(ROLES, &role("account", "nurse", "")).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "account"],
        ),
        case(
            "two of one name",
            good().with_more(ROLES, &role("other", "doctor", in_box)).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "other"],
        ),
        case(
            "two entities of one key",
            good().with_more(ENTITIES, &entity("other", "x", "")).zip(),
            SHAPE,
            &["70_userdata.pjson: line 2", "other"],
        ),
        case(
            "two resources of one id",
            good().and(Entry::new("20_webdav/__/d/.pmeta", meta("col.webdav", "file", ""))).zip(),
            SHAPE,
            &["20_webdav/__/", "/.pmeta: file: there is another"],
        ),
        case(
            "a dangling link",
            good().with_more(LINKS, &link(("Account", "account"), ("Role", "nobody"))).zip(),
            DANGLING,
            &["80_link.pjson: line 2", "nobody"],
        ),
        case(
            "a link between nothings",
            good().with(LINKS, link(("Account", "no-account"), ("Role", "no-role"))).zip(),
            DANGLING,
            &["80_link.pjson: line 1", "no-account"],
        ),
        case(
            "a dangling link of an entity",
            good().with_more(ENTITIES, &entity("other", "y", r#","ll":["type:nobody"]"#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "nobody"],
        ),
        case(
            "a link of an entity to no id",
            good().with_more(ENTITIES, &entity("other", "y", r#","ll":["nobody"]"#)).zip(),
            SHAPE,
            &["70_userdata.pjson: line 2", "ll"],
        ),
        case(
            "a Role in no Box",
            good().with_more(ROLES, &role("other", "nurse", r#","l":{"Box":"no-box"}"#)).zip(),
            DANGLING,
            &["20_role.pjson: line 2", "no-box"],
        ),
        case(
            "an entity in no collection",
            good().with_more(ENTITIES, &note("y", r#""b":"cell","n":"no-collection","t":"type""#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "no-collection"],
        ),
        case(
            "an entity of no EntityType",
            good().with_more(ENTITIES, &note("y", r#""b":"cell","n":"collection","t":"no-type""#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "no-type"],
        ),
        case(
            "an entity in another Box",
            good().with_more(ENTITIES, &note("y", r#""b":"box","n":"collection","t":"type""#)).zip(),
            SHAPE,
            &["70_userdata.pjson: line", "box"],
        ),
        case(
            "a folder of no Box",
            good().and(Entry::new("20_webdav/no-box/.pmeta", meta("col.box", "no-box", ""))).zip(),
            DANGLING,
            &["20_webdav/no-box/"],
        ),
    ]
}
