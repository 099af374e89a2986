//! `GET {cell}`: the Cell's metadata, or the page that it shows to browsers (API pages 200 and 296).

use saibo_core::relay;
use saibo_model::{ErrorCode, Result};
use serde_json::json;

use crate::http::Response;
use crate::routes::Context;
use crate::routes::page::{self, Unshown};

/// What can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Representation {
    Html,
    Json,
    Xml,
}

/// Needs no authentication.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    match Representation::of(context.request.header("accept").unwrap_or_default()) {
        Representation::Json => Ok(metadata(&context)),
        Representation::Xml => xml(&context).await,
        Representation::Html => html(&context).await,
    }
}

fn metadata(context: &Context) -> Response {
    let app = &context.app;
    Response::json(
        200,
        &json!({
            "cell": { "name": context.cell(), "url": context.cell_url() },
            "unit": {
                "url": app.unit_url().as_str(),
                "path_based_cellurl_enabled": app.config.unit.path_based_cell_url,
            },
        }),
    )
}

/// In XML it is the Cell's id that is told.
async fn xml(context: &Context) -> Result<Response> {
    let name = context.cell().to_owned();
    let (id, url) = context
        .blocking(move |unit| unit.cell(&name).map(|cell| (cell.id().to_string(), cell.url().to_owned())))
        .await?;
    Ok(Response::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><cell xmlns=\"urn:x-personium:xmlns\"><uuid>{id}</uuid>\
             <ctl>{url}__ctl/</ctl></cell>"
        ),
    ))
}

async fn html(context: &Context) -> Result<Response> {
    let name = context.cell().to_owned();
    let url = context.blocking(move |unit| relay::page_url(unit, &unit.cell(&name)?)).await?;
    page::fetch(context, &url).await.map_err(|why| match why {
        Unshown::Unreachable => ErrorCode::PageConnection.with([url]),
        Unshown::NotHtml => ErrorCode::UnexpectedResponse.with([url.as_str(), "text/html"]),
    })
}

impl Representation {
    /// The one that `Accept` likes best. Of those that it likes as well, JSON comes before XML and XML before HTML,
    /// which is sent if none is named.
    fn of(accept: &str) -> Self {
        let mut best = (0.0, Self::Html);
        for item in accept.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let named = match parts.next() {
                Some("application/json") => Self::Json,
                Some("application/xml") => Self::Xml,
                Some("text/html") => Self::Html,
                _ => continue,
            };
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if quality > best.0 || (quality > 0.0 && quality == best.0 && named.rank() > best.1.rank()) {
                best = (quality, named);
            }
        }
        best.1
    }

    fn rank(self) -> u8 {
        match self {
            Self::Html => 0,
            Self::Xml => 1,
            Self::Json => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_accept_likes_best() {
        for (accept, expected) in [
            ("", Representation::Html),
            ("*/*", Representation::Html),
            ("application/json", Representation::Json),
            ("application/json, text/plain, */*", Representation::Json),
            ("application/xml", Representation::Xml),
            ("text/html, application/json", Representation::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Representation::Html),
            ("application/json;q=0", Representation::Html),
        ] {
            assert_eq!(Representation::of(accept), expected, "{accept}");
        }
    }
}
