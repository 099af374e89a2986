//! `saibo cell export`, `import` and `undo`, against a unit in this process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use saibo_archive::{DocumentLine, LinkLine, NodeMeta, Origin, SnapshotWriter};
use saibo_model::{Kind, NodeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, noise, ran, saibo, saibo_with, text};
use crate::support::{Program, Running};

fn unit_url(running: &Running) -> String {
    format!("http://{}/", running.authority())
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_goes_out_and_into_another_and_back_again() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 200_000).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (unit_url(&running), folder.path().join("alice.zip"));
    let export = ["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)];
    let done = saibo(export);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("1 file") && done.out.contains("checked"), "{}", done.out);
    assert_eq!(names(folder.path()), ["alice.zip"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "a whole life is in it");
    assert_eq!(saibo(["snapshot", "verify", text(&file)]).code, 0);
    let readable = folder.path().join("readable.zip");
    let done =
        saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--readable", "--out", text(&readable)]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(saibo(["snapshot", "verify", text(&readable)]).code, 0);
    let shown = saibo(["snapshot", "show", text(&readable)]);
    assert!(shown.code == 0 && shown.out.contains("index.html"), "{shown:?}");
    assert!(!saibo(["snapshot", "show", text(&file)]).out.contains("index.html"));
    assert_eq!(saibo(["snapshot", "check", text(&readable)]).code, 0);
    fs::remove_file(&readable).unwrap();

    let again = saibo(export);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("--force replaces it"), "{}", again.err);

    let import = ["cell", "import", "--unit", &unit, "--cell", "bob", text(&file)];
    let without = saibo(import);
    assert_eq!(without.code, 1);
    assert!(without.err.contains("no Cell") && without.err.contains("--create"), "{}", without.err);
    let with = saibo(["cell", "import", "--unit", &unit, "--cell", "bob", "--create", text(&file)]);
    assert_eq!(with.code, 0, "{with:?}");
    let photo = running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await;
    assert_eq!((photo.status, photo.body), (200, noise(200_000)));
    // Neither has left its snapshot in the unit.
    for cell in ["alice", "bob"] {
        let path = format!("/{cell}/__snapshot");
        let list = running.send("PROPFIND", &path, &[AUTHORIZATION, ("Depth", "1")], b"").await;
        assert!(!String::from_utf8(list.body).unwrap().contains(".zip"));
    }

    let undone = saibo(["cell", "undo", "--unit", &unit, "--cell", "bob"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.status, 404);
    // What the import brought is what was replaced last.
    let again = saibo(["cell", "undo", "--unit", &unit, "--cell", "bob"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.status, 200);
    // Nothing was ever imported into this one.
    let nothing = saibo(["cell", "undo", "--unit", &unit, "--cell", "alice"]);
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(nothing.err.contains("the unit answers 4"), "{}", nothing.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_of_a_unit_with_a_host_name_a_cell() {
    let running = Running::start(|config| config.unit.path_based_cell_url = false).await;
    let host = format!("alice.{}", running.authority());
    found(&running, "alice");
    let put = running.send("PUT", "/__/a", &[AUTHORIZATION, ("Host", &host)], b"content").await;
    assert_eq!(put.status, 201, "{put:?}");
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (unit_url(&running), folder.path().join("alice.zip"));
    let done = saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains(&format!("http://{host}/ is in")), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_and_leaves_nothing() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 10).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (unit_url(&running), folder.path().join("alice.zip"));
    let wrong_token = folder.path().join("token");
    fs::write(&wrong_token, "wrong\n").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nowhere = format!("http://{closed}/");
    for (arguments, parts) in [
        (["--unit", &unit, "--cell", "alice", "--token", "wrong"], ["401", "is the token right"]),
        (["--unit", &unit, "--cell", "alice", "--token-file", text(&wrong_token)], ["401", "PR401-"]),
        (["--unit", &unit, "--cell", "alice", "--token-file", "/nowhere"], ["/nowhere", "cannot be read"]),
        (["--unit", &unit, "--cell", "nobody", "--token", "token"], ["404", "PR404-"]),
        (["--unit", &unit, "--cell", "alice", "--name", "not a name"], ["400", "PR400-"]),
        (["--unit", &nowhere, "--cell", "alice", "--token", "token"], ["refused", "does a unit run there?"]),
        (["--unit", "https://localhost/", "--cell", "alice", "--token", "t"], ["GET https://localhost/", ""]),
    ] {
        let [one, two, three, four, five, six] = arguments;
        let done = saibo(["cell", "export", "--out", text(&file), one, two, three, four, five, six]);
        assert_eq!(done.code, 1, "{done:?}");
        for part in parts {
            assert!(done.err.contains(part), "{part}: {}", done.err);
        }
        assert_eq!(names(folder.path()), ["token"], "{done:?}");
    }
    let none = saibo_with("", ["cell", "undo", "--unit", &unit, "--cell", "alice"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("token"), "{}", none.err);
    let no_name = saibo(["cell", "undo", "--unit", &unit, "--cell", "a/b"]);
    assert_eq!(no_name.code, 2);
    assert!(no_name.err.contains("no Cell has such a name"), "{}", no_name.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_no_good_is_refused_here_or_by_the_unit() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 100_000).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (unit_url(&running), folder.path().join("alice.zip"));
    assert_eq!(saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]).code, 0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let import = ["cell", "import", "--unit", &unit, "--cell", "alice", text(&file)];
    let damaged = saibo(import);
    assert_eq!(damaged.code, 1);
    assert!(
        damaged.err.contains("was not sent") && damaged.err.contains("photo.jpg/content"),
        "{}",
        damaged.err
    );

    fs::write(&file, dangling()).unwrap();
    let dangling = saibo(import);
    assert_eq!(dangling.code, 1);
    assert!(dangling.err.contains("the Cell is as it was"), "{}", dangling.err);
    assert!(dangling.err.contains("80_link.pjson") && dangling.err.contains("(PR400-"), "{}", dangling.err);
    let photo = running.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await;
    assert_eq!((photo.status, photo.body), (200, noise(100_000)));
}

/// A snapshot whose entries are all as they should be, with a link between documents that are not there.
fn dangling() -> Vec<u8> {
    let origin = Origin {
        unit_url: "https://unit.example/".to_owned(),
        cell_url: "https://unit.example/cell/".to_owned(),
        created: 1,
        tool: "test".to_owned(),
        moment: None,
        base: None,
        selection: saibo_archive::Selection::default(),
    };
    let mut writer = SnapshotWriter::new(Vec::new(), std::io::Cursor::new(Vec::new()), origin).unwrap();
    let cell = DocumentLine {
        id: "cell".into(),
        kind: Kind::Cell,
        cell: None,
        box_id: None,
        collection: None,
        entity_type: None,
        published: 1,
        updated: 1,
        fields: r#"{"Name":"cell"}"#,
        hidden: None,
        dynamic: None,
        acl: None,
        links: None,
        entity_links: None,
        unknown: Vec::new(),
    };
    writer.cell(&cell).unwrap();
    let link = LinkLine {
        id: "account-role".into(),
        cell: "cell".into(),
        box_id: None,
        collection: None,
        published: 1,
        updated: 1,
        ids: ["account".into(), "role".into()],
        types: ["Account".into(), "Role".into()],
        unknown: Vec::new(),
    };
    writer.link(&link).unwrap();
    for (path, kind) in [("", NodeKind::Cell), ("__", NodeKind::Box)] {
        let meta = NodeMeta {
            id: format!("node{path}"),
            kind,
            published: 1,
            updated: 1,
            version: 1,
            cell_status: None,
            content_type: None,
            length: None,
            encryption: None,
            acl: None,
            properties: None,
            unknown: Vec::new(),
        };
        writer.collection(path, &meta).unwrap();
    }
    writer.finish(&ed25519_dalek::SigningKey::from_bytes(&[1; 32])).unwrap().0
}

/// Passes connections on to a unit, but cuts the first answer with much in it in the middle. What was asked for with
/// `Range`, is in the log.
async fn cutting_proxy(
    listener: TcpListener,
    to: std::net::SocketAddr,
    log: tokio::sync::mpsc::UnboundedSender<String>,
) {
    let mut has_cut = false;
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut unit = TcpStream::connect(to).await.unwrap();
        let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
        let mut passed = 0;
        loop {
            tokio::select! {
                read = client.read(&mut asked) => match read {
                    Ok(count) if count > 0 => {
                        let text = String::from_utf8_lossy(&asked[..count]).to_ascii_lowercase();
                        for line in text.lines().filter(|line| line.starts_with("range:")) {
                            log.send(line.to_owned()).unwrap();
                        }
                        unit.write_all(&asked[..count]).await.unwrap();
                    }
                    _ => break,
                },
                read = unit.read(&mut answered) => match read {
                    Ok(count) if count > 0 => {
                        client.write_all(&answered[..count]).await.unwrap();
                        passed += count;
                        if passed > 300_000 && !has_cut {
                            has_cut = true;
                            break;
                        }
                    }
                    _ => break,
                },
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_download_goes_on_where_it_was() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    let at_proxy = url.parse().unwrap();
    let running = Running::start(|config| config.unit.url = Some(at_proxy)).await;
    let (log, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let proxy = tokio::spawn(cutting_proxy(listener, running.unit.address(), log));
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let here = [AUTHORIZATION, ("Host", host.as_str())];
    found(&running, "alice");
    let headers = [AUTHORIZATION, ("Host", host.as_str()), ("Content-Type", "image/jpeg")];
    assert_eq!(running.send("PUT", "/alice/__/photo.jpg", &headers, &noise(2_000_000)).await.status, 201);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alice.zip");
    let done = saibo(["cell", "export", "--unit", &url, "--cell", "alice", "--keep", "--out", text(&file)]);
    assert_eq!(done.code, 0, "{done:?}");
    let range = asked.recv().await.unwrap();
    assert!(range.starts_with("range: bytes=") && range != "range: bytes=0-", "{range}");
    assert_eq!(saibo(["snapshot", "verify", text(&file)]).code, 0);
    assert_eq!(names(folder.path()), ["alice.zip"]);

    // A command that was cut off: half of the file, and the note of what it is.
    let name = done.out.split("too, as ").nth(1).unwrap().trim().trim_end_matches(".zip").to_owned();
    let snapshot = format!("/alice/__snapshot/{name}.zip");
    let etag = running.send("GET", &snapshot, &here, b"").await.header("etag").unwrap().to_owned();
    let whole = fs::read(&file).unwrap();
    let second = folder.path().join("second.zip");
    fs::write(folder.path().join("second.zip.part"), &whole[..whole.len() / 2]).unwrap();
    let note = serde_json::json!({ "cell": format!("{url}alice/"), "name": name, "etag": etag });
    fs::write(folder.path().join("second.zip.part.json"), note.to_string()).unwrap();
    let done = saibo(["cell", "export", "--unit", &url, "--cell", "alice", "--out", text(&second)]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains(&format!("Going on with the snapshot {name}")), "{}", done.err);
    let range = asked.recv().await.unwrap();
    assert_eq!(range, format!("range: bytes={}-", whole.len() / 2));
    assert_eq!(fs::read(&second).unwrap(), whole);
    assert_eq!(names(folder.path()), ["alice.zip", "second.zip"]);
    proxy.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_export_leaves_no_file_of_the_final_name() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 9_000_000).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (unit_url(&running), folder.path().join("alice.zip"));
    let arguments = ["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)];
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_saibo"))
        .args(arguments)
        .env("SAIBO_TOKEN", "token")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while names(folder.path()).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let done = ran(child.wait_with_output().unwrap());
    assert_ne!(done.code, 0);
    assert!(!file.exists());
    let again = saibo(arguments);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(names(folder.path()), ["alice.zip"]);
}

#[test]
fn the_token_of_the_commands_is_no_setting_of_a_unit() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        Program::start(Program::command(&folder.path().join("data")).env("SAIBO_TOKEN", "for saibo cell"));
    program.signal("-TERM");
    let (status, log) = program.wait();
    assert!(status.success(), "{log}");
}
