//! What these pages have in common.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::http::Response;

/// Readable in any window, in light and in dark, with a visible focus (WCAG 2.2, 1.4.10 and 2.4.7).
const STYLE: &str = "\
:root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.5rem}\
label{display:block;margin-top:1rem;font-weight:600}\
input,button{font:inherit;box-sizing:border-box;width:100%;min-height:2.75rem;padding:.5rem .75rem;border-radius:.375rem}\
input{border:1px solid}\
button{margin-top:1rem;border:1px solid;cursor:pointer}\
:focus-visible{outline:3px solid;outline-offset:2px}\
[role=alert]{border-left:.375rem solid;padding:.5rem .75rem}\
code{overflow-wrap:anywhere}";

/// The style is allowed by its hash, so that no other can be slipped in.
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE))));

/// A page. `form_targets` is where its form may be sent, directly or by a redirect.
pub(super) fn page(title: &str, content: &str, form_targets: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{content}</main>\n</body>\n</html>\n",
        escape(title)
    );
    let policy = format!(
        "default-src 'none'; style-src {}; form-action {form_targets}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE
    );
    private(Response::bytes(200, "text/html;charset=UTF-8", html))
        .header("content-security-policy", &policy)
        .header("x-frame-options", "DENY")
        .header("x-content-type-options", "nosniff")
}

/// Keeps an answer, and the URL that it came from, from being stored or told on. The `Origin` header of forms
/// stays, by which the unit knows them for its own.
pub(in crate::routes::cell) fn private(response: Response) -> Response {
    response.header("cache-control", "no-store").header("referrer-policy", "same-origin")
}

/// Text as HTML, within elements and within attributes in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_an_attribute() {
        assert_eq!(
            escape("<a href=\"x\" title='y'>&"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
        );
    }

    #[tokio::test]
    async fn a_page_runs_and_loads_nothing() {
        let page = page("A & B", "<p>text</p>\n", "'self'");
        let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
        let html = String::from_utf8(page.into_bytes().await.unwrap().to_vec()).unwrap();
        assert!(html.contains("<title>A &amp; B</title>") && !html.contains("<script"));
    }
}
