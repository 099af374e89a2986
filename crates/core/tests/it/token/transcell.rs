//! Cells that vouch for their Accounts, for each other's visitors, for applications and for unit users.

use saibo_core::{Cell, Subject};
use saibo_model::{Document, ErrorCode, Kind};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use super::{World, account, link, put, role};

const HOME: &str = "http://localhost:9998/home/";
const HOST: &str = "http://localhost:9998/host/";

/// `alice` of the Cell `home`, who has there the role `friend`, comes to the Cell `host`.
struct Visit {
    world: World,
    home: Cell,
    host: Cell,
}

impl Visit {
    fn new() -> Self {
        let world = World::new();
        let (home, host) = (world.cell("home"), world.cell("host"));
        let alice = account(&home, "alice", json!({}));
        link(&home, &alice, &role(&home, "friend", None));
        Self { world, home, host }
    }

    fn assertion(&self) -> Value {
        self.world.log_in(&self.home, &format!("&p_target={HOST}"))["access_token"].clone()
    }

    fn arrive(&self, more: &str) -> super::Outcome {
        self.bring(&self.assertion(), more)
    }

    fn bring(&self, assertion: &Value, more: &str) -> super::Outcome {
        let grant = "urn:ietf:params:oauth:grant-type:saml2-bearer";
        let body = format!("grant_type={grant}&assertion={}{more}", assertion.as_str().unwrap());
        self.world.token(&self.host, &body)
    }

    fn ext_cell(&self, url: &str) -> Document {
        put(&self.host, Kind::ExtCell, url, None, json!({ "Url": url }), None)
    }

    /// The names of the roles that the bearer of a token has at the host.
    fn roles(&self, token: &Value) -> Vec<String> {
        let access = self.world.bearer(&self.host, token);
        let name = |id| self.host.store().read(|tx| tx.document_by_id(id)).unwrap().unwrap().key;
        let mut names: Vec<_> = access.roles.iter().map(name).collect();
        names.sort();
        names
    }
}

#[test]
fn an_assertion_becomes_a_visitors_token() {
    let visit = Visit::new();
    let answer = visit.arrive("").unwrap();
    assert!(answer["access_token"].as_str().unwrap().starts_with("AV~"));
    assert!(answer["refresh_token"].as_str().unwrap().starts_with("RV~"));
    assert_eq!((answer.get("p_target"), answer.get("failed_count")), (None, None));
    assert_eq!(answer["scope"], "root");
    let access = visit.world.bearer(&visit.host, &answer["access_token"]);
    assert_eq!(access.subject, Subject::Visitor(format!("{HOME}#alice")));
    assert!(access.roles.is_empty());
}

/// API page 293: by the ExtCell, by its Relations, and by the ExtRoles of these.
#[test]
fn roles_come_three_ways() {
    for url in [HOME, "personium-localunit:home:/", "personium-localunit:/home/"] {
        let visit = Visit::new();
        let host = &visit.host;
        let ext_cell = visit.ext_cell(url);
        link(host, &ext_cell, &role(host, "by-cell", None));
        let relation = put(host, Kind::Relation, "friends", None, json!({ "Name": "friends" }), None);
        link(host, &ext_cell, &relation);
        link(host, &relation, &role(host, "by-relation", None));
        for (there, here) in [("friend", "by-role"), ("enemy", "never")] {
            let url = format!("{HOME}__role/__/{there}");
            let ext_role =
                put(host, Kind::ExtRole, &url, Some(&relation.id), json!({ "ExtRole": url }), None);
            link(host, &ext_role, &role(host, here, None));
        }
        role(host, "not-linked", None);
        let expected = ["by-cell", "by-relation", "by-role"];
        let answer = visit.arrive("").unwrap();
        assert_eq!(visit.roles(&answer["access_token"]), expected);
        assert_eq!(visit.roles(&visit.assertion()), expected, "the assertion itself, shown as a token");

        // Worked out anew when the token is refreshed.
        let (one, other) = (ext_cell.seq, relation.seq);
        host.store().write(move |tx| tx.delete_link(one, other)).unwrap();
        let refreshed = visit.world.token(
            host,
            &format!("grant_type=refresh_token&refresh_token={}", answer["refresh_token"].as_str().unwrap()),
        );
        assert_eq!(visit.roles(&refreshed.unwrap()["access_token"]), ["by-cell"]);
    }
}

