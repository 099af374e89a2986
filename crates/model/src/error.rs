//! Domain errors: what went wrong, as the API names it.

mod table;

use std::fmt;

pub use table::ErrorCode;

/// What the crates of saibo return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A domain error: a code of the API with its parameters and, for the log alone, what caused it.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    params: Vec<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    basic_accepted: bool,
}

impl Error {
    /// The code, which decides status and text.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The text for the client, in English, with the parameters put in.
    #[must_use]
    pub fn message(&self) -> String {
        let mut text = self.code.template().to_owned();
        for (i, param) in self.params.iter().enumerate() {
            text = text.replace(&format!("{{{i}}}"), param);
        }
        text
    }

    /// The parameters, as given.
    #[must_use]
    pub fn params(&self) -> &[String] {
        &self.params
    }

    /// Adds what caused it: logged, never shown to the client.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says that Basic authentication would have been accepted as well as Bearer (API page 293): a 401 offers
    /// both.
    #[must_use]
    pub fn accepting_basic(mut self, accepted: bool) -> Self {
        self.basic_accepted = accepted;
        self
    }

    /// Whether a 401 offers Basic as well as Bearer.
    #[must_use]
    pub fn is_basic_accepted(&self) -> bool {
        self.basic_accepted
    }

    /// What caused it, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self { code, params: Vec::new(), cause: None, basic_accepted: false }
    }
}

impl ErrorCode {
    /// The error of this code with the parameters of its text.
    #[must_use]
    pub fn with<P: ToString>(self, params: impl IntoIterator<Item = P>) -> Error {
        Error {
            code: self,
            params: params.into_iter().map(|p| p.to_string()).collect(),
            cause: None,
            basic_accepted: false,
        }
    }

    /// The HTTP status, which stands in the code: `PR404-DV-0003` is 404.
    #[must_use]
    pub fn status(self) -> u16 {
        self.code().get(2..5).and_then(|digits| digits.parse().ok()).unwrap_or(500)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] - {}", self.code.code(), self.message())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}
