//! What each kind of subject is answered at each endpoint, method by method: the table of `docs/routes.md` once more,
//! with who may.
//!
//! An answer is `·` where the request got as far as it could, which is the status that the row names, and else its own
//! status: 401 where other credentials could help, 403 where not. The role of the member has the one privilege that the
//! row names, so it also says that no other is needed.

mod table;
mod world;

use std::collections::BTreeSet;

use saibo_server::routes::ROUTES;

use table::{Row, rows};
use world::{SUBJECTS, World};

const FOLDER: &str = "<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype>\
                      </D:prop></D:set></D:mkcol>";
const ODATA: &str = "<D:mkcol xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:set><D:prop><D:resourcetype>\
                     <D:collection/><p:odata/></D:resourcetype></D:prop></D:set></D:mkcol>";

/// A route that is added without a row fails here.
#[test]
fn every_method_of_every_route_is_in_the_table() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .flat_map(|route| match route.method_names().map(|method| (method, route.path)).collect::<Vec<_>>() {
            // Such a path is there to be refused.
            methods if methods.is_empty() => vec![("GET", route.path)],
            methods => methods,
        })
        .collect();
    let rows = rows();
    let covered: BTreeSet<_> = rows.iter().map(|row| (row.method, row.route)).collect();
    let missing: Vec<_> = routes.difference(&covered).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
    let unknown: Vec<_> = covered.difference(&routes).collect();
    assert!(unknown.is_empty(), "rows without a route: {unknown:?}");
    for row in &rows {
        assert!(row.is_of_its_route(), "{} is not of {}", row.path, row.route);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subject_at_every_endpoint() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for (at, row) in rows().iter().enumerate() {
        world.grant(row.privilege).await;
        let mut found = Vec::new();
        for (subject, (_, credentials)) in world.credentials().enumerate() {
            found.push(row.ask(&world, at * SUBJECTS.len() + subject, credentials).await);
        }
        let shown: Vec<_> = found
            .iter()
            .map(|status| if *status == row.status { "·".to_owned() } else { status.to_string() })
            .collect();
        if shown != row.answers {
            wrong.push(format!("{row}: {}\n    found {}", row.answers.join(" "), shown.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", SUBJECTS.join(", "), wrong.join("\n"));
}

impl Row {
    /// Whether its path is one that the pattern of its route fits.
    fn is_of_its_route(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        for part in self.route.split('/').filter(|part| !part.is_empty()) {
            match (part, segments.next()) {
                ("{rest}", Some(_)) => return true,
                (_, None) => return false,
                (part, Some(segment)) if !part.starts_with('{') && part != segment => return false,
                _ => {}
            }
        }
        segments.next().is_none()
    }

    /// The status of the answer to somebody.
    async fn ask(&self, world: &World, number: usize, credentials: Option<&str>) -> u16 {
        let url = format!("http://{}", world.unit.authority());
        let filled = |text: &str| text.replace("{n}", &number.to_string()).replace("URL", &url);
        for (method, path, body) in &self.before {
            if *method == "settle" {
                world.settle().await;
            } else {
                world.given(method, &filled(path), &filled(body)).await;
            }
        }
        let mut headers: Vec<(&str, String)> =
            credentials.map(|it| ("Authorization", it.to_owned())).into_iter().collect();
        headers.extend(self.headers.iter().map(|(name, value)| (*name, filled(value))));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        world.unit.send(self.method, &filled(self.path), &headers, filled(self.body).as_bytes()).await.status
    }
}
