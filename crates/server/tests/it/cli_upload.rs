//! `saibo cell import` over connections that break.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cli::{AUTHORIZATION, found, noise, saibo, text};
use crate::support::{Answer, Running};

/// After so many bytes from a client a connection breaks, or hangs.
const ENOUGH: usize = 600_000;

/// Length of what is sent, at least.
const LENGTH: usize = 2_000_000;

/// What a proxy does to connections on which much is sent, and how much was sent in all.
#[derive(Default)]
struct Weather {
    /// So many break.
    breaks: AtomicUsize,
    /// They hang.
    hangs: AtomicBool,
    sent: AtomicUsize,
}

/// Passes connections on to a unit, as the weather is.
async fn proxy(listener: TcpListener, to: std::net::SocketAddr, weather: Arc<Weather>) {
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let weather = weather.clone();
        tokio::spawn(async move {
            let mut unit = TcpStream::connect(to).await.unwrap();
            let (mut asked, mut answered, mut passed) = (vec![0; 65536], vec![0; 65536], 0);
            loop {
                tokio::select! {
                    read = client.read(&mut asked) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(read) => {
                            passed += read;
                            weather.sent.fetch_add(read, Ordering::SeqCst);
                            let _ = unit.write_all(&asked[..read]).await;
                            if passed > ENOUGH {
                                let one_less = |left: usize| left.checked_sub(1);
                                if weather.breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                                    return;
                                }
                                while weather.hangs.load(Ordering::SeqCst) {
                                    tokio::time::sleep(Duration::from_millis(10)).await;
                                }
                            }
                        }
                    },
                    read = unit.read(&mut answered) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(read) => {
                            let _ = client.write_all(&answered[..read]).await;
                        }
                    },
                }
            }
        });
    }
}

/// A unit behind a proxy, with a Cell and a snapshot of it.
struct Scene {
    running: Running,
    folder: tempfile::TempDir,
    url: String,
}

impl Scene {
    async fn new(weather: &Arc<Weather>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let running = Running::start(|config| config.unit.url = Some(url.parse().unwrap())).await;
        tokio::spawn(proxy(listener, running.unit.address(), weather.clone()));
        found(&running, "alice");
        found(&running, "bob");
        let scene = Self { running, folder: tempfile::tempdir().unwrap(), url };
        let put =
            scene.send("PUT", "/alice/__/photo.jpg", ("Content-Type", "image/jpeg"), &noise(LENGTH)).await;
        assert_eq!(put.status, 201, "{put:?}");
        let file = scene.file();
        let export = ["cell", "export", "--unit", &scene.url, "--cell", "alice", "--out", text(&file)];
        assert_eq!(saibo(export).code, 0);
        scene
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("alice.zip")
    }

    async fn send(&self, method: &str, path: &str, header: (&str, &str), body: &[u8]) -> Answer {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        self.running.send(method, path, &[AUTHORIZATION, ("Host", host), header], body).await
    }

    async fn assert_imported(&self) {
        let photo = self.send("GET", "/bob/__/photo.jpg", ("Accept", "*/*"), b"").await;
        assert_eq!(photo.status, 200);
        assert!(photo.body == noise(LENGTH));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_connections_that_broke() {
    let weather = Arc::new(Weather::default());
    let scene = Scene::new(&weather).await;
    weather.breaks.store(2, Ordering::SeqCst);
    weather.sent.store(0, Ordering::SeqCst);
    let file = scene.file();
    let done = saibo(["cell", "import", "--unit", &scene.url, "--cell", "bob", text(&file)]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(weather.breaks.load(Ordering::SeqCst), 0, "they broke");
    let sent = weather.sent.load(Ordering::SeqCst);
    assert!((LENGTH..LENGTH + ENOUGH).contains(&sent), "{sent}: not much was sent twice");
    scene.assert_imported().await;
    let names: Vec<_> =
        std::fs::read_dir(scene.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["alice.zip"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_cut_off_goes_on_with_the_next() {
    cut_off_and_gone_on_with(&[], "alice.zip").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_snapshot_is_gone_on_with_too() {
    cut_off_and_gone_on_with(&["--passphrase-file"], "alice.zip.age").await;
}

/// With `encrypted`, the option that takes the file of a passphrase.
async fn cut_off_and_gone_on_with(encrypted: &[&str], name: &str) {
    let weather = Arc::new(Weather::default());
    let scene = Scene::new(&weather).await;
    let words = scene.folder.path().join("words.txt");
    std::fs::write(&words, "correct horse\n").unwrap();
    let file = scene.folder.path().join(name);
    let mut options: Vec<&str> = encrypted.to_vec();
    if !encrypted.is_empty() {
        options.push(text(&words));
        let export = ["cell", "export", "--unit", &scene.url, "--cell", "alice", "--out", text(&file)];
        let made = saibo(export.into_iter().chain(options.iter().copied()));
        assert_eq!(made.code, 0, "{made:?}");
    }
    weather.hangs.store(true, Ordering::SeqCst);
    weather.sent.store(0, Ordering::SeqCst);
    let mut arguments = vec!["cell", "import", "--unit", &scene.url, "--cell", "bob", text(&file)];
    arguments.append(&mut options);
    let mut cut_off = Command::new(env!("CARGO_BIN_EXE_saibo"))
        .args(&arguments)
        .env("SAIBO_TOKEN", "token")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..1000 {
        if weather.sent.load(Ordering::SeqCst) > ENOUGH {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cut_off.kill().unwrap();
    cut_off.wait().unwrap();
    weather.hangs.store(false, Ordering::SeqCst);
    weather.sent.store(0, Ordering::SeqCst);
    let done = saibo(arguments);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains("Going on"), "{}", done.err);
    let sent = weather.sent.load(Ordering::SeqCst);
    assert!(sent < 1_600_000, "{sent}: the unit had the beginning");
    scene.assert_imported().await;
}
