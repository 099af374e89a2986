//! Finds the route of a path.

use std::cmp::Ordering;

use super::Route;
use crate::http::Segment;

/// A table of routes, most specific first, so that the first match is the best.
#[derive(Debug)]
pub struct Router {
    entries: Vec<(Vec<Part>, &'static Route)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Literal(&'static str),
    Name(&'static str),
    Rest,
}

/// A route, and which segments its names stand for.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) route: &'static Route,
    pub(super) parameters: Vec<(&'static str, usize)>,
    /// Where `{rest}` begins; the number of segments if there is none.
    pub(super) rest: usize,
}

impl Router {
    /// Reads the patterns of a table.
    #[must_use]
    pub fn new(routes: &'static [Route]) -> Self {
        let mut entries: Vec<_> = routes.iter().map(|route| (parts(route.path), route)).collect();
        entries.sort_by(|(one, _), (other, _)| compare(one, other));
        Self { entries }
    }

    pub(super) fn find(&self, path: &[Segment]) -> Option<Match> {
        let (parts, route) = self.entries.iter().find(|(parts, _)| matches(parts, path))?;
        let parameters = parts.iter().enumerate().filter_map(|(index, part)| match part {
            Part::Name(name) => Some((*name, index)),
            _ => None,
        });
        let rest = if parts.last() == Some(&Part::Rest) { parts.len() - 1 } else { path.len() };
        Some(Match { route, parameters: parameters.collect(), rest })
    }
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let segments = pattern.split('/').filter(|segment| !segment.is_empty());
    segments
        .map(|segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some("rest") => Part::Rest,
            Some(name) => Part::Name(name),
            None => Part::Literal(segment),
        })
        .collect()
}

fn matches(parts: &[Part], path: &[Segment]) -> bool {
    let fits = |(part, segment): (&Part, &Segment)| match part {
        Part::Literal(text) => *text == segment.text,
        Part::Name(_) | Part::Rest => true,
    };
    let long_enough = match parts.last() {
        Some(Part::Rest) => path.len() >= parts.len(),
        _ => path.len() == parts.len(),
    };
    long_enough && parts.iter().zip(path).all(fits)
}

fn compare(one: &[Part], other: &[Part]) -> Ordering {
    let rank = |part: &Part| match part {
        Part::Literal(_) => 0,
        Part::Name(_) => 1,
        Part::Rest => 2,
    };
    one.iter().map(rank).cmp(other.iter().map(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROUTES: &[Route] = &[
        Route::new("/{cell}/{box}/{rest}", &[]),
        Route::new("/{cell}/{box}", &[]),
        Route::new("/", &[]),
        Route::new("/{cell}", &[]),
        Route::new("/{cell}/__ctl", &[]),
        Route::new("/{cell}/__ctl/{rest}", &[]),
        Route::new("/__ctl/{entities}", &[]),
        Route::new("/{cell}/__role/{box}/{role}", &[]),
    ];

    type Found = (&'static str, Vec<(&'static str, usize)>, usize);

    fn find(path: &str) -> Option<Found> {
        let segments: Vec<_> =
            path.split('/').filter(|raw| !raw.is_empty()).map(|raw| Segment::parse(raw).unwrap()).collect();
        let found = Router::new(ROUTES).find(&segments)?;
        Some((found.route.path, found.parameters, found.rest))
    }

    #[test]
    fn literals_win_over_names_and_names_over_the_rest() {
        for (path, expected) in [
            ("/", Some(("/", vec![], 0))),
            ("/a", Some(("/{cell}", vec![("cell", 0)], 1))),
            ("/__ctl/Cell('a')", Some(("/__ctl/{entities}", vec![("entities", 1)], 2))),
            ("/a/__ctl", Some(("/{cell}/__ctl", vec![("cell", 0)], 2))),
            ("/a/%5F_ctl", Some(("/{cell}/__ctl", vec![("cell", 0)], 2))),
            ("/a/__ctl/b/c", Some(("/{cell}/__ctl/{rest}", vec![("cell", 0)], 2))),
            ("/a/b", Some(("/{cell}/{box}", vec![("cell", 0), ("box", 1)], 2))),
            ("/a/b/c/d", Some(("/{cell}/{box}/{rest}", vec![("cell", 0), ("box", 1)], 2))),
            (
                "/a/__role/b/c",
                Some(("/{cell}/__role/{box}/{role}", vec![("cell", 0), ("box", 2), ("role", 3)], 4)),
            ),
        ] {
            assert_eq!(find(path), expected, "{path}");
        }
    }
}
