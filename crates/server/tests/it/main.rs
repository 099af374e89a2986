//! What a unit does, seen from outside: one binary, a module a subject.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in what tests share

mod arrows;
mod authentication;
mod boxes;
mod cli;
mod cli_cell;
mod cli_demo;
mod cli_dry_run;
mod cli_interrupt;
mod cli_snapshot;
mod cli_upload;
mod config;
mod cors;
mod data_dir;
mod encryption;
mod endpoints;
mod errors;
mod incremental;
mod jobs;
mod jobs_over;
mod limits;
mod messages;
mod oidc;
mod overrides;
mod portability;
mod process;
mod readme;
mod relocation;
mod relocation_resumed;
mod relocation_schedules;
mod request_key;
mod routes;
mod schedules;
mod sealed;
mod selective;
mod support;
mod swap;
mod two_units;
mod uploads;
mod uploads_used;
mod urls;
