//! Cells of two units that vouch for each other's people, over HTTP.

use serde_json::json;

use crate::support::{Answer, Running};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const MASTER: (&str, &str) = ("Authorization", "Bearer token");
const SAML2: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// `alice` of the Cell `home` of one unit, who is welcome at the Cell `host` of another.
struct World {
    first: Running,
    second: Running,
}

impl World {
    async fn new() -> Self {
        let first = Running::start(|_| ()).await;
        let certificate = first.unit.app().data.path().join("unit.crt");
        let second = Running::start(|config| config.unit.trusted_certificates = vec![certificate]).await;
        given(&first, "POST", "/__ctl/Cell", r#"{"Name":"home"}"#).await;
        given(&first, "POST", "/home/__ctl/Role", r#"{"Name":"friend"}"#).await;
        given(&first, "POST", "/home/__ctl/Account", r#"{"Name":"alice"}"#).await;
        let world = Self { first, second };
        furnish_host(&world.second, &world.home()).await;
        world
    }

    fn home(&self) -> String {
        format!("http://{}/home/", self.first.authority())
    }

    /// What `home` says of alice to a Cell.
    async fn assertion(&self, target: &str) -> String {
        let login = format!("grant_type=password&username=alice&password=password1&p_target={target}");
        let answer = post(&self.first, "/home/__token", &login).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// A file in the main box of `host` that the Role `guest` may read, who is everybody of a Cell.
pub(crate) async fn furnish_host(unit: &Running, visitors: &str) {
    given(unit, "POST", "/__ctl/Cell", r#"{"Name":"host"}"#).await;
    given(unit, "POST", "/host/__ctl/Role", r#"{"Name":"guest"}"#).await;
    given(unit, "POST", "/host/__ctl/ExtCell", &json!({ "Url": visitors }).to_string()).await;
    let key = visitors.replace(':', "%3A").replace('/', "%2F");
    let role = json!({ "uri": format!("http://{}/host/__ctl/Role('guest')", unit.authority()) });
    given(unit, "POST", &format!("/host/__ctl/ExtCell('{key}')/$links/_Role"), &role.to_string()).await;
    given(unit, "PUT", "/host/__/file", "text").await;
    let base = format!("http://{}/host/__role/__/", unit.authority());
    let acl = format!(
        "<D:acl xmlns:D='DAV:' xml:base='{base}'><D:ace><D:principal><D:href>guest</D:href></D:principal>\
         <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>"
    );
    given(unit, "ACL", "/host/__", &acl).await;
}

pub(crate) async fn given(unit: &Running, method: &str, path: &str, body: &str) {
    let headers = [MASTER, ("X-Personium-Credential", "password1")];
    let answer = unit.send(method, path, &headers, body.as_bytes()).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
}

async fn post(unit: &Running, path: &str, body: &str) -> Answer {
    unit.send("POST", path, &[FORM], body.as_bytes()).await
}

async fn read(unit: &Running, token: &str) -> u16 {
    unit.get("/host/__/file", &[("Authorization", &format!("Bearer {token}"))]).await.status
}

fn code(answer: &Answer) -> String {
    let body = answer.json();
    let text = body["error_description"].as_str().unwrap_or_default();
    text.split(']').next().unwrap_or_default().trim_start_matches('[').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_trusted_unit_are_let_in() {
    let world = World::new().await;
    let host = format!("http://{}/host/", world.second.authority());
    let assertion = world.assertion(&host).await;
    assert_eq!(read(&world.second, &assertion).await, 200, "as it is");
    let arrival =
        post(&world.second, "/host/__token", &format!("grant_type={SAML2}&assertion={assertion}")).await;
    assert_eq!(arrival.status, 200, "{arrival:?}");
    let body = arrival.json();
    let (access, refresh) = (body["access_token"].as_str().unwrap(), body["refresh_token"].as_str().unwrap());
    assert!(access.starts_with("AV~"));
    assert_eq!(read(&world.second, access).await, 200);
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let again = post(&world.second, "/host/__token", &form).await;
    assert_eq!(read(&world.second, again.json()["access_token"].as_str().unwrap()).await, 200);
    assert_eq!(code(&post(&world.first, "/home/__token", &form).await), "PR400-AN-0009", "at the other unit");
    assert_eq!(read(&world.second, "x").await, 401);

    // To somewhere else, and shown here.
    let elsewhere = world.assertion(&format!("http://{}/third/", world.second.authority())).await;
    let form = format!("grant_type={SAML2}&assertion={elsewhere}");
    assert_eq!(code(&post(&world.second, "/host/__token", &form).await), "PR400-AN-0012");
    assert_eq!(read(&world.second, &elsewhere).await, 401);

    // As the application whose Cell it is.
    let login = format!("grant_type={SAML2}&assertion={assertion}&client_id={}", world.home());
    let answer = post(&world.second, "/host/__token", &format!("{login}&client_secret={assertion}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = post(&world.second, "/host/__token", &format!("{login}&client_secret={elsewhere}")).await;
    assert_eq!(
        (answer.json()["error"].as_str(), code(&answer)),
        (Some("invalid_client"), "PR400-AN-0007".to_owned())
    );
}

/// Whose certificate a unit was not given, it does not believe, whatever their URL.
#[tokio::test(flavor = "multi_thread")]
async fn people_of_other_units_are_not() {
    let world = World::new().await;
    let third = Running::start(|_| ()).await;
    furnish_host(&third, &world.home()).await;
    let assertion = world.assertion(&format!("http://{}/host/", third.authority())).await;
    let answer = post(&third, "/host/__token", &format!("grant_type={SAML2}&assertion={assertion}")).await;
    assert_eq!((answer.status, code(&answer)), (400, "PR400-AN-0011".to_owned()));
    assert_eq!(read(&third, &assertion).await, 401);
}
