//! Query options (OData 2.0 URI conventions, 4; pages 400 to 408 of the API reference).
//!
//! Options are checked in the order in which the API reports them. Whatever else stands in a query is
//! ignored: clients add parameters of their own against caches.

use percent_encoding::percent_decode_str;
use saibo_model::query::Filter;
use saibo_model::{ErrorCode, Result};

use crate::filter::{
    self, Expression,
    lexer::{Token, tokenize},
};

/// How many entities a list returns where `$top` does not say.
pub const DEFAULT_TOP: u64 = 25;
/// The greatest `$top`.
pub const MAX_TOP: u64 = 10_000;
/// The greatest `$top` together with `$expand`.
pub const MAX_TOP_WITH_EXPAND: u64 = 100;
/// The greatest `$skip`.
pub const MAX_SKIP: u64 = 100_000;
/// How many navigation properties a list expands.
pub const MAX_EXPAND_OF_LIST: usize = 2;
/// How many navigation properties a single entity expands.
pub const MAX_EXPAND_OF_ENTITY: usize = 10;
/// The longest `q`, in bytes.
const MAX_SEARCH: usize = 255;

/// The parameters of a query, decoded. Of one given twice the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query as it stands in the URL, without its question mark. A plus is a space.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decode(k), decode(v)))
                .collect(),
        )
    }

    /// One parameter alone.
    pub(crate) fn of(name: &str, value: &str) -> Self {
        Self(vec![(name.to_owned(), value.to_owned())])
    }

    /// Of a query what says which page of a list to show: of links nothing else counts, and so nothing else can be
    /// wrong.
    #[must_use]
    pub fn page_only(self) -> Self {
        Self(self.0.into_iter().filter(|(name, _)| matches!(name.as_str(), "$top" | "$skip")).collect())
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What to show of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// Everything.
    #[default]
    All,
    /// The named properties, beside those that an entity always has.
    Some(Vec<String>),
}

impl Select {
    /// Whether a property is shown. Keys and times always are.
    #[must_use]
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Select::All => true,
            Select::Some(names) => {
                matches!(name, "__id" | "__published" | "__updated") || names.iter().any(|n| n == name)
            }
        }
    }
}

/// A term of `$orderby`.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTerm {
    /// What to sort by; only a property can be resolved.
    pub expression: Expression,
    /// From high to low.
    pub descending: bool,
}

/// The options of a list of entities, also behind a navigation property or `$links`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOptions {
    /// `$top`
    pub top: Option<u64>,
    /// `$skip`
    pub skip: u64,
    /// `$filter`
    pub filter: Option<Expression>,
    /// `$select`
    pub select: Select,
    /// `$expand`: navigation properties, with their underscores
    pub expand: Vec<String>,
    /// `$inlinecount=allpages`
    pub count: bool,
    /// `$orderby`
    pub order_by: Vec<OrderTerm>,
    /// `q`: the words to search for; empty without one
    pub search: Vec<String>,
}

impl ListOptions {
    /// Reads the options of a list.
    ///
    /// # Errors
    /// The first of: `$top` and `$skip` 400-OD-0036 or 0029, `$filter` 0003 (see [`filter::parse`]),
    /// `$select` 0017, `$expand` 0026 or 0039, `$inlinecount` 0013, `$orderby` 0015, `q` 0029, `$top` with
    /// `$expand` 0029.
    pub fn parse(parameters: &Parameters) -> Result<Self> {
        let top = number(parameters, "$top", MAX_TOP)?;
        let skip = number(parameters, "$skip", MAX_SKIP)?.unwrap_or(0);
        let filter = parameters.get("$filter").map(filter::parse).transpose()?;
        let select = select(parameters)?;
        let expand = expand(parameters, MAX_EXPAND_OF_LIST)?;
        let count = match parameters.get("$inlinecount") {
            None | Some("none") => false,
            Some("allpages") => true,
            Some(other) => return Err(ErrorCode::InlineCountInvalid.with([other])),
        };
        let order_by = parameters.get("$orderby").map(parse_order_by).transpose()?.unwrap_or_default();
        let search = parameters.get("q");
        if let Some(text) = search.filter(|text| !(1..=MAX_SEARCH).contains(&text.len())) {
            return Err(ErrorCode::QueryValueInvalid.with(["q", text]));
        }
        if let Some(top) = top.filter(|&top| top > MAX_TOP_WITH_EXPAND)
            && parameters.get("$expand").is_some()
        {
            return Err(ErrorCode::QueryValueInvalid.with(["$top", &top.to_string()]));
        }
        let words = search.unwrap_or_default().split(' ').filter(|word| !word.is_empty());
        let search = words.map(str::to_owned).collect();
        Ok(Self { top, skip, filter, select, expand, count, order_by, search })
    }

    /// How many entities to return.
    #[must_use]
    pub fn top(&self) -> u64 {
        self.top.unwrap_or(DEFAULT_TOP)
    }

    /// The condition that `q` sets.
    #[must_use]
    pub fn full_text(&self) -> Option<Filter> {
        (!self.search.is_empty()).then(|| Filter::FullText(self.search.clone()))
    }
}

/// The options of one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityOptions {
    /// `$select`
    pub select: Select,
    /// `$expand`: navigation properties, with their underscores
    pub expand: Vec<String>,
}

impl EntityOptions {
    /// Reads the options of one entity.
    ///
    /// # Errors
    /// `$select` 400-OD-0017, `$expand` 0026 or 0039.
    pub fn parse(parameters: &Parameters) -> Result<Self> {
        Ok(Self { select: select(parameters)?, expand: expand(parameters, MAX_EXPAND_OF_ENTITY)? })
    }
}

