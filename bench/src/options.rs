//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measure a unit: the program `saibo`, built with `cargo build --release`, over HTTP, on a temporary folder.
#[derive(Debug, Parser)]
#[command(name = "saibo-bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
    /// Measure this only; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<Name>,
    /// Write the figures into a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Folder to make the temporary folder in: its disk is what is measured [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// What the unit logs, into a file
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    pub(crate) log: String,
}

/// How much of everything.
#[derive(Debug, Args)]
pub(crate) struct Sizes {
    /// Small sizes, to see whether all works: what comes out says little
    #[arg(long)]
    quick: bool,
    /// Entities of the big Cell [default: 1000000, or 20000 if quick]
    #[arg(long, value_name = "N")]
    entities: Option<u64>,
    /// Files that are exported and imported, in MiB [default: 2048, or 64 if quick]
    #[arg(long, value_name = "N")]
    files_mib: Option<u64>,
    /// Cells on disk at the start [default: 10000, or 200 if quick]
    #[arg(long, value_name = "N")]
    cells: Option<u64>,
    /// The long upload, in MiB [default: 4096, or 64 if quick]
    #[arg(long, value_name = "N")]
    upload_mib: Option<u64>,
    /// Roles of a Cell [default: 100000, or 10000 if quick]
    #[arg(long, value_name = "N")]
    roles: Option<u64>,
    /// How long each stretch of requests lasts [default: 10, or 2 if quick]
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
}

impl Sizes {
    /// Entities of the big Cell.
    pub(crate) fn entities(&self) -> u64 {
        self.entities.unwrap_or(if self.quick { 20_000 } else { 1_000_000 }).max(100)
    }

    /// Files, in MiB.
    pub(crate) fn files_mib(&self) -> u64 {
        self.files_mib.unwrap_or(if self.quick { 64 } else { 2048 }).max(8)
    }

    /// Cells at the start.
    pub(crate) fn cells(&self) -> u64 {
        self.cells.unwrap_or(if self.quick { 200 } else { 10_000 }).max(1)
    }

    /// The long upload, in MiB.
    pub(crate) fn upload_mib(&self) -> u64 {
        self.upload_mib.unwrap_or(if self.quick { 64 } else { 4096 }).max(1)
    }

    /// Roles of the Cell with more of them; whole thousands, so that a tenth has whole pages too.
    pub(crate) fn roles(&self) -> u64 {
        self.roles.unwrap_or(if self.quick { 10_000 } else { 100_000 }).max(1000) / 1000 * 1000
    }

    /// Length of a stretch of requests, in seconds.
    pub(crate) fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.quick { 2 } else { 10 }).max(1)
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Export and import of entities
    Entities,
    /// Export and import of files
    Files,
    /// Start with many Cells on disk, and idle memory
    Startup,
    /// Writes during an export
    Writes,
    /// Exports of a tenth, and of the whole
    Growth,
    /// Exports of what was changed, where that is one in a hundred
    Incremental,
    /// A Cell with everything, there and back, beside cp, zip and sqlite3
    Roundtrip,
    /// An export and an import that are killed half way
    Resumed,
    /// A Cell that moves to another unit while it is written to
    Moving,
    /// GET of a file and of an entity, compared with a bare handler
    Get,
    /// One entity set, large and small, and beside SQLite alone
    Sets,
    /// Checks of tokens, and GETs in a flood of logins
    Tokens,
    /// Files of two sizes read and written over WebDAV, a long list, a long upload
    Dav,
    /// Lists of Roles by a filter, among many and among ten times as many
    Roles,
}

impl Options {
    /// Whether something is to be measured.
    pub(crate) fn wants(&self, name: Name) -> bool {
        self.only.is_empty() || self.only.contains(&name)
    }
}

/// What the program runs itself for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve answers from a file, from a bare handler
    #[command(hide = true)]
    Bare {
        /// The answers
        answers: PathBuf,
    },
    /// Serve the files of a folder, from a bare handler
    #[command(hide = true)]
    BareFiles {
        /// The folder
        folder: PathBuf,
    },
}
