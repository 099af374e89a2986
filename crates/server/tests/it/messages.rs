//! Messages between Cells of two units, over HTTP.

use serde_json::{Value, json};

use crate::support::{Answer, Running};

const MASTER: (&str, &str) = ("Authorization", "Bearer token");

/// `alice` of one unit and `bob` of another, which knows the first one's certificate.
struct World {
    first: Running,
    second: Running,
}

impl World {
    async fn new(to_private: bool) -> Self {
        let first = Running::start(|config| config.unit.messages_to_private_addresses = to_private).await;
        let certificate = first.unit.app().data.path().join("unit.crt");
        let second = Running::start(|config| config.unit.trusted_certificates = vec![certificate]).await;
        given(&first, "/__ctl/Cell", &json!({ "Name": "alice" })).await;
        given(&second, "/__ctl/Cell", &json!({ "Name": "bob" })).await;
        Self { first, second }
    }

    fn bob(&self) -> String {
        format!("http://{}/bob/", self.second.authority())
    }

    async fn send(&self, body: Value) -> Value {
        given(&self.first, "/alice/__message/send", &body).await["d"]["results"].take()
    }

    async fn received(&self) -> Vec<Value> {
        let answer =
            self.second.get("/bob/__ctl/ReceivedMessage", &[MASTER, ("Accept", "application/json")]).await;
        let mut list = answer.json();
        list["d"]["results"].as_array_mut().unwrap().drain(..).collect()
    }
}

async fn post(unit: &Running, path: &str, body: &Value) -> Answer {
    unit.send("POST", path, &[MASTER], body.to_string().as_bytes()).await
}

async fn given(unit: &Running, path: &str, body: &Value) -> Value {
    let answer = post(unit, path, body).await;
    assert_eq!(answer.status, 201, "{path}: {answer:?}");
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_sent_and_approved() {
    let world = World::new(true).await;
    let alice = format!("http://{}/alice/", world.first.authority());
    given(&world.second, "/bob/__ctl/Relation", &json!({ "Name": "friend" })).await;
    let request = json!({ "RequestType": "relation.add", "Name": "friend", "TargetUrl": alice });
    let sent = world
        .send(
            json!({ "To": world.bob(), "Type": "request", "Title": "friends?", "RequestObjects": [request] }),
        )
        .await;
    assert_eq!(sent["Result"][0], json!({ "To": world.bob(), "Code": "201", "Reason": "Created." }));
    let received = world.received().await;
    assert_eq!((&received[0]["From"], &received[0]["Title"]), (&json!(alice), &json!("friends?")));
    assert_eq!(received[0]["__id"], sent["__id"]);

    let path = format!("/bob/__message/received/{}", sent["__id"].as_str().unwrap());
    let answer = post(&world.second, &path, &json!({ "Command": "approved" })).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(answer.header("etag").unwrap().starts_with("W/\"2-"));
    let cells = world.second.get("/bob/__ctl/Relation('friend')/_ExtCell", &[MASTER]).await.json();
    assert_eq!(cells["d"]["results"][0]["Url"], json!(alice));
    assert_eq!(world.received().await[0]["Status"], "approved");
}

/// What comes of each destination is told: one that refuses, one that does not believe the sender, none at all.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_delivered_is_told() {
    let world = World::new(true).await;
    let third = Running::start(|_| ()).await;
    given(&third, "/__ctl/Cell", &json!({ "Name": "carol" })).await;
    let carol = format!("http://{}/carol/", third.authority());
    let nobody = format!("http://{}/nobody/", world.second.authority());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{closed}/x/");
    let to = [world.bob(), nobody, carol, gone];
    let sent = world.send(json!({ "To": to.join(",") })).await;
    let told: Vec<_> = sent["Result"].as_array().unwrap().iter().map(|one| one["Code"].clone()).collect();
    assert_eq!(told, ["201", "404", "401", "500"]);
    let received = world.received().await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["MulticastTo"], to[1..].join(","));
}

/// As it comes, a unit asks nobody on its own machine or network, however that is written; its own Cells are no matter
/// of a network.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_only_the_unit_can_reach_are_not_asked() {
    let world = World::new(false).await;
    let port = world.second.unit.address().port();
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let sent = world.send(json!({ "To": format!("http://{host}:{port}/bob/") })).await;
        assert_eq!(sent["Result"][0]["Code"], "500", "{host}");
    }
    assert!(world.received().await.is_empty());
    let own = format!("http://{}/alice/", world.first.authority());
    assert_eq!(world.send(json!({ "To": own })).await["Result"][0]["Code"], "201");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_allowed() {
    let world = World::new(false).await;
    for path in ["/alice/__message/send", "/alice/__message/port", "/alice/__message/received/x"] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = world.first.send(method, path, &[MASTER], b"").await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("OPTIONS, POST")),
                "{method} {path}"
            );
        }
    }
    assert_eq!(post(&world.first, "/nobody/__message/send", &json!({})).await.status, 404);
}
