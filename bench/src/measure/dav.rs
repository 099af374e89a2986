//! Files over WebDAV: read beside a bare handler that reads the same files, written beside `cp` with a sync; a list of
//! a thousand; an upload that is longer than memory would be. And what it costs to encrypt contents.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Course;
use super::entities::MEMORY;
use crate::client::Client;
use crate::figures::MIB;
use crate::load::{self, Load, Script};
use crate::report::Target;
use crate::snapshots::noise::Noise;
use crate::unit::{Server, Unit};
use crate::{Result, figures, ground, note, process, wire};

const CELL: &str = "dav";
const DATA: &str = "dav-unit";
const ENCRYPTED: &str = "dav-encrypted-unit";

/// How often those that are compared take turns.
const TURNS: u32 = 3;

/// Members of the list, at most as many as a collection has by default.
const MEMBERS: usize = 1000;

/// A size of file, and how it is asked for.
struct Size {
    name: &'static str,
    bytes: usize,
    clients: usize,
    /// What is to be reached, of the bare handler.
    target: f64,
    get: &'static str,
    put: &'static str,
    encrypted_get: &'static str,
    encrypted_put: &'static str,
}

const SIZES: [Size; 2] = [
    Size {
        name: "small.bin",
        bytes: 4096,
        clients: 16,
        target: 0.5,
        get: "GET of 4 KiB",
        put: "PUT of 4 KiB",
        encrypted_get: "GET of 4 KiB, encrypted",
        encrypted_put: "PUT of 4 KiB, encrypted",
    },
    Size {
        name: "large.bin",
        bytes: 64 << 20,
        clients: 2,
        target: 0.9,
        get: "GET of 64 MiB",
        put: "PUT of 64 MiB",
        encrypted_get: "GET of 64 MiB, encrypted",
        encrypted_put: "PUT of 64 MiB, encrypted",
    },
];

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let folder = course.ground.path("bare-files");
    fs::create_dir_all(&folder)?;
    let (unit, client) = course.start(DATA)?;
    client.create_cell(CELL)?;
    for size in &SIZES {
        get(course, &unit, &client, size, &folder)?;
        put(course, &unit, size, &folder)?;
    }
    list(course, &unit, &client)?;

    let (encrypted, client) = course.start_with(ENCRYPTED, &[("SAIBO_UNIT__ENCRYPT_CONTENTS", "true")])?;
    client.create_cell(CELL)?;
    for size in &SIZES {
        client.put(&path_of(size.name), "image/jpeg", &bytes_of(size, 0))?;
        compare_encrypted(course, &unit, &encrypted, size)?;
    }
    encrypted.stop()?;
    unit.stop()?;
    course.ground.remove(ENCRYPTED)?;
    course.ground.remove("bare-files")?;

    // Of a unit that was just started: one that has worked keeps memory, in which more of it would not show.
    let (unit, _client) = course.start(DATA)?;
    upload(course, &unit)?;
    unit.stop()?;
    course.ground.remove(DATA)
}

/// What encrypting costs: both units take turns, for the machine is not the same from one minute to the next.
fn compare_encrypted(course: &mut Course<'_>, plain: &Unit, encrypted: &Unit, size: &Size) -> Result<()> {
    let seconds = course.options.sizes.seconds();
    let turn = Duration::from_secs(seconds) / TURNS;
    let mut loads: [[(Load, Duration); 2]; 2] = Default::default();
    for _ in 0..TURNS {
        for (unit, [got, put]) in [plain, encrypted].into_iter().zip(&mut loads) {
            let start = process::cpu(unit.pid())?;
            got.0.add(load::run_for(unit.address(), size.clients, turn, &asking(unit, size))?.unrefused()?);
            let middle = process::cpu(unit.pid())?;
            ground::settle();
            put.0.add(sends(unit, size, seconds.div_ceil(u64::from(TURNS)))?);
            got.1 += middle.saturating_sub(start);
            put.1 += process::cpu(unit.pid())?.saturating_sub(middle);
        }
    }
    loads.iter_mut().flatten().for_each(|(load, _cpu)| load.sort());
    let shown = |(load, cpu): &(Load, Duration)| {
        let each = cpu.as_secs_f64() * 1e6 / load.micros.len().max(1) as f64;
        format!("{}, {each:.0} µs of processors each", shown(load, size))
    };
    let [plain, encrypted] = &loads;
    for ((what, ours), without) in
        [size.encrypted_get, size.encrypted_put].into_iter().zip(encrypted).zip(plain)
    {
        let from = format!("{}; without: {}", shown(ours), shown(without));
        course.report.add("dav", what, (ours.0.rate() / without.0.rate(), "× plain"), None, from);
    }
    Ok(())
}

