//! There and back: a Cell that has everything, at full size, goes into the same Cell, into a new one and into another
//! unit, and comes back. Each time, an export has the very content root of the first one.
//!
//! A content root hashes every document, link, property and content. The Cell's own id is in it, so what came out of
//! another Cell is imported into the first one again, and compared there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use saibo_archive::{Limits, SnapshotReader};
use serde_json::json;

use super::Course;
use crate::client::{Client, Job};
use crate::report::Target;
use crate::snapshots::{entities, files};
use crate::{Result, figures, ground, note};

/// The Cell, another one, and one of another unit.
const CELL: &str = "whole";
const COPY: &str = "copy";
const FAR: &str = "far";

/// Data folders of the unit and of another.
const DATA: &str = "round-unit";
const OTHER: &str = "round-other-unit";

/// Of each: Accounts, Roles with links to them, messages, rules, folders with an ACL.
const OF_EACH: u64 = 200;

/// A file for so many entities.
const ENTITIES_A_FILE: u64 = 10;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let entities = course.options.sizes.entities();
    let count = entities / ENTITIES_A_FILE;
    let (unit, client) = course.start(DATA)?;
    let bytes = fill(course, &client, &unit.url, entities, count)?;
    let (other, there) = course.start(OTHER)?;
    there.create_cell(FAR)?;
    client.create_cell(COPY)?;

    let first = course.ground.path("first.zip");
    ground::settle();
    let began = Instant::now();
    client.run(Job::Export, CELL, "first")?;
    let export = began.elapsed();
    client.download(CELL, "first", &first)?;
    let root = root(&first)?;
    let began = Instant::now();
    verify(&first)?;
    let verified = began.elapsed();
    let length = fs::metadata(&first)?.len();

    let mut same = Vec::new();
    let mut import = Duration::MAX;
    // Into the same.
    let began = Instant::now();
    client.run(Job::Import, CELL, "first")?;
    import = import.min(began.elapsed());
    same.push(("into the same Cell", again(course, &client, "same")? == root));
    client.delete_snapshot(CELL, "first")?;
    // Into others, and what comes out of those into the first.
    for (name, to, cell) in [("through a new Cell", &client, COPY), ("through another unit", &there, FAR)] {
        note(&format!("  {name}"));
        to.upload(cell, "came", &first)?;
        ground::settle();
        let began = Instant::now();
        to.run(Job::Import, cell, "came")?;
        import = import.min(began.elapsed());
        to.delete_snapshot(cell, "came")?;
        to.run(Job::Export, cell, "went")?;
        let path = course.ground.path("went.zip");
        to.download(cell, "went", &path)?;
        to.delete_snapshot(cell, "went")?;
        client.upload(CELL, "back", &path)?;
        fs::remove_file(path)?;
        client.run(Job::Import, CELL, "back")?;
        client.delete_snapshot(CELL, "back")?;
        same.push((name, again(course, &client, "back")? == root));
    }
    let folder = live_folder(&course.ground.path(DATA))?;
    other.stop()?;
    unit.stop()?;
    let copies = Copies::of(course, &folder)?;
    for name in [DATA, OTHER, "first.zip"] {
        course.ground.remove(name)?;
    }

    let report = &mut course.report;
    let size = format!(
        "{} entities, {} files of {:.0} MiB, {OF_EACH} each of Accounts, Roles, links, messages, rules, ACLs",
        figures::count(entities as f64),
        figures::count(count as f64),
        figures::mib(bytes)
    );
    let rooted = same.iter().filter(|(_, same)| *same).count();
    let told = same
        .iter()
        .map(|(name, same)| format!("{name}: {}", if *same { "same root" } else { "ANOTHER ROOT" }));
    let from = format!("{size}; {}", told.collect::<Vec<_>>().join(", "));
    report.add("round trip", "the same", (rooted as f64, "of 3"), Some(Target::AtLeast(3.0)), from);
    let from = format!("a snapshot of {:.0} MiB, read back and checked", figures::mib(length));
    report.add("round trip", "export", (export.as_secs_f64(), "s"), None, from);
    report.add("round trip", "verify", (verified.as_secs_f64(), "s"), None, "every hash of it".to_owned());
    report.add("round trip", "import", (import.as_secs_f64(), "s"), None, "the fastest of three".to_owned());
    for (what, taken) in copies.0 {
        let (value, from) = match taken {
            Some((time, bytes)) => (time.as_secs_f64(), format!("{:.0} MiB", figures::mib(bytes))),
            None => (f64::NAN, "there is no such program here".to_owned()),
        };
        report.add("round trip", what, (value, "s"), None, from);
    }
    Ok(())
}

