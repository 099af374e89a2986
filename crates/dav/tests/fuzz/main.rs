//! Whatever is sent to them, the parsers of WebDAV neither panic nor take long, and what they read they read again
//! from what is written. Longer: `SAIBO_FUZZ_SECONDS=600 cargo test -p saibo-dav --test fuzz`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use saibo_dav::header::{Depth, Destination, ETag, Overwrite, Selection};
use saibo_dav::property::{Properties, Property};
use saibo_dav::request::{AclRequest, Change, Mkcol, Propfind, Proppatch, RoleLookup, RoleName};
use saibo_dav::xml;
use saibo_fuzz::Fuzz;
use saibo_model::Id;
use saibo_model::Result;
use saibo_model::privilege::Level;

const CELL: &str = "http://localhost:9998/alice/";

fn fuzz(target: &str) -> Fuzz {
    Fuzz::new(env!("CARGO_MANIFEST_DIR"), target)
}

fn outcome<T>(result: &Result<T>, of_value: impl FnOnce(&T) -> usize) -> (&'static str, usize) {
    match result {
        Ok(value) => ("", of_value(value)),
        Err(error) => (error.code().code(), 0),
    }
}

#[test]
fn propfind() {
    fuzz("propfind").run(|input| {
        let log = Propfind::parse_allprop(input).is_ok();
        let parsed = Propfind::parse(input);
        let of = |asked: &Propfind| match asked {
            Propfind::Prop(names) => 3 + names.len(),
            Propfind::PropName => 2,
            Propfind::AllProp => 1,
            Propfind::Unspecified => 0,
        };
        (outcome(&parsed, of), log)
    });
}

/// What is stored of a PROPPATCH is what was sent, and what answers it is XML.
#[test]
fn proppatch() {
    fuzz("proppatch").run(|input| {
        let parsed = Proppatch::parse(input);
        if let Ok(patch) = &parsed {
            for Change::Set(property) | Change::Remove(property) in &patch.changes {
                let text = property.to_xml();
                assert_eq!(Property::parse(&text).ok().as_ref(), Some(property), "{text}");
            }
            let mut properties = Properties::default();
            let answer = patch.apply("http://localhost:9998/alice/b", &mut properties).to_xml();
            assert!(xml::parse(answer.as_bytes()).is_ok(), "{answer}");
            for (name, stored) in properties.iter() {
                assert!(Property::parse(stored).is_ok(), "{name}: {stored}");
            }
        }
        let sets = |patch: &Proppatch| {
            patch.changes.iter().filter(|change| matches!(change, Change::Set(_))).count()
        };
        outcome(&parsed, |patch| patch.changes.len().min(16) << 4 | sets(patch).min(8))
    });
}

#[test]
fn mkcol() {
    fuzz("mkcol").run(|input| match Mkcol::parse(input) {
        Ok(Mkcol::Create(kind)) => format!("{kind:?}"),
        Ok(other) => format!("{other:?}").chars().take(8).collect(),
        Err(error) => error.code().code().to_owned(),
    });
}

/// As a request writes it.
fn print(acl: &AclRequest) -> String {
    let escape = |text: &str| {
        let text =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('>', "&gt;");
        text.replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;")
    };
    let mut out = "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'".to_owned();
    if let Some(base) = &acl.base {
        out.push_str(&format!(" xml:base=\"{}\"", escape(base)));
    }
    if let Some(level) = acl.require_schema_authz {
        out.push_str(&format!(" p:requireSchemaAuthz=\"{}\"", level.name()));
    }
    out.push('>');
    for ace in &acl.aces {
        out.push_str("<D:ace><D:principal>");
        match &ace.principal {
            saibo_dav::request::PrincipalRequest::All => out.push_str("<D:all/>"),
            saibo_dav::request::PrincipalRequest::Href(href) => {
                out.push_str(&format!("<D:href>{}</D:href>", escape(href)));
            }
        }
        out.push_str("</D:principal><D:grant>");
        for privilege in &ace.privileges {
            out.push_str(&format!("<D:privilege><{}/></D:privilege>", privilege.qualified_name()));
        }
        out.push_str("</D:grant></D:ace>");
    }
    out + "</D:acl>"
}

#[test]
fn acl() {
    fuzz("acl").run(|input| {
        [Level::Cell, Level::Box].map(|level| {
            let parsed = AclRequest::parse(input, level);
            if let Ok(acl) = &parsed {
                let printed = print(acl);
                assert_eq!(
                    AclRequest::parse(printed.as_bytes(), level).ok().as_ref(),
                    Some(acl),
                    "{printed}"
                );
            }
            let found = parsed.as_ref().ok().map(|acl| {
                let stored = acl.clone().into_acl(CELL, |_| Ok(RoleLookup::Found(Id::random())));
                outcome(&stored, |_| 1)
            });
            (outcome(&parsed, |acl| acl.aces.len().min(16)), found)
        })
    });
}

/// No destination leads out of the Box, and no part of a file is longer than the file.
#[test]
fn headers() {
    fuzz("header").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let value = Some(text.as_ref());
        let destination = Destination::parse(value, "http://u/c/b/f", "http://u/c/b");
        if let Ok(destination) = &destination {
            let leads_out = |segment: &String| {
                segment.is_empty() || segment == "." || segment == ".." || segment.contains('/')
            };
            assert!(!destination.path.iter().any(leads_out), "{:?}", destination.path);
        }
        let role = RoleName::parse(&text, Some(CELL), CELL);
        if let Ok(role) = &role {
            assert!(!role.box_name.is_empty() && !role.name.is_empty());
        }
        let _ = Overwrite::parse(value, Overwrite::True);
        let _ = ETag { version: 1, updated: 1 }.check_if_match(value);
        let depths = (Depth::of_propfind(value, None).is_ok(), Depth::of_copy(value).is_ok());
        let selection = format!("{:?}", Selection::parse(value, 10));
        (outcome(&destination, |_| 1), outcome(&role, |_| 1), depths, selection)
    });
}