fn path_of(name: &str) -> String {
    format!("{CELL}/__/{name}")
}

/// A content of that size, another for each number.
fn bytes_of(size: &Size, number: u64) -> Vec<u8> {
    let mut bytes = vec![0; size.bytes];
    Noise::of(number).fill(&mut bytes);
    bytes
}

fn shown(load: &Load, size: &Size) -> String {
    let mib = load.rate() * size.bytes as f64 / MIB as f64;
    format!("{:.1}/s ({mib:.0} MiB/s), p99 {}", load.rate(), figures::time(load.quantile(0.99)))
}

/// Reads a file in turns from the unit and from a bare handler.
fn get(course: &mut Course<'_>, unit: &Unit, client: &Client, size: &Size, folder: &Path) -> Result<()> {
    let bytes = bytes_of(size, 0);
    client.put(&path_of(size.name), "image/jpeg", &bytes)?;
    fs::write(folder.join(size.name), &bytes)?;
    ground::settle();
    let bare = Server::start(Command::new(std::env::current_exe()?).arg("bare-files").arg(folder))?;
    let turn = Duration::from_secs(course.options.sizes.seconds()) / TURNS;
    let (mut ours, mut theirs) = (Load::default(), Load::default());
    let bare_asking = asking_at(format!("/{}", size.name), "Host: localhost\r\n".to_owned());
    let of = [(unit.address(), asking(unit, size)), (bare.address, bare_asking)];
    for (address, script) in &of {
        load::run_for(*address, size.clients, turn / 2, script)?.unrefused()?;
    }
    for _ in 0..TURNS {
        for ((address, script), load) in of.iter().zip([&mut ours, &mut theirs]) {
            load.add(load::run_for(*address, size.clients, turn, script)?.unrefused()?);
        }
    }
    drop(bare);
    ours.sort();
    theirs.sort();
    let from = format!("{}; bare: {}", shown(&ours, size), shown(&theirs, size));
    let ratio = ours.rate() / theirs.rate();
    course.report.add("dav", size.get, (ratio, "× bare"), Some(Target::AtLeast(size.target)), from);
    Ok(())
}

fn asking(unit: &Unit, size: &Size) -> Script {
    asking_at(format!("/{}", path_of(size.name)), unit.headers(""))
}

fn asking_at(path: String, headers: String) -> Script {
    let mut request = Vec::new();
    wire::request(&mut request, "GET", &path, &headers, b"");
    load::repeating(request)
}

/// Writes files in turns to the unit and beside it, each on disk before the next.
fn put(course: &mut Course<'_>, unit: &Unit, size: &Size, folder: &Path) -> Result<()> {
    let seconds = course.options.sizes.seconds();
    let (mut ours, mut theirs) = (Load::default(), Load::default());
    for _ in 0..TURNS {
        ground::settle();
        ours.add(sends(unit, size, seconds.div_ceil(u64::from(TURNS)))?);
        ground::settle();
        theirs.add(copies(size, seconds.div_ceil(u64::from(TURNS)), folder)?);
    }
    ours.sort();
    theirs.sort();
    let ratio = ours.rate() / theirs.rate();
    let from = format!("{}; cp: {}", shown(&ours, size), shown(&theirs, size));
    course.report.add("dav", size.put, (ratio, "× cp"), None, from);
    Ok(())
}

