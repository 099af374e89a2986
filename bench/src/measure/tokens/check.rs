//! Checks of access tokens on one core: from the `Authorization` header to who asks and which roles they have.
//!
//! The one measurement that is not of a process: over HTTP a check is lost in what a request costs. It is the core's
//! use case, on a Cell on disk, as the program has it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use rustix::time::{ClockId, clock_gettime};
use saibo_core::access::{Credentials, authenticate};
use saibo_core::settings::{Authentication, Limits, Secret, run_here};
use saibo_core::token::Transcell;
use saibo_core::{Cell, Settings, Subject, Unit, clock};
use saibo_model::document::Link;
use saibo_model::url::{CellAddressing, UnitUrl};
use saibo_model::{Document, EntitySet, Id, Kind};
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_oauth::{Claims, KeyRing, Token, TokenKind};
use saibo_saml::{Anchors, Bergshamra, UnitKey};
use saibo_store::{StoreExt as _, WriteTx};
use saibo_store_sqlite::{Options, SqliteBackend};
use serde_json::json;

use super::Course;
use crate::report::Target;
use crate::{Result, figures};

/// Accounts whose tokens are shown in turns: some, and more than a unit remembers.
const SOME: usize = 1000;
const ACCOUNTS: usize = 6000;

/// Roles, and how many of them each Account has.
const ROLES: usize = 20;
const EACH: usize = 3;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let folder = course.ground.path("tokens");
    std::fs::create_dir(&folder)?;
    let unit = unit(&folder)?;
    let now = clock::now();
    unit.found_cell("cell", None, now)?;
    let cell = unit.cell("cell")?;
    furnish(&cell)?;
    let headers = (0..ACCOUNTS).map(|at| bearer(&unit, &cell, at, now)).collect::<Result<Vec<_>>>()?;
    let time = Duration::from_secs(course.options.sizes.seconds()) / 2;
    for (what, headers, target) in [
        ("checks, one core", headers.get(..SOME).unwrap_or_default(), Some(Target::AtLeast(200_000.0))),
        ("checks that look roles up", headers.as_slice(), None),
    ] {
        check_for(&unit, &cell, headers, time / 5)?;
        let (count, cpu) = check_for(&unit, &cell, headers, time)?;
        let each = cpu.as_secs_f64() * 1e6 / count.max(1) as f64;
        let from = format!("{each:.1} µs each; {} Accounts with {EACH} roles", headers.len());
        course.report.add("tokens", what, (figures::rate(count, cpu), "/s"), target, from);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Checks tokens for so long; how many, and the processor's time that it took.
fn check_for(unit: &Unit, cell: &Cell, headers: &[String], time: Duration) -> Result<(u64, Duration)> {
    let (began, cpu_before, now) = (Instant::now(), thread_cpu(), clock::now());
    let mut count = 0;
    while began.elapsed() < time {
        for header in headers {
            let credentials = Credentials { authorization: Some(header), ..Credentials::default() };
            let access = authenticate(unit, Some(cell), credentials, now)?;
            if !matches!(access.subject, Subject::Resident(_)) || access.roles.len() != EACH {
                return Err(format!("a token was not accepted: {access:?}").into());
            }
            count += 1;
        }
    }
    Ok((count, thread_cpu().saturating_sub(cpu_before)))
}

fn thread_cpu() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or_default())
}

fn unit(folder: &Path) -> Result<Unit> {
    let backend =
        SqliteBackend::open(folder, Options { open_cells: NonZeroUsize::MIN, ..Options::default() })
            .map_err(saibo_model::Error::from)?;
    let settings = Settings {
        unit_url: UnitUrl::parse("http://localhost:9998/", CellAddressing::Path)?,
        master_token: Secret::new("the master token".to_owned()),
        unit_user_issuers: Vec::new(),
        relay_html_url: None,
        limits: Limits {
            dav_children: 1024,
            dav_depth: 50,
            links_per_entity: 150_000,
            jobs: 1,
            uploads: 1,
            password_checks: 1,
            deliveries: 1,
            schedule_apart: Duration::ZERO,
        },
        passwords: PasswordHasher::new(HashAlgorithm::Argon2id),
        run_aside: run_here,
        authentication: Authentication::default(),
        replaced_kept_for: Duration::ZERO,
        uploads_kept_for: Duration::ZERO,
        checkpoint_each: u64::MAX,
        program: "saibo-bench",
    };
    let key = UnitKey::generate("localhost", clock::now(), 1)?;
    let transcell = Transcell::new(key, Anchors::new(), Bergshamra)?;
    let signing_key = SigningKey::from_bytes(&[1; 32]);
    Ok(Unit::new(Arc::new(backend), settings, KeyRing::new([1; 32], 0), signing_key, transcell))
}

fn furnish(cell: &Cell) -> Result<()> {
    cell.store().write(|tx| {
        let roles = (0..ROLES).map(|at| put(tx, Kind::Role, &format!("role-{at}")));
        let roles = roles.collect::<saibo_model::Result<Vec<i64>>>()?;
        for at in 0..ACCOUNTS {
            let account = put(tx, Kind::Account, &name(at))?;
            for role in roles.iter().cycle().skip(at).take(EACH) {
                let link = Link { first: account, second: *role, to_one: false, published: 0, updated: 0 };
                tx.put_link(&link)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn put(tx: &mut dyn WriteTx, kind: Kind, name: &str) -> saibo_model::Result<i64> {
    let mut document = Document {
        seq: 0,
        id: Id::random(),
        set: EntitySet::control(kind),
        key: name.to_owned(),
        parent: None,
        peer: None,
        version: 1,
        published: 0,
        updated: 0,
        body: json!({ "Name": name }).to_string(),
        hidden: None,
        extra: None,
    };
    tx.put_document(&mut document)?;
    Ok(document.seq)
}

fn name(at: usize) -> String {
    format!("account-{at}")
}

fn bearer(unit: &Unit, cell: &Cell, at: usize, now: i64) -> Result<String> {
    let claims = Claims {
        issuer: cell.url().to_owned(),
        subject: name(at),
        issued_at: now,
        lifetime: 3600,
        scopes: vec!["root".to_owned()],
        ..Claims::default()
    };
    Ok(format!("Bearer {}", Token::seal(TokenKind::ResidentAccess, &claims, &unit.keys())?))
}
