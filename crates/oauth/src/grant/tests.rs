//! Requests and answers in the recorded forms.

use serde_json::{Value, json};

use super::*;

fn form(body: &str) -> Form {
    Form::parse(body.as_bytes()).unwrap()
}

fn code(result: Result<impl fmt::Debug>) -> String {
    result.unwrap_err().code().code().to_owned()
}

fn params(result: Result<impl fmt::Debug>) -> String {
    let error = result.unwrap_err();
    format!("{} {}", error.code().code(), error.params().join(","))
}

#[test]
fn a_password() {
    let request = form("grant_type=password&username=account1&password=password1").token_request().unwrap();
    let Grant::Password { username, password } = &request.grant else { panic!("{request:?}") };
    assert_eq!((username.as_str(), password.expose()), ("account1", "password1"));
    assert_eq!((request.owner, request.cookie), (false, false));
    assert_eq!((request.expires_in, request.refresh_expires_in), (3600, 86400));
    assert!(!format!("{request:?}").contains("password1"));
    assert!(!format!("{:?}", form("password=hidden1")).contains("hidden1"));
}

#[test]
fn values_that_were_not_encoded() {
    let form =
        form("a=http://localhost:9998/x/?y=z&b=100%&c=%zz%41&d=p+q%2Br&e&f=&=g&h=%E3%81%82あ&&a=second");
    let got: Vec<_> = ["a", "b", "c", "d", "e", "f", "", "h", "i"].map(|name| form.get(name)).to_vec();
    let expected = ["http://localhost:9998/x/?y=z", "100%", "%zzA", "p q+r", "", "", "g", "ああ"];
    assert_eq!(got, expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    assert_eq!(Form::parse(b"a=\xff").unwrap().get("a"), Some("\u{fffd}"));
}

#[test]
fn bodies_that_are_not_looked_at() {
    assert_eq!(params(Form::parse(b"")), "PR400-AN-0016 grant_type");
    assert_eq!(params(Form::parse(b"&&")), "PR400-AN-0016 grant_type");
    assert!(Form::parse_any(b"").is_ok());
    assert!(Form::parse_any(&vec![b'a'; Form::MAX_BODY + 1]).is_err());
    assert!(Form::parse_any("a&".repeat(201).as_bytes()).is_err());
}

#[test]
fn what_a_grant_needs() {
    for (body, expected) in [
        ("x=y", "PR400-AN-0016 grant_type"),
        ("grant_type=password", "PR400-AN-0016 username"),
        ("grant_type=password&username=blankUser", "PR400-AN-0016 password"),
        ("grant_type=refresh_token", "PR400-AN-0009 "),
        ("grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer", "PR400-AN-0009 "),
        ("grant_type=authorization_code", "PR400-AN-0019 "),
        ("grant_type=password&expires_in=0", "PR400-AN-0016 expires_in"),
        ("grant_type=password&expires_in=-1", "PR400-AN-0016 expires_in"),
        ("grant_type=password&expires_in=3601&refresh_token_expires_in=0", "PR400-AN-0016 expires_in"),
        ("grant_type=password&expires_in=あ", "PR400-AN-0016 expires_in"),
        (
            "grant_type=password&expires_in=1&refresh_token_expires_in=86401",
            "PR400-AN-0016 refresh_token_expires_in",
        ),
        ("expires_in=99999999999999999999", "PR400-AN-0016 expires_in"),
    ] {
        assert_eq!(params(form(body).token_request()), expected, "{body}");
    }
    let request = form("grant_type=refresh_token&refresh_token=&expires_in=&refresh_token_expires_in=1")
        .token_request()
        .unwrap();
    assert_eq!(request.grant, Grant::Refresh { token: "".into() }, "an empty one is refused when it is read");
    assert_eq!((request.expires_in, request.refresh_expires_in), (3600, 1));
    let request = form("grant_type=urn:x-personium:oidc:google&id_token=x").token_request().unwrap();
    assert_eq!(request.grant, Grant::Plugin { grant_type: "urn:x-personium:oidc:google".into() });
    assert_eq!(unsupported_grant("x").code().code(), "PR400-AN-0001");
}

#[test]
fn flags() {
    let flags = |body: &str| {
        form(&format!("grant_type=x&{body}")).token_request().map(|r| (r.owner, r.cookie)).unwrap()
    };
    assert_eq!(flags("p_owner=true&p_cookie=true"), (true, true));
    assert_eq!(flags("p_owner=TRUE&p_cookie=TRUE"), (false, true));
    assert_eq!(flags("p_owner=1&p_cookie=1"), (false, false));
    assert_eq!(
        flags("p_cookie=true&p_target=http://localhost/"),
        (false, false),
        "no cookie beside a transcell token"
    );
}

#[test]
fn targets() {
    let target = |text: &str| form(&format!("p_target={text}")).target(str::to_owned);
    assert_eq!(
        target("http://localhost:9998/testcell1").unwrap().unwrap(),
        "http://localhost:9998/testcell1/"
    );
    assert_eq!(target("https://cell.example/").unwrap().unwrap(), "https://cell.example/");
    assert_eq!(form("x=y").target(str::to_owned).unwrap(), None);
    for bad in [
        "",
        "cell",
        "/cell/",
        "http://",
        "https://a.example/%0d%0aSet-Cookie:x",
        "https://a.example/+x",
        "javascript:alert(1)",
        "file:///etc/",
    ] {
        assert_eq!(code(target(bad)), "PR400-AN-0002", "{bad}");
    }
    let local = form("p_target=personium-localunit:/a/")
        .target(|url| url.replace("personium-localunit:/", "https://u.example/"));
    assert_eq!(local.unwrap().unwrap(), "https://u.example/a/");
}

#[test]
fn clients() {
    let client = |body: &str, header: Option<&str>| form(body).client(header);
    assert_eq!(client("x=y", None).unwrap(), None);
    assert_eq!(client("client_secret=y", None).unwrap(), None, "names no client");
    let found = client("client_id=http://localhost:9998/schema1/", None).unwrap().unwrap();
    assert_eq!((found.id.as_deref(), found.assertion.expose()), (Some("http://localhost:9998/schema1/"), ""));
    // As recorded: `http%3A%2F%2Flocalhost%3A9998%2Fschema1%2F:`.
    let header = "Basic aHR0cCUzQSUyRiUyRmxvY2FsaG9zdCUzQTk5OTglMkZzY2hlbWExJTJGOg";
    let found = client("client_id=other&client_secret=z", Some(header)).unwrap().unwrap();
    assert_eq!((found.id.as_deref(), found.assertion.expose()), (Some("http://localhost:9998/schema1/"), ""));
    // `http://localhost:9998/schema1/:c-2_`, as many clients have it.
    let header = "Basic aHR0cDovL2xvY2FsaG9zdDo5OTk4L3NjaGVtYTEvOmMtMl8=";
    let found = client("x=y", Some(header)).unwrap().unwrap();
    let shown = (found.id.as_deref(), found.assertion.expose());
    assert_eq!(shown, (Some("http://localhost:9998/schema1/"), "c-2_"));
    for bad in ["Bearer bearerHeader", "Basic", "Basic ", "Basic ***", "Basic bm9jb2xvbg", ""] {
        assert_eq!(code(client("x=y", Some(bad))), "PR400-AN-0018", "{bad}");
    }
    for bad in
        ["client_assertion=x", "client_assertion=x&client_assertion_type=jwt", "client_assertion_type="]
    {
        assert_eq!(code(client(bad, None)), "PR400-AN-0022", "{bad}");
    }
    let body = format!("client_assertion=x&client_assertion_type={SAML2_BEARER}&client_secret=z");
    let found = client(&body, Some("Bearer not looked at")).unwrap().unwrap();
    assert_eq!((found.id, found.assertion.expose()), (None, "x"));
}

#[test]
fn who_a_client_is() {
    let cell = "https://u.example/a/";
    let roles = ["https://app.example/__role/__/confidentialClient".to_owned()];
    let assertion = ClientAssertion { issuer: "https://app.example/", target: cell, roles: &[] };
    let named = |id: Option<&str>| ClientCredentials { id: id.map(str::to_owned), assertion: "x".into() };
    let identity = |id: Option<&str>, assertion: &ClientAssertion<'_>| {
        named(id).identity(assertion, cell, str::to_owned)
    };
    assert_eq!(identity(Some("https://app.example/"), &assertion).unwrap(), "https://app.example/");
    assert_eq!(identity(None, &assertion).unwrap(), "https://app.example/");
    let confidential = ClientAssertion { roles: &roles, ..assertion };
    assert_eq!(identity(None, &confidential).unwrap(), "https://app.example/#c");
    assert_eq!(code(identity(Some("https://app.example/#c"), &confidential)), "PR400-AN-0006");
    assert_eq!(code(identity(Some("https://app2.example/"), &confidential)), "PR400-AN-0006");
    let elsewhere = ClientAssertion { target: "https://u.example/b/", ..confidential };
    assert_eq!(code(identity(None, &elsewhere)), "PR400-AN-0007");
    let other = ["https://other.example/__role/__/confidentialClient".to_owned()];
    assert_eq!(
        identity(None, &ClientAssertion { roles: &other, ..assertion }).unwrap(),
        "https://app.example/"
    );
}

