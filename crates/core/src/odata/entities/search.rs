//! Full-text search with `q` (API page 408): words, whatever their case, each somewhere in the entity's texts.
//!
//! A word of letters and digits of ASCII is found as a whole: `pochi` not in `pochi1st`. Others, of scripts
//! that write no spaces, are found anywhere. A store knows only the latter, so what it finds is looked at again.

use saibo_model::query::Filter;
use serde_json::{Map, Value};

/// What to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    words: Vec<String>,
}

impl Search {
    /// The words of a query; signs separate them as spaces do.
    pub(super) fn new(query: &[String]) -> Self {
        let words = query.iter().flat_map(|text| words(text)).map(str::to_lowercase).collect();
        Self { words }
    }

    /// Whether there is nothing to search for, so that nothing can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// What a store looks for: it finds texts, but a word of digits may also be a number.
    pub(super) fn filter(&self) -> Option<Filter> {
        let is_text = |word: &&String| !word.bytes().all(|b| b.is_ascii_digit());
        let words: Vec<String> = self.words.iter().filter(is_text).cloned().collect();
        (!words.is_empty()).then_some(Filter::FullText(words))
    }

    /// Whether the store's answer is not the last word.
    pub(super) fn is_exact(&self) -> bool {
        self.words.iter().any(|word| word.is_ascii())
    }

    /// Whether a document's body has all words. Ids are not searched.
    pub(super) fn finds(&self, body: &str) -> bool {
        let Ok(body) = serde_json::from_str::<Map<String, Value>>(body) else { return false };
        let values = || body.iter().filter(|(name, _)| *name != "__id").map(|(_, value)| value);
        let wholes = self.words.iter().filter(|word| word.is_ascii());
        wholes.into_iter().all(|word| values().any(|value| has(value, word)))
    }
}

/// Whether a value has a word as a whole.
fn has(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => words(text).any(|found| found.eq_ignore_ascii_case(word)),
        Value::Number(number) => number.to_string() == word,
        Value::Array(items) => items.iter().any(|item| has(item, word)),
        Value::Object(members) => members.values().any(|member| has(member, word)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Splits at whatever is no letter, digit or underscore, but for a full stop inside a word: `1.5` is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let joins = |at: usize| {
        let (before, after) = (text[..at].chars().next_back(), text[at + 1..].chars().next());
        before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    };
    let mut start = 0;
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() || c == '_' || (c == '.' && joins(at)) {
            continue;
        }
        found.push(&text[start..at]);
        start = at + c.len_utf8();
    }
    found.push(&text[start..]);
    found.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Search {
        Search::new(&query.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn as_recorded() {
        for (query, text, found) in [
            ("pochi", "pochi 1st", true),
            ("pochi", "pochi&1st", true),
            ("POCHI", "pochi", true),
            ("pochi", "pochi1st", false),
            ("pochi&1st", "pochi 1st", true),
            ("pochi_1st", "pochi&1st", false),
            ("bone 1st pochi", "pochi 1st favorite bone", true),
            ("1.79E308", "-1.79E308", true),
            ("79E308", "-1.79E308", false),
        ] {
            let body = serde_json::json!({ "P001": "x", "C001": { "P001": [text] } }).to_string();
            let search = search(query);
            assert!(search.is_exact());
            assert_eq!(search.finds(&body), found, "{query} in {text}");
        }
    }

    #[test]
    fn words_of_other_scripts_are_the_stores() {
        let japanese = search("\"ポチ たま\"");
        assert_eq!(japanese.filter(), Some(Filter::FullText(vec!["ポチ".into(), "たま".into()])));
        assert!(!japanese.is_exact());
        assert!(search("&").is_empty());
    }

    #[test]
    fn numbers_and_ids() {
        let body = r#"{"__id":"abc","P001":12,"P002":"12.5"}"#;
        assert_eq!(search("12").filter(), None);
        assert!(search("12").finds(body) && search("12.5").finds(body));
        assert!(!search("1").finds(body) && !search("abc").finds(body));
    }
}
