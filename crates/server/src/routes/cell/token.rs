//! `{cell}__token` (API page 293).

use saibo_core::token::{self, Answer, Call};
use saibo_model::{ErrorCode, Result};
use saibo_oauth::cookie;
use saibo_oauth::grant::{Form, error_body};
use serde_json::Value;
use url::Url;

use crate::http::{Response, error};
use crate::routes::Context;

/// `POST`: gives out a token.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let body = context.request.body.read_to_limit(Form::MAX_BODY as u64).await?;
    let authorization = context.request.header("authorization").map(str::to_owned);
    let (name, address, now) = (context.cell().to_owned(), context.request.peer, context.request.now_ms);
    let answer = context
        .blocking(move |unit| {
            let form = Form::parse(&body)?;
            let call = Call { form: &form, authorization: authorization.as_deref(), address: Some(address) };
            token::issue(unit, &unit.cell(&name)?, call, now)
        })
        .await;
    let response = match answer {
        Ok(Answer::Token { response, cookie }) => {
            let mut answer = Response::bytes(200, "application/json", response.to_json());
            if let Some(location) = response.location() {
                answer.set_header("location", &location);
            }
            match cookie {
                Some(value) => answer.header("set-cookie", &set_cookie(&context.cell_url(), &value)),
                None => answer,
            }
        }
        Ok(Answer::PasswordChange(required)) => refused(&context, 401, &required.body()),
        Err(error) if is_of_grants(error.code()) => {
            error::log(&error, &context.request.key);
            refused(&context, error.code().status(), &error_body(&error))
        }
        Err(error) => return Err(error),
    };
    // RFC 6749 section 5.1.
    Ok(response.header("cache-control", "no-store").header("pragma", "no-cache"))
}

/// Errors of this endpoint have the form of RFC 6749 section 5.2; others can happen here as anywhere.
fn is_of_grants(code: ErrorCode) -> bool {
    matches!(code.code().get(6..8), Some("AN" | "PA"))
}

fn refused(context: &Context, status: u16, body: &Value) -> Response {
    let response = Response::json(status, body);
    if status == 401 {
        return response.header("www-authenticate", &format!("Basic realm=\"{}\"", context.cell_url()));
    }
    response
}

/// The attributes are the reference's, and two of ours: no script reads the cookie, and it goes over TLS alone
/// where there is TLS (RFC 6265 sections 4.1.2.5 and 4.1.2.6).
fn set_cookie(cell_url: &str, value: &str) -> String {
    let url = Url::parse(cell_url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let path = url.as_ref().map_or("/", Url::path);
    let secure = if cell_url.starts_with("https:") { ";Secure" } else { "" };
    format!("{}={value};Version=0;Comment=;Domain={host};Path={path};HttpOnly{secure}", cookie::NAME)
}

#[cfg(test)]
mod tests {
    use super::set_cookie;

    #[test]
    fn a_cookie_belongs_to_its_cell() {
        let expected = "p_cookie=x;Version=0;Comment=;Domain=localhost;Path=/alice/;HttpOnly";
        assert_eq!(set_cookie("http://localhost:9998/alice/", "x"), expected);
        let expected = "p_cookie=x;Version=0;Comment=;Domain=alice.u.example;Path=/;HttpOnly;Secure";
        assert_eq!(set_cookie("https://alice.u.example/", "x"), expected);
    }
}
