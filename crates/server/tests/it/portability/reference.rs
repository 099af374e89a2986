//! A Cell that the reference exported, imported under another name: everything that the reference's API showed of it,
//! as the inventory beside the snapshot has it, this API shows, too.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::Client;
use super::jobs::settled;
use super::process::TestUnit;

const RICH: &[u8] = include_bytes!("../../../../archive/tests/fixtures/rich.zip");
const INVENTORY: &str = include_str!("../../../../archive/tests/fixtures/rich.inventory.json");

/// Where it was exported.
const ORIGIN: &str = "http://localhost:9998";

/// What was read from this unit, in the words of the inventory.
fn in_its_words(client: &Client, text: &str) -> Value {
    let own = client.url("");
    let (own_encoded, origin_encoded) = (encoded(&own), encoded(ORIGIN));
    let text = text
        .replace(&own, "UNIT")
        .replace(ORIGIN, "UNIT")
        .replace(&own_encoded, &origin_encoded)
        .replace("UNIT/copy/", "UNIT/CELL/")
        .replace("UNIT/rich/", "UNIT/CELL/");
    serde_json::from_str(&text).unwrap()
}

fn encoded(url: &str) -> String {
    url.replace(':', "%3A").replace('/', "%2F")
}

/// Slashes within a key are part of it only when encoded.
fn with_keys_encoded(path: &str) -> String {
    let parts = path.split('\'').enumerate();
    let encoded = parts.map(|(at, part)| if at % 2 == 1 { encoded(part) } else { part.to_owned() });
    encoded.collect::<Vec<_>>().join("'")
}

/// Without entity tags, which the inventory leaves out, in the order of their URLs.
fn sorted(list: &Value) -> BTreeMap<String, Value> {
    let objects = list.as_array().unwrap().iter().cloned();
    objects
        .map(|mut object| {
            object["__metadata"].as_object_mut().unwrap().shift_remove("etag");
            (object["__metadata"]["uri"].as_str().unwrap().to_owned(), object)
        })
        .collect()
}

fn lines(path: &str, found: &Value, expected: &Value) {
    let (found, expected) = (sorted(found), sorted(expected));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{path}");
    for (uri, object) in &expected {
        assert_eq!(&found[uri], object, "{path}");
    }
}

#[test]
fn nothing_is_lost() {
    let unit = TestUnit::start();
    let client = unit.client();
    client.post("/__ctl/Cell", &json!({ "Name": "copy" })).expect(201);
    let zip = [("Content-Type", "application/zip")];
    client.send("PUT", "/copy/__snapshot/rich.zip", &zip, RICH).unwrap().expect(201);
    client.post("/copy/__import", &json!({ "Name": "rich" })).expect(202);
    assert_eq!(settled(&client, "/copy/__import"), json!({ "status": "ready" }));

    let inventory: BTreeMap<String, Value> = serde_json::from_str(INVENTORY).unwrap();
    let mut seen = 0;
    for (what, expected) in &inventory {
        let path = match what.split_once('/') {
            Some(("file", path)) => {
                let reply = client.get(&format!("/copy/{path}"));
                let hash: String =
                    Sha256::digest(&reply.body).iter().map(|byte| format!("{byte:02x}")).collect();
                let found = json!([reply.status, reply.body.len(), hash, reply.content_type]);
                assert_eq!(found, *expected, "{what}");
                seen += 1;
                continue;
            }
            Some(("dav", path)) => {
                let reply =
                    client.send("PROPFIND", &format!("/copy/{path}"), &[("Depth", "0")], b"").unwrap();
                assert_eq!(reply.status, 207, "{what}");
                seen += 1;
                continue;
            }
            Some(("ctl", set)) => format!("/copy/__ctl/{set}"),
            Some(_) => format!("/copy/{what}"),
            None => continue,
        };
        let reply = client.get(&format!("{path}?$top=1000")).expect(200);
        let mut found = in_its_words(&client, &String::from_utf8(reply.body).unwrap());
        lines(what, &found["d"]["results"].take(), expected);
        seen += 1;
    }
    assert_eq!(seen + 2, inventory.len(), "all but the links and the Cell's ACL, which come next");

    for (what, expected) in inventory["links"].as_object().unwrap() {
        let (from, property) = what.split_once(' ').unwrap();
        let path = match from.strip_prefix("/CELL/") {
            Some(path) => format!("/copy/{path}/$links/{property}"),
            None => format!("/copy/{from}/$links/{property}"),
        };
        let path = with_keys_encoded(&path);
        let reply = client.get(&path).expect(200);
        let found = in_its_words(&client, &String::from_utf8(reply.body).unwrap());
        let mut links: Vec<&str> = found["d"]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["uri"].as_str().unwrap())
            .collect();
        links.sort_unstable();
        assert_eq!(json!(links), *expected, "{what}");
    }
    let acl = client.send("PROPFIND", "/copy", &[("Depth", "0")], b"").unwrap().expect(207);
    let acl = String::from_utf8(acl.body).unwrap();
    for privilege in ["auth-read", "message-read", "root"] {
        assert!(
            inventory["cell acl"].as_str().unwrap().contains(privilege) && acl.contains(privilege),
            "{acl}"
        );
    }

    // A token says who somebody is; who logs in has none.
    let log_in = |password: &str| {
        let form = [("grant_type", "password"), ("username", "alice"), ("password", password)];
        let request = ureq::post(client.url("/copy/__token")).config().http_status_as_error(false).build();
        request.send_form(form).unwrap().status().as_u16()
    };
    assert_eq!(log_in("pass-ali123"), 200);
    assert_eq!(log_in("pass-ali124"), 400);
}
