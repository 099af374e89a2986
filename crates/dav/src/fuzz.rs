//! No body and no header makes a parser panic, and what is written can be read again.

use proptest::prelude::*;
use saibo_model::privilege::Level;

use crate::header::{Depth, Destination, ETag, Overwrite, Selection};
use crate::property::{Properties, Property};
use crate::request::{AclRequest, Change, Mkcol, Propfind, Proppatch, RoleName};
use crate::xml;

/// Text that looks enough like a WebDAV body to get past the first checks.
fn body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<D:propertyupdate xmlns:D='DAV:'>".to_owned()),
        Just("<D:set><D:prop>".to_owned()),
        Just("</D:prop></D:set></D:propertyupdate>".to_owned()),
        Just("<D:acl xmlns:D='DAV:'><D:ace>".to_owned()),
        Just("</D:ace></D:acl>".to_owned()),
        Just("<D:mkcol xmlns:D='DAV:'/>".to_owned()),
        "<[a-z:]{1,4}( [a-z:]{1,6}='[a-z&;<]{0,4}'){0,3}/?>",
        "</[a-z:]{1,4}>",
        "&[#x0-9a-f]{0,6};",
        "(<!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?|\\?>|<!DOCTYPE a>)",
        ".{0,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A property's element, as clients may send it.
fn element() -> impl Strategy<Value = String> {
    let text = "[^\\x00-\\x1f<&\u{fffe}\u{ffff}\r]{0,8}";
    (text, text, prop::bool::ANY).prop_map(|(text, value, default)| {
        let value = value.replace('\'', "");
        match default {
            true => format!("<a xmlns='urn:a' k='{value}'>{}<b/></a>", text.replace("]]>", "")),
            false => format!("<x:a k='{value}'><b/>{}</x:a>", text.replace("]]>", "")),
        }
    })
}

proptest! {
    #[test]
    fn bodies(body in body()) {
        let bytes = body.as_bytes();
        let _ = Mkcol::parse(bytes);
        let _ = Propfind::parse(bytes);
        let _ = AclRequest::parse(bytes, Level::Cell);
        if let Ok(patch) = Proppatch::parse(bytes) {
            let answer = patch.apply("u", &mut Properties::default()).to_xml();
            prop_assert!(xml::parse(answer.as_bytes()).is_ok(), "{}", answer);
        }
        if let Ok(property) = Property::parse(&body) {
            prop_assert_eq!(Property::parse(&property.to_xml()).unwrap(), property);
        }
    }

    #[test]
    fn bytes(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = xml::parse(&body);
    }

    #[test]
    fn headers(value in ".{0,40}", href in ".{0,20}", range in "bytes ?= ?[0-9, -]{0,30}", length in any::<u64>()) {
        let value = Some(value.as_str());
        let _ = Depth::of_propfind(value, None);
        let _ = Depth::of_copy(value);
        let _ = Overwrite::parse(value, Overwrite::True);
        let _ = ETag { version: 1, updated: 1 }.check_if_match(value);
        let _ = Selection::parse(Some(&range), length);
        let _ = Selection::parse(value, length);
        let _ = Destination::parse(value, "http://u/c/b/f", "http://u/c/b");
        let _ = RoleName::parse(&href, value, "http://u/c/");
    }

    #[test]
    fn destinations(tail in "[a-z%0-9/.#?]{0,20}") {
        let url = format!("http://u/c/b/{tail}");
        if let Ok(destination) = Destination::parse(Some(&url), "http://u/c/b/f", "http://u/c/b") {
            prop_assert!(destination.path.iter().all(|s| !s.is_empty() && s != ".." && s != "." && !s.contains('/')));
        }
    }

    #[test]
    fn stored_properties_mean_the_same(element in element()) {
        let body = format!(
            "<D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'><D:set><D:prop>{element}</D:prop></D:set></D:propertyupdate>"
        );
        let patch = Proppatch::parse(body.as_bytes()).unwrap();
        let mut properties = Properties::default();
        let answer = patch.apply("u", &mut properties);
        let [Change::Set(set)] = patch.changes.as_slice() else { return Err(TestCaseError::fail("one change")) };
        prop_assert_eq!(properties.to_vec(), [set.clone()]);
        let shown = xml::parse(answer.to_xml().as_bytes()).unwrap();
        let path = ["response", "propstat", "prop"];
        let prop = path.iter().fold(&shown, |at, name| at.child(xml::DAV, name).unwrap());
        let shown = prop.elements().next().unwrap();
        prop_assert!(shown.name.is(&set.name().namespace, "a"));
        prop_assert_eq!(shown.attribute("", "k"), set.element().attribute("", "k"));
        let bare = if shown.name.prefix.is_empty() { "urn:a" } else { "" };
        prop_assert!(shown.child(bare, "b").is_some());
    }
}
