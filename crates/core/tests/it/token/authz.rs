//! The authorization endpoint: where it sends people.

use saibo_core::Cell;
use saibo_core::token::authz::{self, Answer, page_url};
use saibo_model::Kind;
use saibo_oauth::grant::Form;
use serde_json::json;

use super::{World, account, property, put};

const APP: &str = "https://app.example/";
const ASKED: &str = "client_id=https://app.example/&redirect_uri=https://app.example/cb&state=s%201";

struct Visit<'a> {
    world: &'a World,
    cell: &'a Cell,
    cookie: Option<String>,
    origin: Option<&'a str>,
}

impl<'a> Visit<'a> {
    fn new(world: &'a World, cell: &'a Cell) -> Self {
        Self { world, cell, cookie: None, origin: None }
    }

    fn ask(&self, is_post: bool, parameters: &str) -> Answer {
        let form = Form::parse_any(parameters.as_bytes()).unwrap();
        let call = authz::Call {
            form: &form,
            is_post,
            cookie: self.cookie.as_deref(),
            origin: self.origin,
            address: None,
        };
        authz::authorize(&self.world.fixture.unit, self.cell, call, self.world.now()).unwrap()
    }

    fn post(&self, more: &str) -> String {
        match self.ask(true, &format!("{ASKED}&{more}")) {
            Answer::Redirect(location) => location,
            other => panic!("{other:?}"),
        }
    }
}

/// A location with every token cut down to its kind.
fn shape(location: &str) -> String {
    let parts = location.split_inclusive(['&', '#', '?']).map(|part| {
        let (body, end) = match part.strip_suffix(['&', '#', '?']) {
            Some(body) => (body, &part[body.len()..]),
            None => (part, ""),
        };
        match body.split_once("=").filter(|(_, value)| value.contains('~') || value.starts_with("eyJ")) {
            Some((name, value)) => format!("{name}={}{end}", &value[..3]),
            None => part.to_owned(),
        }
    });
    parts.collect()
}

#[test]
fn who_logs_in_is_sent_back_with_what_was_asked_for() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    put(&cell, Kind::Box, "app", None, json!({ "Name": "app", "Schema": APP }), None);
    let visit = Visit::new(&world, &cell);
    let mut last = "null".to_owned();
    for (kind, expected) in [
        (
            "token",
            "cb#access_token=AR~&last_authenticated={last}&failed_count=0&state=s+1&token_type=Bearer&expires_in=3600",
        ),
        ("code", "cb?last_authenticated={last}&code=GC~&failed_count=0&state=s+1"),
        ("id_token&scope=openid", "cb#last_authenticated={last}&id_token=eyJ&failed_count=0&state=s+1"),
    ] {
        let location = visit.post(&format!("response_type={kind}&username=alice&password=password1"));
        assert_eq!(shape(&location), format!("{APP}{}", expected.replace("{last}", &last)));
        last = world.now().to_string();
    }
}

#[test]
fn a_token_in_a_url_is_good_for_nothing_at_the_cells_level() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let location = Visit::new(&world, &cell)
        .post("response_type=token&scope=root&expires_in=60&username=alice&password=password1");
    assert!(
        location.contains("&box_not_installed=true&") && location.ends_with("expires_in=60"),
        "{location}"
    );
    let token = location.split(['#', '&']).find_map(|pair| pair.strip_prefix("access_token=")).unwrap();
    let access = world.bearer(&cell, &json!(token));
    assert!(access.scopes.is_empty());
    assert_eq!(access.schema.as_deref(), Some(APP));
}

#[test]
fn failures_lead_back_to_the_form() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let visit = Visit::new(&world, &cell);
    let form = "http://localhost:9998/alice/__authz?response_type=code&client_id=https%3A%2F%2Fapp.example%2F\
                &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=s+1&scope=root&error=";
    for (sent, rest) in [
        (
            "username=alice&password=wrong",
            "invalid_grant&error_description=User+ID+or+password+is+incorrect.&code=PS-AU-0004",
        ),
        (
            "username=bob&password=wrong",
            "invalid_grant&error_description=User+ID+or+password+is+incorrect.&code=PS-AU-0004",
        ),
        (
            "username=&password=x",
            "invalid_request&error_description=Please+input+user+ID+and+password.&code=PS-AU-0003",
        ),
        ("", "invalid_request&error_description=Please+input+user+ID+and+password.&code=PS-AU-0003"),
    ] {
        assert_eq!(visit.post(&format!("response_type=code&{sent}")), format!("{form}{rest}"), "{sent}");
    }
    assert_eq!(
        visit.post("response_type=code&cancel_flg=true&username=alice&password=password1"),
        format!(
            "{APP}cb?error=unauthorized_client&error_description=User+cancel.&state=s+1&code=PR401-AZ-0001"
        )
    );
    let elsewhere = "client_id=https://app.example/&redirect_uri=https://evil.example/";
    let page = |code| Answer::Redirect(format!("http://localhost:9998/alice/__html/error?code={code}"));
    assert_eq!(visit.ask(true, elsewhere), page("PR400-AZ-0003"));
    assert_eq!(visit.ask(false, ""), page("PR400-AZ-0002"));
}

