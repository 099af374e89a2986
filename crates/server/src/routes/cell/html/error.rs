//! `{cell}__html/error?code=` (API page 292): tells people what no application may be told.

use saibo_model::{ErrorCode, Result};

use super::page::{escape, page};
use crate::http::Response;
use crate::routes::Context;

/// `GET`: the text of an error code, whatever the code is.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let code = context.request.query.get("code").unwrap_or_default();
    let known = ErrorCode::ALL.iter().find(|known| known.code() == code);
    let text = match known {
        // What stood in the place of a placeholder is not known here.
        Some(known) => known.template().replace("{0}", "…").replace("{1}", "…").replace("{2}", "…"),
        None => "An undefined error occurred.".to_owned(),
    };
    let shown = known.map(|known| format!("<p><code>{}</code></p>\n", known.code())).unwrap_or_default();
    let content = format!(
        "<h1>This did not work</h1>\n<p role=\"alert\">{}</p>\n{shown}\
         <p>Go back to the application that sent you here, and try again.</p>\n",
        escape(&text)
    );
    Ok(page("Error", &content, "'none'"))
}
