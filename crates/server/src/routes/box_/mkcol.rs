//! MKCOL of a collection (API page 306).

use saibo_core::dav::{self, Made};
use saibo_model::Result;

use super::{Context, Place, body};
use crate::http::Response;

pub(super) async fn mkcol(mut context: Context, place: Place) -> Result<Response> {
    let body = body(&mut context).await?;
    let made = context.blocking(move |_| dav::mkcol(&place.request, &body)).await?;
    Ok(match made {
        Made::Created(etag) => Response::empty(201).header("etag", &etag.to_string()),
        Made::Refused(refusal) => Response::xml(403, refusal.to_xml()),
    })
}