#[test]
fn answers_have_the_recorded_fields() {
    let json = |response: &TokenResponse| serde_json::from_str::<Value>(&response.to_json()).unwrap();
    let mut response = TokenResponse::new("AR~x".into(), 3600).with_refresh("RR~y".into(), 86400);
    response.scope = "root".into();
    response.p_target = Some("http://localhost:9998/testcell1/".into());
    response.history = Some(AuthHistory::default());
    assert_eq!(
        json(&response),
        json!({
            "access_token": "AR~x", "expires_in": 3600, "refresh_token": "RR~y", "refresh_token_expires_in": 86400,
            "scope": "root", "token_type": "Bearer", "p_target": "http://localhost:9998/testcell1/",
            "last_authenticated": null, "failed_count": 0,
        })
    );
    assert_eq!(response.location().as_deref(), Some("http://localhost:9998/testcell1/__token"));
    let unit_user = TokenResponse::new("AU~x".into(), 60);
    assert_eq!(json(&unit_user), json!({"access_token": "AU~x", "expires_in": 60, "token_type": "Bearer"}));
    assert_eq!(unit_user.location(), None);
}

#[test]
fn errors_have_the_recorded_names() {
    for (name, codes) in [
        ("unsupported_grant_type", &["PR400-AN-0001"][..]),
        ("invalid_request", &["PR400-AN-0002", "PR400-AN-0016"]),
        (
            "invalid_client",
            &["PR400-AN-0003", "PR400-AN-0018", "PR401-AN-0020", "PR401-AN-0021", "PR400-AN-0022"],
        ),
        (
            "invalid_grant",
            &[
                "PR400-AN-0009",
                "PR400-AN-0010",
                "PR400-AN-0011",
                "PR400-AN-0012",
                "PR400-AN-0017",
                "PR400-AN-0019",
                "PR401-AN-0023",
                "PR400-PA-0001",
            ],
        ),
        ("server_error", &["PR500-NW-0001", "PR503-SV-0005"]),
    ] {
        for text in codes {
            let code = ErrorCode::ALL
                .iter()
                .find(|code| code.code() == *text)
                .unwrap_or_else(|| panic!("no {text}"));
            assert_eq!(oauth_error(*code), name, "{text}");
        }
    }
    let body = error_body(&ErrorCode::LoginFailed.into());
    assert_eq!(body["error"], "invalid_grant");
    assert!(body["error_description"].as_str().unwrap().starts_with("[PR400-AN-0017] - "));
}

#[test]
fn who_must_change_the_password_is_told_how() {
    let required = PasswordChangeRequired {
        access_token: "AP~x".into(),
        url: "http://localhost:9998/testcell1/__mypassword".into(),
        history: AuthHistory { last_authenticated: None, failed_count: 1 },
    };
    let body = required.body();
    assert_eq!(body["error"], "invalid_grant");
    assert!(body["error_description"].as_str().unwrap().starts_with("[PR401-AN-0023] - "));
    assert_eq!((&body["last_authenticated"], &body["failed_count"]), (&Value::Null, &json!(1)));
    assert_eq!(
        (&body["access_token"], &body["url"]),
        (&json!("AP~x"), &json!("http://localhost:9998/testcell1/__mypassword"))
    );
}
