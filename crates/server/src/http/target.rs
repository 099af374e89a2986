//! Which resource a request's URL names (API page 005).
//!
//! Both forms of a Cell's URL become one: the Cell's name is the first segment, so that the table of routes
//! need not know which form the unit uses.

use saibo_model::url::{CellAddressing, UnitUrl};
use saibo_model::{Error, ErrorCode, Result, name};

use super::request::Segment;

/// The segments of a path, and whether it ended with a slash.
pub(super) type Path = (Vec<Segment>, bool);

/// Resolves an authority and a path.
///
/// # Errors
/// When the authority is another server's, when the path names a Cell of a unit whose Cells have host names,
/// or when the path cannot name anything.
pub(super) fn resolve(unit: &UnitUrl, authority: &str, path: &str) -> Result<Path> {
    let path_based = unit.addressing() == CellAddressing::Path;
    if unit.is_own_host(authority) {
        let (segments, slash) = split(path)?;
        if !path_based && segments.first().is_some_and(|first| !is_of_unit(&first.text)) {
            return Err(ErrorCode::PathBasedUrlDisabled.into());
        }
        return Ok((segments, slash));
    }
    let Some(cell) = unit.cell_of_host(authority).filter(|_| !path_based) else {
        let own = unit.authority();
        let valid = if path_based { own.to_owned() } else { format!("{own}, *.{own}") };
        return Err(ErrorCode::UrlAuthorityInvalid.with([authority, &valid]));
    };
    // This also keeps `__ctl.unit.example` from being taken for the unit's `__ctl`.
    if !name::is_cell_name(&cell) {
        return Err(ErrorCode::CellNotFound.into());
    }
    let (mut segments, slash) = split(path)?;
    segments.insert(0, Segment { raw: cell.clone(), text: cell });
    Ok((segments, slash))
}

/// First segments that are the unit's own and no Cell's.
fn is_of_unit(segment: &str) -> bool {
    matches!(segment, "__ctl" | "crossdomain.xml")
}

/// Splits a path. One slash at its end separates nothing; an empty segment elsewhere names nothing, and
/// neither do `.` and `..`, which a client should have resolved (RFC 3986 section 5.2.4).
fn split(path: &str) -> Result<Path> {
    let nothing = || Error::from(ErrorCode::UnknownUrl);
    let path = path.strip_prefix('/').unwrap_or(path);
    let (path, slash) = match path.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (path, path.is_empty()),
    };
    if path.is_empty() {
        return Ok((Vec::new(), slash));
    }
    let segments = path.split('/').map(|raw| {
        let segment = Segment::parse(raw).ok_or_else(nothing)?;
        if matches!(segment.text.as_str(), "" | "." | "..") { Err(nothing()) } else { Ok(segment) }
    });
    Ok((segments.collect::<Result<_>>()?, slash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(path_based: bool, authority: &str, path: &str) -> Result<Path> {
        let addressing = if path_based { CellAddressing::Path } else { CellAddressing::Subdomain };
        super::resolve(&UnitUrl::parse("http://unit.example/", addressing).unwrap(), authority, path)
    }

    fn names(path: Result<Path>) -> std::result::Result<(Vec<String>, bool), ErrorCode> {
        path.map(|(segments, slash)| (segments.into_iter().map(|segment| segment.text).collect(), slash))
            .map_err(|error| error.code())
    }

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        for (path, expected) in [
            ("/", Some((vec![], true))),
            ("/cell", Some((vec!["cell"], false))),
            ("/cell/", Some((vec!["cell"], true))),
            (
                "/cell/__ctl/ExtCell('http%3A%2F%2Fx%2F')",
                Some((vec!["cell", "__ctl", "ExtCell('http://x/')"], false)),
            ),
            ("/cell//box", None),
            ("//cell", None),
            ("/cell/../other", None),
            ("/cell/%2e%2e/other", None),
            ("/cell/%ff", None),
        ] {
            let expected = expected
                .map(|(names, slash)| (names.into_iter().map(str::to_owned).collect::<Vec<_>>(), slash))
                .ok_or(ErrorCode::UnknownUrl);
            assert_eq!(names(resolve(true, "unit.example", path)), expected, "{path}");
        }
    }

    #[test]
    fn cells_are_named_by_path_or_by_host() {
        let cell = Ok((vec!["alice".to_owned(), "box".to_owned()], false));
        let ctl = Ok((vec!["__ctl".to_owned()], false));
        for (path_based, authority, path, expected) in [
            (true, "unit.example", "/alice/box", cell.clone()),
            (true, "alice.unit.example", "/box", Err(ErrorCode::UrlAuthorityInvalid)),
            (true, "elsewhere.example", "/alice/box", Err(ErrorCode::UrlAuthorityInvalid)),
            (true, "unit.example:81", "/alice/box", Err(ErrorCode::UrlAuthorityInvalid)),
            (false, "alice.unit.example", "/box", cell),
            (false, "unit.example", "/alice/box", Err(ErrorCode::PathBasedUrlDisabled)),
            (false, "unit.example", "/__ctl", ctl),
            (false, "unit.example", "/", Ok((vec![], true))),
            (false, "__ctl.unit.example", "/", Err(ErrorCode::CellNotFound)),
            (false, "elsewhere.example", "/", Err(ErrorCode::UrlAuthorityInvalid)),
        ] {
            assert_eq!(names(resolve(path_based, authority, path)), expected, "{authority}{path}");
        }
    }
}