/// A Cell can vouch for its visitors too, but not as the Cell that they are of.
#[test]
fn a_visitor_who_travels_on_is_not_of_the_cell_that_vouches() {
    let visit = Visit::new();
    let third = visit.world.cell("third");
    let onward = visit.arrive("&p_target=http://localhost:9998/third/").unwrap();
    let host = put(&third, Kind::ExtCell, HOST, None, json!({ "Url": HOST }), None);
    let home = put(&third, Kind::ExtCell, HOME, None, json!({ "Url": HOME }), None);
    let relation = put(&third, Kind::Relation, "r", None, json!({ "Name": "r" }), None);
    for ext_cell in [&host, &home] {
        link(&third, ext_cell, &role(&third, &format!("of-{}", ext_cell.seq), None));
    }
    link(&third, &host, &relation);
    let via = role(&third, "by-relation", None);
    link(&third, &relation, &via);
    let access = visit.world.bearer(&third, &onward["access_token"]);
    assert_eq!(access.subject, Subject::Visitor(format!("{HOME}#alice")));
    assert_eq!(access.roles, [via.id]);
    assert_eq!(access.vouched_by.as_deref(), Some(HOST));
}

#[test]
fn assertions_that_do_not_count() {
    let visit = Visit::new();
    let elsewhere = visit.world.log_in(&visit.home, "&p_target=http://localhost:9998/third/");
    assert_eq!(visit.bring(&elsewhere["access_token"], ""), Err("PR400-AN-0012"));
    assert_eq!(visit.bring(&json!("nonsense"), ""), Err("PR400-AN-0009"));
    assert_eq!(visit.arrive("&p_owner=true"), Err("PR400-AN-0008"));
    let refresh = visit.arrive("").unwrap()["refresh_token"].clone();
    let again = format!("grant_type=refresh_token&refresh_token={}&p_owner=true", refresh.as_str().unwrap());
    assert_eq!(visit.world.token(&visit.host, &again), Err("PR400-AN-0008"));

    // One character inside of the signed text.
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let xml =
        String::from_utf8(URL_SAFE_NO_PAD.decode(visit.assertion().as_str().unwrap()).unwrap()).unwrap();
    let forged = json!(URL_SAFE_NO_PAD.encode(xml.replace("#alice", "#admin")));
    assert_eq!(visit.bring(&forged, ""), Err("PR400-AN-0011"));
    let subject = |token: &Value| visit.world.bearer(&visit.host, token).subject;
    assert_eq!(subject(&forged), Subject::Invalid(ErrorCode::AccessTokenSignature));
    assert_eq!(subject(&elsewhere["access_token"]), Subject::Invalid(ErrorCode::AccessTokenParse));

    let assertion = visit.assertion();
    visit.world.pass(3_600_000);
    assert_eq!(visit.bring(&assertion, ""), Err("PR400-AN-0010"));
    assert_eq!(subject(&assertion), Subject::Invalid(ErrorCode::AccessTokenExpired));
}