/// One client that writes a file again and again, with other bytes each time.
fn sends(unit: &Unit, size: &Size, seconds: u64) -> Result<Load> {
    let mut request = Vec::new();
    let headers = unit.headers("Content-Type: image/jpeg\r\n");
    wire::request(&mut request, "PUT", &format!("/{}", path_of("written.bin")), &headers, &bytes_of(size, 1));
    let start = request.len() - size.bytes;
    let script: Script = Arc::new(move |_client, sent, out: &mut Vec<u8>| {
        if out.len() != request.len() {
            out.clone_from(&request);
        }
        if let Some(first) = out.get_mut(start..start + 8) {
            first.copy_from_slice(&sent.to_le_bytes());
        }
        true
    });
    load::run_for(unit.address(), 1, Duration::from_secs(seconds), &script)?.unrefused()
}

/// Copies a file as `cp` does, again and again, and syncs the copy.
fn copies(size: &Size, seconds: u64, folder: &Path) -> Result<Load> {
    let (from, to) = (folder.join(size.name), folder.join("copy.bin"));
    let mut buffer = vec![0; (256 << 10).min(size.bytes)];
    let (began, mut load) = (Instant::now(), Load::default());
    while began.elapsed() < Duration::from_secs(seconds) {
        let one = Instant::now();
        let (mut source, mut copy) = (File::open(&from)?, File::create(&to)?);
        loop {
            let read = source.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            copy.write_all(bytes)?;
        }
        copy.sync_all()?;
        load.micros.push(u32::try_from(one.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    load.time = began.elapsed();
    fs::remove_file(to)?;
    Ok(load)
}

/// Lists a collection of many files.
fn list(course: &mut Course<'_>, unit: &Unit, client: &Client) -> Result<()> {
    note(&format!("  {MEMBERS} files are made"));
    client.mkcol(&path_of("many"))?;
    for n in 0..MEMBERS {
        client.put(&path_of(&format!("many/file-{n}.txt")), "text/plain", n.to_string().as_bytes())?;
    }
    let mut request = Vec::new();
    wire::request(
        &mut request,
        "PROPFIND",
        &format!("/{}", path_of("many")),
        &unit.headers("Depth: 1\r\n"),
        b"",
    );
    let script = load::repeating(request);
    let time = Duration::from_secs(course.options.sizes.seconds());
    let mut load = load::run_for(unit.address(), 1, time, &script)?.unrefused()?;
    load.sort();
    let ms = |part| load.quantile(part).as_secs_f64() * 1000.0;
    for (what, part) in [("PROPFIND of 1,000, p50", 0.5), ("PROPFIND of 1,000, p99", 0.99)] {
        let from = format!("{:.0}/s, one client", load.rate());
        course.report.add("dav", what, (ms(part), "ms"), Some(Target::AtMost(10.0)), from);
    }
    Ok(())
}

/// Sends a file that is longer than the memory that may be used for it.
fn upload(course: &mut Course<'_>, unit: &Unit) -> Result<()> {
    let mib = course.options.sizes.upload_mib();
    note(&format!("  a file of {mib} MiB is sent"));
    ground::settle();
    process::reset_peak(unit.pid())?;
    let before = unit.idle;
    let began = Instant::now();
    send_long(unit.address(), &unit.headers("Content-Type: image/jpeg\r\n"), mib)?;
    let time = began.elapsed();
    let added = process::peak(unit.pid())?.saturating_sub(before);
    let rate = figures::rate(mib, time);
    let from = format!("{mib} MiB at {rate:.0} MiB/s, at most, above {:.1} MiB idle", figures::mib(before));
    course.report.add(
        "dav",
        "upload, memory",
        (figures::mib(added), "MiB"),
        Some(Target::AtMost(MEMORY)),
        from,
    );
    Ok(())
}

fn send_long(address: SocketAddr, headers: &str, mib: u64) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let mut head = Vec::new();
    let headers = format!("{headers}Content-Length: {}\r\nConnection: close\r\n", mib * MIB);
    wire::request(&mut head, "PUT", &format!("/{}", path_of("long.bin")), &headers, b"");
    stream.write_all(&head)?;
    let mut piece = vec![0; MIB as usize];
    Noise::of(7).fill(&mut piece);
    for n in 0..mib {
        if let Some(first) = piece.first_chunk_mut::<8>() {
            *first = n.to_le_bytes();
        }
        stream.write_all(&piece)?;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 201 ") {
        Ok(())
    } else {
        Err(format!("the upload is answered with {answer}").into())
    }
}