/// A number from 0 to `max`.
fn number(parameters: &Parameters, name: &str, max: u64) -> Result<Option<u64>> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    let number: i32 = text.parse().map_err(|_| ErrorCode::QueryOptionParse.with([name]))?;
    match u64::try_from(number) {
        Ok(number) if number <= max => Ok(Some(number)),
        _ => Err(ErrorCode::QueryValueInvalid.with([name, text])),
    }
}

fn select(parameters: &Parameters) -> Result<Select> {
    match parameters.get("$select") {
        None | Some("*") => Ok(Select::All),
        Some(text) => match names(text) {
            Some(names) if !names.is_empty() => Ok(Select::Some(names)),
            _ => Err(ErrorCode::SelectParse.into()),
        },
    }
}

/// Navigation properties, each with its underscore and nothing around it. An empty text names none.
fn expand(parameters: &Parameters, max: usize) -> Result<Vec<String>> {
    let Some(text) = parameters.get("$expand").filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let names = names(text)
        .filter(|names| names.iter().all(|name| name.starts_with('_')) && !text.contains(char::is_whitespace))
        .ok_or(ErrorCode::ExpandParse)?;
    if names.len() > max {
        return Err(ErrorCode::ExpandLimit.into());
    }
    Ok(names)
}

/// Names with commas between them.
fn names(text: &str) -> Option<Vec<String>> {
    let tokens = tokenize(text)?;
    tokens
        .split(|token| *token == Token::Comma)
        .map(|term| match term {
            [Token::Word(name)] => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// Reads an `$orderby`: expressions with commas between them, each with `asc` or `desc` behind it or neither.
/// A comma at the end is ignored, and so is white space.
///
/// # Errors
/// 400-OD-0015 if it is not one.
pub fn parse_order_by(text: &str) -> Result<Vec<OrderTerm>> {
    let parsed = tokenize(text).and_then(|tokens| {
        let tokens = tokens.strip_suffix(&[Token::Comma]).unwrap_or(&tokens);
        tokens.split(|token| *token == Token::Comma).map(order_term).collect::<Option<Vec<_>>>()
    });
    parsed.ok_or_else(|| ErrorCode::OrderByParse.into())
}

fn order_term(tokens: &[Token]) -> Option<OrderTerm> {
    let is = |token: &Token, word: &str| matches!(token, Token::Word(w) if w == word);
    let (operand, descending) = match tokens {
        [operand] => (operand, false),
        [operand, direction] if is(direction, "asc") => (operand, false),
        [operand, direction] if is(direction, "desc") => (operand, true),
        _ => return None,
    };
    let expression = match operand {
        Token::Word(name) => Expression::Property(name.clone()),
        Token::Literal(literal) => Expression::Literal(literal.clone()),
        _ => return None,
    };
    Some(OrderTerm { expression, descending })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(query: &str) -> Result<ListOptions> {
        ListOptions::parse(&Parameters::parse(query))
    }

    #[test]
    fn options() {
        let options = list(
            "$top=5&%24skip=2&$filter=a%20eq+'b'&$select=a,b&$expand=_A&$inlinecount=allpages\
             &$orderby=a%20desc%20,b&q=x++y&_=1700000000&$top=oops",
        )
        .unwrap();
        assert_eq!((options.top(), options.skip, options.count), (5, 2, true));
        assert_eq!(options.filter.as_ref().unwrap().to_string(), "a eq 'b'");
        assert!(
            options.select.includes("b") && options.select.includes("__id") && !options.select.includes("c")
        );
        assert_eq!(options.expand, ["_A"]);
        assert_eq!(options.order_by.iter().map(|term| term.descending).collect::<Vec<_>>(), [true, false]);
        assert_eq!(options.search, ["x", "y"]);
        assert_eq!(list("").unwrap().top(), DEFAULT_TOP);
        assert_eq!(list("$top=0&$expand=").unwrap().top(), 0);
        assert_eq!(list("$select=*").unwrap().select, Select::All);
        assert_eq!(list("$orderby=a+").unwrap().order_by.len(), 1);
    }

    #[test]
    fn errors_as_recorded() {
        use ErrorCode::*;
        let long = format!("q={}", "a".repeat(256));
        for (query, code) in [
            ("$top=", QueryOptionParse),
            ("$top='test'", QueryOptionParse),
            ("$skip=99999999999", QueryOptionParse),
            ("$top=-1", QueryValueInvalid),
            ("$top=10001", QueryValueInvalid),
            ("$skip=100001", QueryValueInvalid),
            ("$top=101&$expand=_A", QueryValueInvalid),
            ("$filter=", FilterParse),
            ("$select=", SelectParse),
            ("$select=a,,b", SelectParse),
            ("$expand=toEntity", ExpandParse),
            ("$expand=_A,+_B", ExpandParse),
            ("$expand=_A,_B,_C", ExpandLimit),
            ("$inlinecount=", InlineCountInvalid),
            ("$inlinecount=xxx", InlineCountInvalid),
            ("$orderby=", OrderByParse),
            ("$orderby=a+b", OrderByParse),
            ("q=", QueryValueInvalid),
            (&long, QueryValueInvalid),
        ] {
            assert_eq!(list(query).unwrap_err().code(), code, "{query}");
        }
    }

    #[test]
    fn one_entity_expands_more() {
        let names: Vec<_> = (0..11).map(|i| format!("_{i}")).collect();
        let expand = |count: usize| {
            EntityOptions::parse(&Parameters::parse(&format!("$expand={}", names[..count].join(","))))
        };
        assert_eq!(expand(10).unwrap().expand.len(), 10);
        assert_eq!(expand(11).unwrap_err().code(), ErrorCode::ExpandLimit);
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "[$a-z=&%0-9+,'_()\u{3042}-]{0,60}") {
            let _ = list(&query);
        }
    }
}
