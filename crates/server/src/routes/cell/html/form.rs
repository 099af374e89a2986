//! The forms of the authorization endpoint (API page 292): to log in, and to change a password.

use saibo_core::token::authz::Message;
use saibo_oauth::grant::Form;
use url::Url;

use super::page::{escape, page};
use crate::http::Response;

/// What of the request is sent along with the form.
const KEPT: [&str; 9] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "expires_in",
    "code_challenge",
    "code_challenge_method",
    "nonce",
];

/// The form to log in, or with `change` the one to change a password.
pub(in crate::routes::cell) fn login_form(cell_url: &str, request: &Form, change: bool) -> Response {
    let title = if change { "Change your password" } else { "Log in" };
    let application = request.get("client_id").unwrap_or_default();
    let mut html = format!(
        "<h1>{title}</h1>\n<p>The application <code>{}</code> asks for access to <code>{}</code>.</p>\n",
        escape(application),
        escape(cell_url)
    );
    // Only texts of ours: anybody can make a link to this page.
    if let Some(message) = request.get("code").and_then(Message::of_page) {
        html.push_str(&format!("<p role=\"alert\">{}</p>\n", escape(message.text)));
    }
    html.push_str(&format!("<form method=\"post\" action=\"{}__authz\">\n", escape(cell_url)));
    let kept = KEPT.into_iter().chain(change.then_some("access_token"));
    for (name, value) in kept.filter_map(|name| Some((name, request.get(name)?))) {
        html.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)));
    }
    html.push_str(if change { NEW_PASSWORD } else { NAME_AND_PASSWORD });
    html.push_str("</form>\n");
    page(title, &html, &form_targets(request.get("redirect_uri")))
}

const NAME_AND_PASSWORD: &str = "\
<label for=\"username\">User name</label>
<input id=\"username\" name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required autofocus>
<label for=\"password\">Password</label>
<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>
<button type=\"submit\">Log in</button>
<button type=\"submit\" name=\"cancel_flg\" value=\"true\" formnovalidate>Cancel</button>
";

const NEW_PASSWORD: &str = "\
<label for=\"password\">New password</label>
<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" minlength=\"6\" maxlength=\"32\" aria-describedby=\"rule\" required autofocus>
<p id=\"rule\">6 to 32 letters, digits and characters of <code>-_!$*=^`{|}~.@</code></p>
<button type=\"submit\">Change password</button>
<button type=\"submit\" name=\"cancel_flg\" value=\"true\" formnovalidate>Cancel</button>
";

/// The Cell itself, and the application to which the answer to the form leads: browsers apply the policy to the
/// redirect as well. A parsed origin has nothing in it that could add to the policy.
fn form_targets(redirect_uri: Option<&str>) -> String {
    let origin = redirect_uri.and_then(|url| Url::parse(url).ok()).map(|url| url.origin());
    match origin.filter(url::Origin::is_tuple) {
        Some(origin) => format!("'self' {}", origin.ascii_serialization()),
        None => "'self'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shown(query: &str, change: bool) -> (String, String) {
        let form = Form::parse_any(query.as_bytes()).unwrap();
        let response = login_form("https://u.example/alice/", &form, change);
        let policy = response.headers["content-security-policy"].to_str().unwrap().to_owned();
        (policy, String::from_utf8(response.into_bytes().await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_form_keeps_the_request_and_nothing_else() {
        let query = "response_type=code&client_id=https://a.example/&redirect_uri=https://a.example/cb%22x\
                     &state=%3Cscript%3E&code=PS-AU-0004&error_description=lies&access_token=AP~x";
        let (policy, html) = shown(query, false).await;
        assert!(policy.contains("form-action 'self' https://a.example;"));
        assert!(html.contains("name=\"state\" value=\"&lt;script&gt;\""));
        assert!(html.contains("role=\"alert\">User ID or password is incorrect."));
        assert!(!html.contains("lies") && !html.contains("AP~x") && !html.contains("<script"));
        let (_, html) = shown(query, true).await;
        assert!(html.contains("name=\"access_token\" value=\"AP~x\"") && html.contains("new-password"));
    }

    #[tokio::test]
    async fn every_field_has_a_label() {
        for change in [false, true] {
            let (_, html) = shown("", change).await;
            for field in html.split("<input id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(html.contains(&format!("<label for=\"{field}\">")), "{field}");
            }
        }
    }

    #[test]
    fn a_policy_cannot_be_added_to() {
        for (url, expected) in [
            (Some("https://a.example:8443/x?y#z"), "'self' https://a.example:8443"),
            (Some("javascript:alert(1)"), "'self'"),
            (Some("https://a.example; script-src *"), "'self'"),
            (None, "'self'"),
        ] {
            assert_eq!(form_targets(url), expected);
        }
    }
}
