//! What a stream collection serves: its queues and topics (API pages 386 to 390).

use saibo_model::{ErrorCode, Result};

use super::{Context, Place};
use crate::http::Response;

pub(super) async fn serve(_context: Context, _place: Place) -> Result<Response> {
    Err(ErrorCode::NotImplemented.with(["stream collections"]))
}