/// Makes the Cell; bytes of its files.
fn fill(course: &Course<'_>, client: &Client, url: &str, entities: u64, count: u64) -> Result<u64> {
    note("  entities and files are written into snapshots and imported");
    client.create_cell(CELL)?;
    let path = course.ground.path("part.zip");
    entities::write(&path, entities)?;
    client.upload(CELL, "entities", &path)?;
    client.run(Job::Import, CELL, "entities")?;
    client.delete_snapshot(CELL, "entities")?;
    let bytes = files::write_small(&path, count)?;
    client.upload(CELL, "files", &path)?;
    client.run_as(Job::Import, CELL, "files", &json!({ "Name": "files", "Mode": "merge" }))?;
    client.delete_snapshot(CELL, "files")?;
    fs::remove_file(&path)?;
    for n in 0..OF_EACH {
        let (account, role) = (format!("person{n}"), format!("role{n}"));
        client.create_account(CELL, &account, "password1")?;
        client.json("POST", &format!("{CELL}/__ctl/Role"), &json!({ "Name": role }), 201)?;
        let uri = json!({ "uri": format!("{url}{CELL}/__ctl/Role('{role}')") });
        client.json("POST", &format!("{CELL}/__ctl/Account('{account}')/$links/_Role"), &uri, 204)?;
        let rule = json!({ "Name": format!("rule{n}"), "EventType": "x", "Action": "log" });
        client.json("POST", &format!("{CELL}/__ctl/Rule"), &rule, 201)?;
        let message = json!({
            "To": format!("{url}{CELL}/"), "Type": "message", "Title": format!("message {n}"), "Body": "…",
        });
        client.json("POST", &format!("{CELL}/__message/send"), &message, 201)?;
        let folder = format!("{CELL}/__/private{n}");
        client.mkcol(&folder)?;
        client.put(&format!("{folder}/note.txt"), "text/plain", account.as_bytes())?;
        let acl = format!(
            "<D:acl xmlns:D='DAV:' xml:base='{url}{CELL}/__role/__/'><D:ace><D:principal><D:href>{role}</D:href>\
             </D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>"
        );
        client.acl(&folder, &acl)?;
    }
    Ok(bytes)
}

/// Exports the Cell once more; the content root.
fn again(course: &Course<'_>, client: &Client, name: &str) -> Result<String> {
    client.run(Job::Export, CELL, name)?;
    let path = course.ground.path("again.zip");
    client.download(CELL, name, &path)?;
    client.delete_snapshot(CELL, name)?;
    let root = root(&path)?;
    fs::remove_file(path)?;
    Ok(root)
}

fn root(path: &Path) -> Result<String> {
    let reader = SnapshotReader::open(File::open(path)?, Limits::default())?;
    Ok(reader.manifest()?.ok_or("a snapshot without a manifest")?.root)
}

fn verify(path: &Path) -> Result<()> {
    let reader = SnapshotReader::open(File::open(path)?, Limits::default())?;
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(()))?;
    if report.is_intact() {
        Ok(())
    } else {
        Err(format!("a snapshot is not intact: {:?}", report.findings).into())
    }
}

/// The folder with the largest database: that of the Cell's live generation, as each import made another.
fn live_folder(data: &Path) -> Result<PathBuf> {
    let mut latest = None;
    let mut waiting = vec![data.join("cells")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("blobs") {
                waiting.push(path);
            } else if path.ends_with("cell.db") {
                let changed = fs::metadata(&path)?.modified()?;
                let is_later = latest.as_ref().is_none_or(|(at, _)| changed > *at);
                if is_later {
                    latest = path.parent().map(|folder| (changed, folder.to_owned()));
                }
            }
        }
    }
    Ok(latest.ok_or("there is no Cell in the data folder")?.1)
}

/// What other programs take for the same folder, while nothing else uses it, and how many bytes come out.
struct Copies(Vec<(&'static str, Option<(Duration, u64)>)>);

impl Copies {
    fn of(course: &Course<'_>, folder: &Path) -> Result<Self> {
        let target = course.ground.path("other-copy");
        let (from, to) = (folder.display().to_string(), target.display().to_string());
        let backup = format!(".backup '{to}'");
        let database = folder.join("cell.db").display().to_string();
        let all: [(&'static str, &str, Vec<&str>); 3] = [
            ("cp -r, sync", "cp", vec!["-r", "--reflink=never", &from, &to]),
            ("zip -r, sync", "zip", vec!["-q", "-r", &to, &from]),
            ("sqlite3 .backup, sync: the database alone", "sqlite3", vec![&database, &backup]),
        ];
        let mut taken = Vec::new();
        for (what, program, arguments) in all {
            ground::settle();
            let began = Instant::now();
            let ran = Command::new(program).args(arguments).stdout(Stdio::null()).status();
            ground::settle();
            let time = began.elapsed();
            let made = [target.clone(), target.with_extension("zip")].into_iter().find(|path| path.exists());
            match (ran, made) {
                (Ok(status), Some(made)) if status.success() => {
                    taken.push((what, Some((time, size(&made)?))))
                }
                (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => taken.push((what, None)),
                (ran, _) => return Err(format!("{program} ends with {ran:?}").into()),
            }
            course.ground.remove("other-copy")?;
            course.ground.remove("other-copy.zip")?;
        }
        Ok(Self(taken))
    }
}

/// Bytes of a file, or of all in a folder.
fn size(path: &Path) -> Result<u64> {
    if path.is_file() {
        return Ok(fs::metadata(path)?.len());
    }
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        sum += size(&entry?.path())?;
    }
    Ok(sum)
}