/// The secret of an application is what its own Cell says to this Cell.
#[test]
fn an_application_proves_itself() {
    let visit = Visit::new();
    let (world, home) = (&visit.world, &visit.home);
    let app = world.cell("app");
    account(&app, "alice", json!({}));
    let secret = |more: &str| {
        let answer = world.log_in(&app, &format!("&p_target={HOME}{more}"));
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let log_in = |id: &str, secret: &str| {
        let body = format!(
            "grant_type=password&username=alice&password=password1&client_id={id}&client_secret={secret}"
        );
        world.token(home, &body)
    };
    let id = "http://localhost:9998/app/";
    let schema = |answer: super::Outcome| world.bearer(home, &answer.unwrap()["access_token"]).schema;
    assert_eq!(schema(log_in(id, &secret(""))).as_deref(), Some(id));
    assert_eq!(schema(log_in("personium-localunit:app:/", &secret(""))).as_deref(), Some(id));

    let confidential = role(&app, "confidentialClient", None);
    let alice = app.store().read(|tx| saibo_core::account::Account::find(tx, "alice")).unwrap().unwrap();
    link(&app, &alice.document, &confidential);
    let answer = log_in(id, &secret("")).unwrap();
    assert_eq!(schema(Ok(answer.clone())).as_deref(), Some("http://localhost:9998/app/#c"));

    // Only the application that a refresh token was given to can use it.
    let refresh = |client: &str| {
        let token = answer["refresh_token"].as_str().unwrap();
        world.token(home, &format!("grant_type=refresh_token&refresh_token={token}{client}"))
    };
    assert_eq!(refresh(""), Err("PR401-AN-0021"));
    let credentials = format!("&client_id={id}&client_secret={}", secret(""));
    assert_eq!(schema(refresh(&credentials)).as_deref(), Some("http://localhost:9998/app/#c"));
    let other = world.cell("other");
    account(&other, "alice", json!({}));
    let theirs =
        world.log_in(&other, &format!("&p_target={HOME}"))["access_token"].as_str().unwrap().to_owned();
    let credentials = format!("&client_id=http://localhost:9998/other/&client_secret={theirs}");
    assert_eq!(refresh(&credentials), Err("PR401-AN-0020"));

    assert_eq!(log_in("http://localhost:9998/other/", &secret("")), Err("PR400-AN-0006"));
    assert_eq!(log_in(id, "nonsense"), Err("PR400-AN-0003"));
    let elsewhere =
        world.log_in(&app, &format!("&p_target={HOST}"))["access_token"].as_str().unwrap().to_owned();
    assert_eq!(log_in(id, &elsewhere), Err("PR400-AN-0007"));
    let short = secret("&expires_in=1");
    world.pass(1000);
    assert_eq!(log_in(id, &short), Err("PR400-AN-0004"));
}

/// API page 100: tokens for the unit, from a Cell that the unit's operator named.
#[test]
fn unit_users_come_from_the_issuers_that_the_unit_names() {
    use saibo_core::access::{Contents, Credentials, authenticate};
    let world = World::new();
    let (admins, others) = (world.cell("admins"), world.cell("others"));
    let at_unit = |cell: &Cell, named: Option<&str>| {
        let token = world.log_in(cell, "&p_target=http://localhost:9998/")["access_token"].clone();
        let authorization = format!("Bearer {}", token.as_str().unwrap());
        let credentials =
            Credentials { authorization: Some(&authorization), unit_user: named, ..Credentials::default() };
        let access = authenticate(&world.fixture.unit, None, credentials, world.now()).unwrap();
        (access.subject, access.contents)
    };
    let alice = account(&admins, "alice", json!({}));
    account(&others, "alice", json!({}));
    let unit_user = |url: &str| Subject::UnitUser(url.to_owned());
    assert_eq!(at_unit(&others, None).0, Subject::Visitor("http://localhost:9998/others/#alice".to_owned()));
    assert_eq!(at_unit(&admins, None), (unit_user("http://localhost:9998/admins/#alice"), None));
    assert_eq!(at_unit(&admins, Some("https://x/#y")).0, unit_user("http://localhost:9998/admins/#alice"));
    for (name, expected) in
        [("CellContentsReader", Some(Contents::Read)), ("CellContentsAdmin", Some(Contents::All))]
    {
        link(&admins, &alice, &role(&admins, name, None));
        assert_eq!(at_unit(&admins, None).1, expected, "{name}");
    }
    link(&admins, &alice, &role(&admins, "UnitAdmin", None));
    assert_eq!(at_unit(&admins, None), (Subject::UnitAdmin, Some(Contents::All)));
    assert_eq!(at_unit(&admins, Some("https://x/#y")).0, unit_user("https://x/#y"));
}

/// What an application of a Box calls a role is named by the Box's schema, whatever the Box is called.
#[test]
fn roles_of_boxes_travel_under_their_schema() {
    let visit = Visit::new();
    let schema = json!({ "Name": "box", "Schema": "https://app.example/" });
    let in_box = put(&visit.home, Kind::Box, "box", None, schema, None);
    let alice =
        visit.home.store().read(|tx| saibo_core::account::Account::find(tx, "alice")).unwrap().unwrap();
    link(&visit.home, &alice.document, &role(&visit.home, "writer", Some(&in_box.id)));
    let token = visit.assertion();
    let assertion =
        visit.world.fixture.unit.transcell().open(token.as_str().unwrap(), visit.world.now()).unwrap();
    let mut roles = assertion.roles;
    roles.sort();
    assert_eq!(roles, [&format!("{HOME}__role/__/friend"), "https://app.example/__role/__/writer"]);
}
