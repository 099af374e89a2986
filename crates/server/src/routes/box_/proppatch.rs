//! PROPPATCH in a Box (API pages 308 and 313).

use saibo_core::dav;
use saibo_model::Result;

use super::propfind::multistatus;
use super::{Context, Place, body};
use crate::http::Response;

pub(super) async fn proppatch(mut context: Context, place: Place) -> Result<Response> {
    let body = body(&mut context).await?;
    context.blocking(move |_| Ok(multistatus(&dav::proppatch(&place.request, &body)?))).await
}
