//! JSON and `$batch`.

use saibo_odata::batch::{self, Part};
use saibo_odata::body::{Json, LinkTarget, Object};

use super::{fuzz, outcome};

/// Writes JSON with numbers as they were.
fn print(json: &Json, out: &mut String) {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    match json {
        Json::Null => out.push_str("null"),
        Json::Boolean(flag) => out.push_str(&flag.to_string()),
        Json::Number(number) => out.push_str(number),
        Json::String(string) => out.push_str(&text(string)),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                print(item, out);
            }
            out.push(']');
        }
        Json::Object(object) => print_object(object, out),
    }
}

fn print_object(object: &Object, out: &mut String) {
    out.push('{');
    for (at, (name, value)) in object.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        out.push_str(&serde_json::Value::from(name).to_string());
        out.push(':');
        print(value, out);
    }
    out.push('}');
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Json::Object(object) => 1 + object.iter().map(|(_, value)| depth(value)).max().unwrap_or_default(),
        _ => 0,
    }
}

#[test]
fn json() {
    fuzz("json").run(|input| {
        let parsed = Object::parse(input);
        if let Ok(object) = &parsed {
            let mut printed = String::new();
            print_object(object, &mut printed);
            assert_eq!(Object::parse(printed.as_bytes()).ok().as_ref(), Some(object), "{printed}");
        }
        // What RFC 8259 allows is allowed here, but for what nests too deep.
        if let Ok(serde_json::Value::Object(_)) = serde_json::from_slice(input)
            && input.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= 32
        {
            assert!(parsed.is_ok(), "RFC 8259 allows it");
        }
        let link = LinkTarget::parse(input, "http://localhost:9998/c/b/od/");
        let deepest =
            |object: &Object| object.iter().map(|(_, value)| depth(value)).max().unwrap_or_default();
        (outcome(&parsed, |object| object.len().min(8) << 8 | deepest(object)), outcome(&link, |_| 0))
    });
}

/// The first line of an input is the `Content-Type`.
#[test]
fn batches() {
    fuzz("batch").run(|input| {
        let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
        let content_type = String::from_utf8_lossy(&input[..line]);
        let parsed = batch::parse(&content_type, input.get(line + 1..).unwrap_or_default());
        if let Ok(parts) = &parsed {
            let count: usize = parts.iter().map(|part| part.requests().len()).sum();
            assert!((1..=batch::MAX_REQUESTS).contains(&count));
            assert!(parts.iter().all(|part| !part.requests().is_empty()));
        }
        let sets =
            |parts: &Vec<Part>| parts.iter().filter(|part| matches!(part, Part::Changeset { .. })).count();
        outcome(&parsed, |parts| parts.len().min(8) << 4 | sets(parts).min(8))
    });
}
