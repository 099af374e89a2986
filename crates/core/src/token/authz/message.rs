//! What the authorization endpoint says to people.
//!
//! These texts go into the header `Location`, where clients of the API have always found them word for word as
//! `error_description`. So they are part of the interface, unlike the texts of other errors.

/// What an answer of the authorization endpoint tells: the code and the text of `error_description`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The code, `PS-AU-0004` or that of an API error.
    pub code: &'static str,
    /// The text.
    pub text: &'static str,
}

const fn message(code: &'static str, text: &'static str) -> Message {
    Message { code, text }
}

pub(super) const LOG_IN: Message = message("PS-AU-0002", "Please log in.");
pub(super) const NAME_OR_PASSWORD_MISSING: Message =
    message("PS-AU-0003", "Please input user ID and password.");
pub(super) const LOGIN_FAILED: Message = message("PS-AU-0004", "User ID or password is incorrect.");
pub(super) const SESSION_ENDED: Message =
    message("PS-AU-0005", "The session has ended. Please log in again.");
pub(super) const PASSWORD_CHANGE: Message = message("PS-AU-0006", "The password should be changed.");
pub(super) const PASSWORD_MISSING: Message = message("PS-AU-0007", "Please input password.");
pub(super) const PASSWORD_FORMAT: Message =
    message("PS-AU-0008", "A password has 6 to 32 letters, digits and characters of -_!$*=^`{|}~.@");
pub(super) const PASSWORD_CHANGE_FAILED: Message =
    message("PS-AU-0009", "The password could not be changed.");
pub(super) const RESPONSE_TYPE_UNSUPPORTED: Message = message("PR400-AZ-0001", "Unsupported response_type.");
pub(super) const RESPONSE_TYPE_INVALID: Message =
    message("PR400-AZ-0004", "Request parameter is invalid [response_type].");
pub(super) const EXPIRES_IN_INVALID: Message =
    message("PR400-AZ-0008", "Request parameter is invalid [expires_in].");
pub(super) const CHALLENGE_INVALID: Message =
    message("PR400-AU-0002", "Request parameter is invalid [code_challenge].");
pub(super) const CANCELLED: Message = message("PR401-AZ-0001", "User cancel.");
pub(super) const SERVER_ERROR: Message = message("PR500-SV-0000", "An unknown error occurred.");

impl Message {
    /// The message of a code, as a page finds it in its URL: never the text from there, which anybody could have
    /// put in.
    #[must_use]
    pub fn of_page(code: &str) -> Option<Self> {
        [
            LOG_IN,
            NAME_OR_PASSWORD_MISSING,
            LOGIN_FAILED,
            SESSION_ENDED,
            PASSWORD_CHANGE,
            PASSWORD_MISSING,
            PASSWORD_FORMAT,
            PASSWORD_CHANGE_FAILED,
        ]
        .into_iter()
        .find(|message| message.code == code)
    }
}