#[test]
fn a_password_is_changed_on_the_way() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({ "Status": "passwordChangeRequired" }));
    let visit = Visit::new(&world, &cell);
    let location = visit.post("response_type=code&username=alice&password=password1");
    assert!(location.contains("&scope=root&access_token=AP%7E") && location.ends_with("&code=PS-AU-0006"));
    assert!(location.contains("&password_change_required=true&error=unauthorized_client&"), "{location}");
    let token = location.split('&').find_map(|pair| pair.strip_prefix("access_token=")).unwrap();
    let change = |token: &str, password: &str| {
        visit.post(&format!("response_type=code&access_token={token}&password={password}"))
    };
    assert!(change(token, "").ends_with("&code=PS-AU-0007"));
    assert!(change(token, "short").ends_with("&code=PS-AU-0008"));
    assert!(change("AP~nonsense", "password2").ends_with("&code=PS-AU-0002"));
    assert!(
        shape(&change(token, "password2")).starts_with(&format!("{APP}cb?last_authenticated=null&code=GC~"))
    );
    assert!(change(token, "password3").ends_with("&code=PS-AU-0002"), "once is enough");
    let asked = format!("{ASKED}&response_type=code&password_change_required=true");
    assert_eq!(visit.ask(false, &asked), Answer::PasswordForm);
    world.pass(3_600_000);
    assert!(change(token, "password3").ends_with("&code=PS-AU-0005"));
}

/// A page of somebody else must not get a token made for it by the mere presence of a cookie.
#[test]
fn a_cookie_speaks_for_installed_applications_only() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let mut visit = Visit::new(&world, &cell);
    let asked = format!("{ASKED}&response_type=code");
    assert_eq!(visit.ask(false, &asked), Answer::LoginForm, "without a cookie");
    visit.cookie = world.log_in(&cell, "&p_cookie=true")["cookie"].as_str().map(str::to_owned);
    assert_eq!(visit.ask(false, &asked), Answer::LoginForm, "not installed");
    assert!(visit.post("response_type=code").ends_with("&code=PS-AU-0002"));
    put(&cell, Kind::Box, "app", None, json!({ "Name": "app", "Schema": APP }), None);
    let expected = format!("{APP}cb?code=GC~&state=s+1");
    assert_eq!(shape(&visit.post("response_type=code")), expected);
    let Answer::Redirect(location) = visit.ask(false, &asked) else { panic!() };
    assert_eq!(shape(&location), expected);
    world.pass(3_600_000);
    assert!(visit.post("response_type=code").ends_with("&code=PS-AU-0005"));
    assert_eq!(visit.ask(false, &asked), Answer::LoginForm);
}

#[test]
fn forms_on_foreign_pages_are_refused() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    for (origin, accepted) in [
        (None, true),
        (Some("http://localhost:9998"), true),
        (Some("https://app.example"), true),
        (Some("https://evil.example"), false),
        (Some("https://app.example.evil.example"), false),
        (Some("null"), false),
    ] {
        let visit = Visit { origin, ..Visit::new(&world, &cell) };
        let location = visit.post("response_type=code&username=alice&password=password1");
        assert_eq!(location.starts_with(APP), accepted, "{origin:?} {location}");
    }
}

#[test]
fn a_cell_chooses_its_pages() {
    let world = World::new();
    let cell = world.cell("alice");
    let chosen = |form: &Answer| page_url(&world.fixture.unit, &cell, form).unwrap();
    assert_eq!(chosen(&Answer::LoginForm), None);
    for (url, expected) in [
        ("personium-localcell:/__/login.html", "http://localhost:9998/alice/__/login.html"),
        ("personium-localunit:app:/__/login.html", "http://localhost:9998/app/__/login.html"),
        ("https://elsewhere.example/login.html", "https://elsewhere.example/login.html"),
    ] {
        property(&cell, "authorizationhtmlurl", url);
        assert_eq!(chosen(&Answer::LoginForm).as_deref(), Some(expected));
        assert_eq!(chosen(&Answer::PasswordForm), None);
    }
}
