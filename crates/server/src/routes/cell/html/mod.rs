//! The few pages that a unit shows to people itself. They have no script, load nothing, and can be framed by
//! nobody (Content Security Policy Level 3).

pub(in crate::routes) mod error;
mod form;
mod page;

pub(super) use form::login_form;
pub(super) use page::private;
