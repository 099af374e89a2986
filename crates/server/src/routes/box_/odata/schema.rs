//! The service document, `$metadata`, and the schema objects below it (API pages 316 to 363 and 371).

use saibo_model::{ErrorCode, Result};
use saibo_odata::uri::Resource;

use super::{Context, Place};
use crate::http::Response;

/// Serves what describes the collection.
pub(super) async fn serve(_context: Context, _place: Place, _resource: Resource) -> Result<Response> {
    Err(ErrorCode::NotImplemented.with(["the schema of OData collections"]))
}
