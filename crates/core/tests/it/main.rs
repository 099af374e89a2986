//! Use cases of the core on a real backend in a temporary folder, in one binary.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in what tests share

mod counted;
mod dav;
mod entities;
mod golden;
mod hooked;
mod message;
mod objects;
mod portability;
mod portability_crash;
mod portability_dry;
mod portability_dry_time;
mod portability_incremental;
mod portability_modes;
mod portability_resumed;
mod portability_resumed_imports;
mod portability_sealed;
mod portability_selective;
mod portability_swap;
mod readable;
mod readable_combined;
mod schedules;
mod schedules_crash;
mod snapshots_needed;
mod support;
mod token;
mod uploads;
