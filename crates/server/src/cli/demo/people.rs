//! Who there is in the demo's Cell, and what they may do.

use std::error::Error;
use std::time::Instant;

use serde_json::{Value, json};

use super::CELL;
use super::stage::Stage;
use super::story::Story;
use crate::client::{Answer, Client, ClientError, RemoteCell};
use crate::config::Secret;

/// Name of the Account that owns the Cell, and its password.
const OWNER: (&str, &str) = ("alice", "pass-of-alice");

/// Name of the Account that may read a Box, and its password.
const READER: (&str, &str) = ("bob", "pass-of-bob");

/// Makes the Cell, its Accounts, Roles, Box and ACLs; the Cell for its owner, who logged in with a password.
///
/// # Errors
/// What the unit says.
pub(super) fn found(stage: &Stage, story: &mut Story) -> Result<RemoteCell, Box<dyn Error>> {
    let cell = stage.cell(CELL)?;
    let began = Instant::now();
    cell.create()?;
    let text = format!("The Cell {}", cell.url());
    story.did(&text, began.elapsed());

    let began = Instant::now();
    for ((account, password), role) in [(OWNER, "owner"), (READER, "reader")] {
        control(&cell, "Role", &json!({ "Name": role }))?;
        let url = format!("{}__ctl/Account", cell.url());
        let call = cell.client().call("POST", &url).header("X-Personium-Credential", password);
        call.json(&json!({ "Name": account })).send()?.expect(&[201])?;
        let url = format!("{}__ctl/Account('{account}')/$links/_Role", cell.url());
        let role = json!({ "uri": format!("{}__ctl/Role('{role}')", cell.url()) });
        cell.client().call("POST", &url).json(&role).send()?.expect(&[204])?;
    }
    control(&cell, "Box", &json!({ "Name": "journal" }))?;
    acl(&cell, "", &[("owner", "p:root")])?;
    acl(&cell, "journal", &[("owner", "D:all"), ("reader", "D:read")])?;
    story.did(
        "Accounts alice and bob, Roles owner and reader, the Box journal, ACLs for both Roles",
        began.elapsed(),
    );

    let began = Instant::now();
    let owner = as_account(&cell, OWNER)?;
    story.did("alice logs in with her password; what follows, she does", began.elapsed());
    Ok(owner)
}

/// Checks that passwords and privileges have come along.
///
/// # Errors
/// What the unit says.
pub(super) fn log_in(copy: &RemoteCell, story: &mut Story) -> Result<(), Box<dyn Error>> {
    as_account(copy, OWNER)?;
    let reader = as_account(copy, READER)?;
    story.check(true, "alice and bob log in to the copy with their passwords");
    let url = format!("{}journal/photos/photo-000.jpg", copy.url());
    let read = reader.client().call("GET", &url).send()?.status;
    let write = reader.client().call("PUT", &url).bytes("image/jpeg", "bob was here").send()?.status;
    story.check((read, write) == (200, 403), "bob may read there, and may not write");
    let wrong = token(copy, (OWNER.0, "guessed"))?.status;
    story.check(wrong == 400, "a wrong password is refused");
    Ok(())
}

/// The Cell, for somebody who logs in with a password.
fn as_account(cell: &RemoteCell, who: (&str, &str)) -> Result<RemoteCell, ClientError> {
    let answer = token(cell, who)?.expect(&[200])?.json()?;
    let token = answer["access_token"].as_str().unwrap_or_default();
    Ok(cell.with_client(cell.client().with_token(Secret::new(token))))
}

fn token(cell: &RemoteCell, (account, password): (&str, &str)) -> Result<Answer, ClientError> {
    let url = format!("{}__token", cell.url());
    let form = format!("grant_type=password&username={account}&password={password}");
    Client::new(None).call("POST", &url).bytes("application/x-www-form-urlencoded", form).send()
}

fn control(cell: &RemoteCell, kind: &str, body: &Value) -> Result<(), ClientError> {
    let url = format!("{}__ctl/{kind}", cell.url());
    cell.client().call("POST", &url).json(body).send()?.expect(&[201])?;
    Ok(())
}

/// Sets an ACL: what Roles may do.
fn acl(cell: &RemoteCell, path: &str, grants: &[(&str, &str)]) -> Result<(), ClientError> {
    let aces: String = grants
        .iter()
        .map(|(role, privilege)| {
            format!(
                "<D:ace><D:principal><D:href>{role}</D:href></D:principal>\
                 <D:grant><D:privilege><{privilege}/></D:privilege></D:grant></D:ace>"
            )
        })
        .collect();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <D:acl xmlns:D=\"DAV:\" xmlns:p=\"urn:x-personium:xmlns\" xml:base=\"{}__role/__/\">{aces}</D:acl>",
        cell.url()
    );
    let url = format!("{}{path}", cell.url());
    cell.client().call("ACL", &url).bytes("application/xml", body).send()?.expect(&[200])?;
    Ok(())
}
