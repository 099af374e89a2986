//! Reading a batch, line by line: lines end in CRLF or LF.

use saibo_model::{ErrorCode, Result};

use super::{MAX_REQUESTS, Method, Part, Request};
use crate::options::{ListOptions, MAX_TOP, Parameters};
use crate::uri::Resource;

/// Parses the body of a batch with the media type that its `Content-Type` gives.
///
/// # Errors
/// 400-OD-0023 if it is not such a body, 0021 for a part without a usable `Content-Type`, 0022 for a
/// changeset in a changeset, 0035 and 0034 for a request whose method or path a batch cannot have, 0037 if
/// `$top` adds up to more than a list may return, 0030 for too many requests.
pub fn parse(content_type: &str, body: &[u8]) -> Result<Vec<Part>> {
    let boundary = boundary(content_type).ok_or(ErrorCode::BatchParse)?;
    let text = std::str::from_utf8(body).map_err(|_| ErrorCode::BatchParse)?;
    let lines: Vec<&str> = text.lines().collect();
    // The line break in front of a boundary is a part of it (RFC 2046 section 5.1.1), so an empty line may come first.
    let no_preamble = |split: &Split<'_, '_>| split.preamble.iter().all(|line| line.trim().is_empty());
    let pieces = split(&lines, boundary).filter(|split| split.closed && no_preamble(split));
    let pieces = pieces.ok_or(ErrorCode::BatchParse)?.pieces;

    let mut parser = Parser { top: 0 };
    let mut parts = Vec::new();
    for piece in pieces {
        parts.push(parser.part(piece)?);
    }
    match parts.iter().map(|part| part.requests().len()).sum::<usize>() {
        0 => Err(ErrorCode::BatchParse.into()),
        count if count > MAX_REQUESTS => Err(ErrorCode::BatchTooManyRequests.with([count])),
        _ => Ok(parts),
    }
}

/// The boundary that a media type names.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let (_, parameters) = content_type.split_once(';')?;
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    })?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (!value.is_empty()).then_some(value)
}

/// What a boundary separates.
struct Split<'l, 't> {
    preamble: &'l [&'t str],
    pieces: Vec<&'l [&'t str]>,
    closed: bool,
}

fn split<'l, 't>(lines: &'l [&'t str], boundary: &str) -> Option<Split<'l, 't>> {
    // Whether a line is the boundary, and then whether it is the last.
    let delimiter = |line: &str| match line.strip_prefix("--")?.strip_prefix(boundary)?.trim_end() {
        "" => Some(false),
        "--" => Some(true),
        _ => None,
    };
    let first = lines.iter().position(|line| delimiter(line) == Some(false))?;
    let mut split = Split { preamble: &lines[..first], pieces: Vec::new(), closed: false };
    let mut start = first + 1;
    for (at, line) in lines.iter().enumerate().skip(start) {
        let Some(last) = delimiter(line) else { continue };
        split.pieces.push(&lines[start..at]);
        start = at + 1;
        if last {
            split.closed = true;
            return Some(split);
        }
    }
    split.pieces.push(&lines[start..]);
    Some(split)
}

/// Headers up to the first empty line, and the lines behind it.
fn headers<'l, 't>(lines: &'l [&'t str]) -> (Vec<(&'t str, &'t str)>, &'l [&'t str]) {
    let end = lines.iter().position(|line| line.trim().is_empty()).unwrap_or(lines.len());
    let headers = lines[..end]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(k, v)| (k.trim(), v.trim()))
        .collect();
    (headers, lines.get(end + 1..).unwrap_or_default())
}

/// The `Content-Type` of a part and the lines of its body.
fn part_body<'l, 't>(lines: &'l [&'t str]) -> Result<(&'t str, &'l [&'t str])> {
    let (headers, body) = headers(lines);
    let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    content_type.map(|(_, value)| (*value, body)).ok_or_else(bad_content_type)
}

fn bad_content_type() -> saibo_model::Error {
    ErrorCode::BatchHeader.with(["Content-Type"])
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

struct Parser {
    /// What the values of `$top` add up to.
    top: u64,
}

impl Parser {
    fn part(&mut self, lines: &[&str]) -> Result<Part> {
        let (content_type, body) = part_body(lines)?;
        match media_type(content_type) {
            "application/http" => self.request(body).map(Part::Single),
            "multipart/mixed" => self.changeset(content_type, body),
            _ => Err(bad_content_type()),
        }
    }

    fn changeset(&mut self, content_type: &str, lines: &[&str]) -> Result<Part> {
        let boundary = boundary(content_type).ok_or_else(bad_content_type)?;
        let mut requests = Vec::new();
        for piece in split(lines, boundary).map(|split| split.pieces).unwrap_or_default() {
            let (content_type, body) = part_body(piece)?;
            match media_type(content_type) {
                "application/http" => requests.push(self.request(body)?),
                "multipart/mixed" => return Err(ErrorCode::BatchNestedChangeset.into()),
                _ => return Err(bad_content_type()),
            }
        }
        if requests.is_empty() {
            return Err(ErrorCode::BatchParse.into());
        }
        Ok(Part::Changeset { boundary: boundary.to_owned(), requests })
    }

    fn request(&mut self, lines: &[&str]) -> Result<Request> {
        let (line, rest) = lines.split_first().ok_or(ErrorCode::BatchParse)?;
        let mut words = line.split_ascii_whitespace();
        let method = match words.next() {
            Some("GET") => Method::Get,
            Some("POST") => Method::Post,
            Some("PUT") => Method::Put,
            Some("DELETE") => Method::Delete,
            other => return Err(ErrorCode::BatchMethod.with([other.unwrap_or_default()])),
        };
        let bad_path = || ErrorCode::BatchPath.with([*line]);
        let uri = words.next().ok_or_else(bad_path)?;
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let resource = Resource::parse(path);
        if !path.ends_with('/') && allows(method, &resource, query) {
            self.count_top(method, query)?;
        } else {
            return Err(bad_path());
        }
        let (headers, body) = headers(rest);
        Ok(Request {
            method,
            resource,
            query: query.to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.join("\n"),
        })
    }

    /// All lists of a batch together return no more than one alone may. A `$top` that is not valid counts
    /// nothing here: its own request fails.
    fn count_top(&mut self, method: Method, query: &str) -> Result<()> {
        if method == Method::Get
            && let Some(top) = Parameters::parse(query).get("$top")
            && let Ok(ListOptions { top: Some(top), .. }) = ListOptions::parse(&Parameters::of("$top", top))
        {
            self.top += top;
        }
        if self.top > MAX_TOP { Err(ErrorCode::BatchTopLimit.into()) } else { Ok(()) }
    }
}

/// Whether a batch may have the request: sets and entities, navigation properties and links, the latter two
/// without a query.
fn allows(method: Method, resource: &Resource, query: &str) -> bool {
    match resource {
        Resource::EntitySet { set } => matches!(method, Method::Get | Method::Post) && !set.contains('('),
        Resource::Entity { predicate, .. } => method != Method::Post && is_quoted(predicate),
        Resource::Navigation { predicate, .. } | Resource::Links { predicate, .. } => {
            query.is_empty() && is_quoted(predicate)
        }
        _ => false,
    }
}

/// Keys of entities are single strings.
fn is_quoted(predicate: &str) -> bool {
    predicate.len() >= 2 && predicate.starts_with('\'') && predicate.ends_with('\'')
}
