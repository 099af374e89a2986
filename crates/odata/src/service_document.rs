//! The service document: which entity sets a service has (RFC 5023; pages 317 and 371 of the API reference).

use serde_json::json;

use crate::media::Format;
use crate::xml::Writer;

const APP: &str = "http://www.w3.org/2007/app";
const ATOM: &str = "http://www.w3.org/2005/Atom";

/// The service document in a representation. `root` is the service root with its trailing slash.
#[must_use]
pub fn render<T: AsRef<str>>(
    root: &str,
    entity_sets: impl IntoIterator<Item = T>,
    format: Format,
) -> Vec<u8> {
    match format {
        Format::Atom => write(root, entity_sets).into_bytes(),
        Format::Json => {
            let names: Vec<String> = entity_sets.into_iter().map(|name| name.as_ref().to_owned()).collect();
            json!({ "d": { "EntitySets": names } }).to_string().into_bytes()
        }
    }
}

/// Writes the service document as XML. `root` is the service root with its trailing slash.
#[must_use]
pub fn write<T: AsRef<str>>(root: &str, entity_sets: impl IntoIterator<Item = T>) -> String {
    let mut out = Writer::new();
    out.start("service", &[("xmlns", APP), ("xml:base", root), ("xmlns:atom", ATOM), ("xmlns:app", APP)]);
    out.start("workspace", &[]);
    out.text("atom:title", &[], "Default");
    for name in entity_sets {
        out.start("collection", &[("href", name.as_ref())]);
        out.text("atom:title", &[], name.as_ref());
        out.end("collection");
    }
    out.end("workspace");
    out.end("service");
    out.finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_recorded() {
        let expected = concat!(
            "<?xml version='1.0' encoding='utf-8'?><service xmlns=\"http://www.w3.org/2007/app\"",
            " xml:base=\"http://x/od/$metadata/\" xmlns:atom=\"http://www.w3.org/2005/Atom\"",
            " xmlns:app=\"http://www.w3.org/2007/app\"><workspace><atom:title>Default</atom:title>",
            "<collection href=\"EntityType\"><atom:title>EntityType</atom:title></collection>",
            "</workspace></service>",
        );
        assert_eq!(super::write("http://x/od/$metadata/", ["EntityType"]), expected);
    }

    #[test]
    fn as_json() {
        let json = super::render("http://x/", ["Role", "Box"], crate::media::Format::Json);
        assert_eq!(json, br#"{"d":{"EntitySets":["Role","Box"]}}"#);
    }
}
