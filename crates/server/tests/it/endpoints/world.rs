//! The unit of the table: somebody of each kind, and what they ask for.

use serde_json::json;

use crate::support::{Answer, Running};

/// Who asks, in the order of the table's columns.
pub(super) const SUBJECTS: [&str; 9] = [
    "nobody",     // without credentials
    "bad token",  // one that is none
    "account",    // of the Cell, without roles
    "member",     // of the Cell, with a role that has the privilege of the row and no other
    "visitor",    // an Account of another Cell
    "owner",      // the unit user whose Cell it is, without a role for what is in it
    "other user", // a unit user who owns nothing
    "master",     // the bearer of the master token
    "basic",      // the member, with name and password
];

const MASTER: &str = "Bearer token";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A unit with the Cell `home`, and everybody's `Authorization`.
pub(super) struct World {
    pub(super) unit: Running,
    credentials: [Option<String>; 9],
}

impl World {
    pub(super) async fn new() -> Self {
        let unit = Running::start(|config| {
            config.unit.unit_user_issuers = vec!["personium-localunit:/admins/".to_owned()];
        })
        .await;
        let mut world = Self { unit, credentials: std::array::from_fn(|_| None) };
        for cell in ["admins", "away", "home"] {
            world.given("POST", "/__ctl/Cell", &json!({ "Name": cell }).to_string()).await;
        }
        for (cell, name) in [
            ("admins", "owner"),
            ("admins", "other"),
            ("away", "alice"),
            ("home", "plain"),
            ("home", "member"),
        ] {
            world.account(cell, name).await;
        }
        world.furnish().await;
        let unit_url = format!("http://{}/", world.unit.authority());
        let home = format!("{unit_url}home/");
        world.credentials = [
            None,
            Some("Bearer AR~nonsense".to_owned()),
            Some(world.log_in("home", "plain", "").await),
            Some(world.log_in("home", "member", "").await),
            Some(world.log_in("away", "alice", &home).await),
            Some(world.log_in("admins", "owner", &unit_url).await),
            Some(world.log_in("admins", "other", &unit_url).await),
            Some(MASTER.to_owned()),
            // printf 'member:password1' | base64
            Some("Basic bWVtYmVyOnBhc3N3b3JkMQ==".to_owned()),
        ];
        world
    }

    /// What is in the Cell.
    async fn furnish(&self) {
        for (method, path, body) in [
            ("POST", "/home/__ctl/Role", r#"{"Name":"members"}"#),
            (
                "POST",
                "/home/__ctl/Account('member')/$links/_Role",
                r#"{"uri":"URL/home/__ctl/Role('members')"}"#,
            ),
            ("POST", "/home/__ctl/Box", r#"{"Name":"box"}"#),
            ("POST", "/home/__ctl/Box", r#"{"Name":"app","Schema":"https://app.example/"}"#),
            ("PUT", "/home/box/file", "text"),
            ("MKCOL", "/home/box/folder", super::FOLDER),
            ("MKCOL", "/home/box/odata", super::ODATA),
            ("POST", "/home/box/odata/$metadata/EntityType", r#"{"Name":"Thing"}"#),
            ("POST", "/home/box/odata/Thing", r#"{"__id":"one"}"#),
            ("POST", "/home/__export", r#"{"Name":"kept"}"#),
        ] {
            self.given(method, path, body).await;
        }
        self.settle().await;
    }

    /// Something that is sent by who may do everything, and goes well.
    pub(super) async fn given(&self, method: &str, path: &str, body: &str) {
        let answer = self.master(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    }

    /// Something that is sent by who may do everything.
    pub(super) async fn master(&self, method: &str, path: &str, body: &str) -> Answer {
        let body = body.replace("URL", &format!("http://{}", self.unit.authority()));
        let owner = format!("http://{}/admins/#owner", self.unit.authority());
        let mut headers = vec![("Authorization", MASTER), ("If-Match", "*")];
        if path == "/__ctl/Cell" {
            headers.push(("X-Personium-Unit-User", owner.as_str()));
        }
        self.unit.send(method, path, &headers, body.as_bytes()).await
    }

    async fn account(&self, cell: &str, name: &str) {
        let headers = [("Authorization", MASTER), ("X-Personium-Credential", "password1")];
        let body = json!({ "Name": name }).to_string();
        let made = self.unit.send("POST", &format!("/{cell}/__ctl/Account"), &headers, body.as_bytes()).await;
        assert_eq!(made.status, 201, "{made:?}");
    }

    async fn log_in(&self, cell: &str, name: &str, target: &str) -> String {
        let target = if target.is_empty() { String::new() } else { format!("&p_target={target}") };
        let body = format!("grant_type=password&username={name}&password=password1{target}");
        let answer = self.unit.send("POST", &format!("/{cell}/__token"), &[FORM], body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        format!("Bearer {}", answer.json()["access_token"].as_str().unwrap())
    }

    /// Gives the role of the member one privilege and no other: `p:…` at the Cell, `D:…` in its Box.
    pub(super) async fn grant(&self, privilege: &str) {
        let (of_cell, of_box) = if privilege.starts_with("p:") { (privilege, "") } else { ("", privilege) };
        self.given("ACL", "/home", &acl(of_cell)).await;
        self.given("ACL", "/home/box", &acl(of_box)).await;
    }

    /// Waits until no job runs.
    pub(super) async fn settle(&self) {
        for path in ["/home/__export", "/home/__import"] {
            while self.master("GET", path, "").await.json()["status"] != "ready" {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
    }

    /// Everybody, and their `Authorization`.
    pub(super) fn credentials(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        SUBJECTS.into_iter().zip(self.credentials.iter().map(Option::as_deref))
    }
}

/// A body of ACL that gives the role one privilege, or none.
fn acl(privilege: &str) -> String {
    let ace = match privilege {
        "" => String::new(),
        name => format!(
            "<D:ace><D:principal><D:href>members</D:href></D:principal><D:grant><D:privilege><{name}/>\
             </D:privilege></D:grant></D:ace>"
        ),
    };
    format!(
        "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns' xml:base='URL/home/__role/__/'>{ace}</D:acl>"
    )
}
