//! `{cell}__authz` (API page 292).

use saibo_core::token::authz::{self, Answer, Call, page_url};
use saibo_model::Result;
use saibo_oauth::{cookie, grant::Form};

use super::html;
use crate::http::Response;
use crate::routes::{Context, page};

/// `GET`: the form; or, for who is known by a cookie, what the application asked for.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let query = context.request.query.raw().as_bytes().to_vec();
    serve(context, query, false).await
}

/// `POST`: the form as it was filled in.
pub(in crate::routes) async fn post(mut context: Context) -> Result<Response> {
    let body = context.request.body.read_to_limit(Form::MAX_BODY as u64).await?;
    serve(context, body.to_vec(), true).await
}

async fn serve(context: Context, parameters: Vec<u8>, is_post: bool) -> Result<Response> {
    let request = &context.request;
    let text = |name: &str| request.header(name).map(str::to_owned);
    let (cookie, origin) = (request.cookie(cookie::NAME).map(str::to_owned), text("origin"));
    let (name, address, now) = (context.cell().to_owned(), request.peer, request.now_ms);
    let form = Form::parse_any(&parameters)?;
    let (form, answer, chosen) = context
        .blocking(move |unit| {
            let cell = unit.cell(&name)?;
            let call = Call {
                form: &form,
                is_post,
                cookie: cookie.as_deref(),
                origin: origin.as_deref(),
                address: Some(address),
            };
            let answer = authz::authorize(unit, &cell, call, now)?;
            let chosen = page_url(unit, &cell, &answer)?;
            Ok((form, answer, chosen))
        })
        .await?;
    let cell_url = context.cell_url();
    let form_page = |change| html::login_form(&cell_url, &form, change);
    let default = match answer {
        Answer::Redirect(location) => {
            return Ok(html::private(Response::empty(303)).header("location", &location));
        }
        Answer::LoginForm => form_page(false),
        Answer::PasswordForm => form_page(true),
    };
    // A page that cannot be had must not keep anybody from logging in.
    Ok(match chosen {
        Some(url) => page::fetch(&context, &url).await.map_or(default, html::private),
        None => default,
    })
}
