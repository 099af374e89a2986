//! What a unit does, seen from outside: one binary, a module a subject.

mod config;
mod cors;
mod data_dir;
mod errors;
mod limits;
mod overrides;
mod process;
mod request_key;
mod routes;
mod support;
mod urls;
