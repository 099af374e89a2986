//! What is done for nearly every request, checking a token; and what a flood of logins costs those who do something
//! else.

mod check;
mod flood;

use super::Course;
use crate::Result;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    check::measure(course)?;
    flood::measure(course)
}
