//! URL conventions: what a path below a service root asks for (OData 2.0 URI conventions, 2; pages 201 to
//! 275 and 316 to 378 of the API reference).
//!
//! Splitting checks only the shape. Names and keys are for the caller to look up, because what is wrong is
//! told in that order: first an unknown entity set, then a malformed key, then an unknown navigation
//! property.

use percent_encoding::percent_decode_str;

/// What a path asks for. Names and predicates are percent-decoded; predicates are without parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The service root itself.
    Service,
    /// `$metadata`
    Metadata,
    /// `$metadata/…`: the schema of an OData collection is a service of its own.
    Schema(Box<Resource>),
    /// `$batch`
    Batch,
    /// `Set`
    EntitySet {
        /// The entity set's name.
        set: String,
    },
    /// `Set(key)`
    Entity {
        /// The entity set's name.
        set: String,
        /// The key predicate.
        predicate: String,
    },
    /// `Set(key)/_Nav` or `Set(key)/_Nav(target)`
    Navigation {
        /// The entity set's name.
        set: String,
        /// The key predicate.
        predicate: String,
        /// The navigation property, with its underscore.
        property: String,
        /// Whether a key follows it, which is always an error.
        keyed: bool,
    },
    /// `Set(key)/$links/_Nav` or `Set(key)/$links/_Nav(target)`
    Links {
        /// The entity set's name.
        set: String,
        /// The key predicate.
        predicate: String,
        /// The navigation property, with its underscore.
        property: String,
        /// The predicate behind it.
        target: Option<String>,
    },
    /// A path that no resource has.
    Unknown,
}

impl Resource {
    /// Splits a path below a service root, as it stands in the URL: not decoded, without a leading slash.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        let mut segments = split(path);
        // Empty segments (a trailing slash, a doubled one) mean nothing.
        segments.retain(|segment| !segment.is_empty());
        parse(&segments)
    }
}

fn parse(segments: &[&str]) -> Resource {
    let Some((&first, rest)) = segments.split_first() else { return Resource::Service };
    let first = decode(first);
    match (first.as_str(), rest) {
        ("$metadata", []) => return Resource::Metadata,
        ("$metadata", [nested, ..]) if *nested != "$batch" => {
            // One level only: `$metadata/$metadata` is the schema's own metadata, and has nothing below.
            return match parse(rest) {
                Resource::Schema(_) | Resource::Unknown => Resource::Unknown,
                resource => Resource::Schema(Box::new(resource)),
            };
        }
        ("$batch", []) => return Resource::Batch,
        ("$metadata" | "$batch", _) => return Resource::Unknown,
        _ => {}
    }
    let (set, predicate) = name_and_predicate(&first);
    let Some(predicate) = predicate else {
        return if rest.is_empty() { Resource::EntitySet { set } } else { Resource::Unknown };
    };
    let Some((&second, tail)) = rest.split_first() else { return Resource::Entity { set, predicate } };
    if decode(second) == "$links" && !tail.is_empty() {
        let (property, target) = name_and_predicate(&decode(&tail.join("/")));
        return Resource::Links { set, predicate, property, target };
    }
    if second.starts_with('_') {
        let (property, target) = name_and_predicate(&decode(&rest.join("/")));
        return Resource::Navigation { set, predicate, property, keyed: target.is_some() };
    }
    Resource::Unknown
}

/// Splits at slashes that are not within a quoted string, since a key may hold some.
fn split(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let (mut start, mut at, mut quoted, mut parenthesised) = (0, 0, false, false);
    let bytes = path.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'(' if !quoted => parenthesised = true,
            b')' if !quoted => parenthesised = false,
            b'\'' if parenthesised => quoted = !quoted,
            b'%' if parenthesised && bytes.get(at + 1..at + 3) == Some(b"27") => quoted = !quoted,
            b'/' if !quoted => {
                segments.push(&path[start..at]);
                start = at + 1;
                parenthesised = false;
            }
            _ => {}
        }
        at += 1;
    }
    segments.push(&path[start..]);
    segments
}

/// `name(predicate)`; anything else is a name alone, and then none that exists.
fn name_and_predicate(segment: &str) -> (String, Option<String>) {
    segment
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .filter(|(name, predicate)| !name.is_empty() && !predicate.is_empty())
        .map_or_else(|| (segment.to_owned(), None), |(name, key)| (name.to_owned(), Some(key.to_owned())))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entity(set: &str, predicate: &str) -> Resource {
        Resource::Entity { set: set.into(), predicate: predicate.into() }
    }

    fn links(set: &str, predicate: &str, property: &str, target: Option<&str>) -> Resource {
        Resource::Links {
            set: set.into(),
            predicate: predicate.into(),
            property: property.into(),
            target: target.map(Into::into),
        }
    }

    fn navigation(set: &str, predicate: &str, property: &str, keyed: bool) -> Resource {
        Resource::Navigation {
            set: set.into(),
            predicate: predicate.into(),
            property: property.into(),
            keyed,
        }
    }

    #[test]
    fn paths() {
        let set = |set: &str| Resource::EntitySet { set: set.into() };
        for (path, resource) in [
            ("", Resource::Service),
            ("$metadata", Resource::Metadata),
            ("%24metadata", Resource::Metadata),
            ("$metadata/", Resource::Metadata),
            ("$metadata/$metadata", Resource::Schema(Box::new(Resource::Metadata))),
            ("$metadata/EntityType", Resource::Schema(Box::new(set("EntityType")))),
            ("$metadata/EntityType('a')", Resource::Schema(Box::new(entity("EntityType", "'a'")))),
            ("$metadata/$metadata/EntityType", Resource::Unknown),
            ("$metadata/$batch", Resource::Unknown),
            ("$batch", Resource::Batch),
            ("Role", set("Role")),
            ("Role/", set("Role")),
            ("Role()", set("Role()")),
            ("Role('a'", set("Role('a'")),
            ("Role/x", Resource::Unknown),
            ("Role('a')/x", Resource::Unknown),
            ("Role('a')/$links", Resource::Unknown),
            ("Role(Name='a',_Box.Name=null)", entity("Role", "Name='a',_Box.Name=null")),
            ("Role(Name=%27a%27)", entity("Role", "Name='a'")),
            ("Account('bob%40example.com')", entity("Account", "'bob@example.com'")),
            ("ExtCell('http%3A%2F%2Fa%2F')", entity("ExtCell", "'http://a/'")),
            ("ExtCell('http://a/')", entity("ExtCell", "'http://a/'")),
            ("ExtCell(%27http://a/%27)", entity("ExtCell", "'http://a/'")),
            ("Cell(''a'')", entity("Cell", "''a''")),
            ("Account('a')/$links/_Role", links("Account", "'a'", "_Role", None)),
            ("Account('a')/$links/_Role(Name='r')", links("Account", "'a'", "_Role", Some("Name='r'"))),
            (
                "Role('r')/%24links/_ExtCell('http://a/')",
                links("Role", "'r'", "_ExtCell", Some("'http://a/'")),
            ),
            ("Role('r')/$links/_A(Name='x')')", links("Role", "'r'", "_A", Some("Name='x')'"))),
            ("Role('r')/_Account", navigation("Role", "'r'", "_Account", false)),
            ("Role('r')/_Account('a')", navigation("Role", "'r'", "_Account", true)),
            ("Role('r')/_Account/x", navigation("Role", "'r'", "_Account/x", false)),
        ] {
            assert_eq!(Resource::parse(path), resource, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "[a-z_()'/$%=, 27\u{3042}]{0,40}") {
            let _ = Resource::parse(&path);
        }
    }
}
