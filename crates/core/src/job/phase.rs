//! What a job is at.

/// What a job is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Accepted; others are before it.
    Waiting,
    /// Copying the Cell's database, so that writers can go on.
    Copying,
    /// Looking through the archive.
    Checking,
    /// Documents and links.
    Documents,
    /// The tree of files.
    Files,
    /// The copy that people can read.
    Readable,
    /// Reading back and comparing what was written.
    Verifying,
    /// Putting what was read into a copy of the Cell.
    Merging,
    /// On the way to another unit.
    Sending,
    /// The other unit imports it.
    Importing,
    /// The Cell takes no writes, while the last of it goes to the other unit.
    HandingOver,
    /// Putting it on disk and under its name.
    Finishing,
}

impl Phase {
    pub(super) const ALL: [Phase; 12] = [
        Phase::Waiting,
        Phase::Copying,
        Phase::Checking,
        Phase::Documents,
        Phase::Files,
        Phase::Readable,
        Phase::Verifying,
        Phase::Merging,
        Phase::Sending,
        Phase::Importing,
        Phase::HandingOver,
        Phase::Finishing,
    ];

    /// As a status shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::Copying => "copying",
            Phase::Checking => "checking",
            Phase::Documents => "documents",
            Phase::Files => "files",
            Phase::Readable => "readable copy",
            Phase::Verifying => "verifying",
            Phase::Merging => "merging",
            Phase::Sending => "sending",
            Phase::Importing => "importing",
            Phase::HandingOver => "handing over",
            Phase::Finishing => "finishing",
        }
    }
}
