//! The sections `[unit]`, `[cell]` and `[log]`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Secret, UnitUrl};

/// `[unit]`: the unit as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnitConfig {
    /// The unit's URL as clients see it. Without one it follows from `listen`.
    pub url: Option<UnitUrl>,
    /// The address and port to listen on. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Whether a Cell's URL is `{unit}{cell}/` (true) or `{cell}.{unit}` (false).
    ///
    /// The reference says false. Here it is true, for a host name a Cell needs DNS with a wildcard and, for
    /// https, a certificate with one: what a unit that someone has just started does not have.
    pub path_based_cell_url: bool,
    /// The folder of everything that the unit keeps.
    pub data: PathBuf,
    /// The token that may do everything. Without one a random token is made at the first start and kept in
    /// the file `master-token` of the data folder.
    pub master_token: Option<Secret>,
    /// The Cells whose Accounts are unit users, as `https://…/` or `personium-localunit:/…/`.
    pub unit_user_issuers: Vec<String>,
    /// Files with the certificates (`unit.crt`) of other units whose Cells are believed when they say who
    /// somebody is. Those of this unit always are.
    pub trusted_certificates: Vec<PathBuf>,
    /// Whether certificates that one of these signed with SHA-1 are believed, as units of the reference may
    /// have. It can be forged by whoever gets certificates from the same signer.
    pub trust_sha1_certificates: bool,
    /// Whether the contents of files are encrypted on disk from now on. Those that are there stay as they are, and
    /// readable either way.
    pub encrypt_contents: bool,
    /// Whether messages are taken to hosts with addresses of this machine or of private networks. Those who may
    /// send messages in a Cell could otherwise have the unit ask servers that only it can reach. Cells of this unit
    /// are reached either way.
    pub messages_to_private_addresses: bool,
    /// Whether Cells are moved to units with such addresses, and come from there. Those who may export a Cell could
    /// otherwise have the unit ask such servers.
    pub moves_to_private_addresses: bool,
    /// From which addresses the headers `X-Forwarded-*` are believed. Anyone else could claim any address and
    /// so pass an Account's `IPAddressRange`; the reference believes everyone.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for UnitConfig {
    fn default() -> Self {
        Self {
            url: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9998)),
            path_based_cell_url: true,
            data: PathBuf::from("saibo-data"),
            master_token: None,
            unit_user_issuers: Vec::new(),
            trusted_certificates: Vec::new(),
            trust_sha1_certificates: false,
            encrypt_contents: false,
            messages_to_private_addresses: false,
            moves_to_private_addresses: false,
            trusted_proxies: vec![
                IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
                IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ],
        }
    }
}

/// `[cell]`: defaults of Cells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CellConfig {
    /// The page that a Cell's URL shows where the Cell has no property `relayhtmlurl` (API page 296).
    pub relay_html_url: Option<String>,
    /// How new passwords are hashed: `argon2id`, or `scrypt` where personium-core must be able to check the
    /// passwords of Cells that it imports.
    pub password_hash: PasswordHash,
    /// How long what an import replaced can be brought back, in hours.
    pub replaced_kept_hours: u64,
    /// How long an upload of a snapshot that broke off can be gone on with, in hours.
    pub uploads_kept_hours: u64,
}

impl Default for CellConfig {
    fn default() -> Self {
        Self {
            relay_html_url: None,
            password_hash: PasswordHash::Argon2id,
            replaced_kept_hours: 24,
            uploads_kept_hours: 24,
        }
    }
}

/// See [`CellConfig::password_hash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordHash {
    /// Argon2id (RFC 9106).
    Argon2id,
    /// scrypt (RFC 7914).
    Scrypt,
}

/// `[log]`: the program's log, which goes to the standard error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// What is logged: a level, or directives such as `info,saibo_server=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: a JSON object a line.
    Json,
}
