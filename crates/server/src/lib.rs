//! The binary saibo: routes, configuration, command line, wiring.
//!
//! A library, so that an integration test can start a unit in its own process. A request takes this way:
//! [`http`] reads and prepares it, [`routes`] finds its handler in the one table of paths, the handler calls a
//! use case and renders what it returns, and `http` adds the headers that every answer has.

mod addresses;
pub mod app;
mod aside;
mod carrier;
pub mod cli;
mod client;
pub mod config;
mod courier;
pub mod data_dir;
pub mod http;
mod oidc;
mod outgoing;
mod pem;
mod plan;
pub mod routes;
pub mod unit;
pub mod wiring;

/// The version of the Personium API that this unit speaks, sent as `X-Personium-Version`. Clients compare it
/// as a string and want at least `1.7.1`.
pub const PERSONIUM_VERSION: &str = "1.8.4";
