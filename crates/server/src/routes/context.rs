//! What a handler gets.

use std::sync::Arc;

use saibo_core::Unit;
use saibo_model::{ErrorCode, Result};

use super::Route;
use crate::app::App;
use crate::http::{Request, Segment};

/// A request on its route, and the unit.
#[derive(Debug)]
pub struct Context {
    /// The unit.
    pub app: Arc<App>,
    /// The request.
    pub request: Request,
    /// The route that was found.
    pub route: &'static Route,
    /// What a guard has found out and the handler need not look up again.
    pub found: http::Extensions,
    pub(super) parameters: Vec<(&'static str, usize)>,
    pub(super) rest: usize,
}

impl Context {
    /// The segment that a `{name}` of the pattern stands for.
    #[must_use]
    pub fn segment(&self, name: &str) -> Option<&Segment> {
        let (_, index) = self.parameters.iter().find(|(known, _)| *known == name)?;
        self.request.path.get(*index)
    }

    /// The same, decoded; empty if the pattern has no such name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.segment(name).map(|segment| segment.text.as_str()).unwrap_or_default()
    }

    /// The segments that `{rest}` stands for; none if the pattern has no such end.
    #[must_use]
    pub fn rest(&self) -> &[Segment] {
        self.request.path.get(self.rest..).unwrap_or_default()
    }

    /// The name of the Cell; empty where the path has none.
    #[must_use]
    pub fn cell(&self) -> &str {
        self.parameter("cell")
    }

    /// The URL of the Cell, which ends with a slash.
    #[must_use]
    pub fn cell_url(&self) -> String {
        self.app.cell_url(self.cell())
    }

    /// Runs a use case off the async threads: it may wait for a disk, or compute for long.
    ///
    /// # Errors
    /// The use case's.
    pub async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Unit>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let unit = self.app.unit.clone();
        let done = tokio::task::spawn_blocking(move || work(&unit)).await;
        done.map_err(|panicked| saibo_model::Error::from(ErrorCode::Unknown).because(panicked))?
    }

    /// Waits for the end of a moment in which a Cell's store is replaced.
    ///
    /// # Errors
    /// None of its own.
    pub async fn after_swap(&self) -> Result<()> {
        let name = self.cell().to_owned();
        self.blocking(move |unit| {
            unit.wait_for_swap(&name);
            Ok(())
        })
        .await
    }
}
