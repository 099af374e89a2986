//! The program: how it starts, what it says and how it stops.

use std::net::SocketAddr;
use std::time::Duration;

use saibo_server::unit::Unit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Program, Running, TEST_ROUTES, send};

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_until_it_is_told_to_stop() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let program = Program::start(&mut Program::command(&data));
        let token = std::fs::canonicalize(&data).unwrap().join("master-token");
        assert!(program.welcome.contains(token.to_str().unwrap()), "{}", program.welcome);
        assert_eq!(program.welcome.matches("curl").count(), 3, "{}", program.welcome);
        let address = SocketAddr::from(([127, 0, 0, 1], program.port()));
        let host = format!("localhost:{}", program.port());
        let sent = [("Host", host.as_str()), ("X-Personium-RequestKey", "look-here")];
        assert_eq!(send(address, "GET", "/?secret=1", &sent, b"").await.status, 200);

        let second = Program::command(&data).output().unwrap();
        assert!(!second.status.success());
        let error = String::from_utf8(second.stderr).unwrap();
        assert!(error.contains("in use by another saibo process"), "{error}");

        program.signal(signal);
        let (status, log) = program.wait();
        assert!(status.success(), "{log}");
        let line = log.lines().find(|line| line.contains("look-here")).unwrap();
        for part in ["method=\"GET\"", "path=\"/\"", "status=200", "ms="] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!log.contains("secret"), "{log}");
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = saibo_server::config::Config::default();
    config.unit.listen = address;
    config.unit.data = folder.path().to_owned();
    let error = Unit::start(config).await.unwrap_err().to_string();
    assert!(error.contains(&format!("port {}", address.port())) && error.contains("in use"), "{error}");
}

#[tokio::test]
async fn requests_under_way_are_finished() {
    let running = Running::start_with(TEST_ROUTES, |_| ()).await;
    let (address, authority) = (running.unit.address(), running.authority());
    let mut idle = TcpStream::connect(address).await.unwrap();
    let requests = ["GET", "POST"].map(|method| {
        let authority = authority.clone();
        tokio::spawn(async move { send(address, method, "/cell/slow", &[("Host", &authority)], b"").await })
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(running.unit.stop().await);
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"done"[..]));
    }
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn waiting_for_requests_has_an_end() {
    let running = Running::start_with(TEST_ROUTES, |config| config.limits.shutdown_seconds = 0).await;
    let mut stream = TcpStream::connect(running.unit.address()).await.unwrap();
    let request = format!("GET /cell/slow HTTP/1.1\r\nHost: {}\r\n\r\n", running.authority());
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!running.unit.stop().await);
}

#[test]
fn it_explains_itself() {
    for (arguments, part) in [
        (&["--help"][..], "personal data store"),
        (&["serve", "--help"], "SAIBO_UNIT__MASTER_TOKEN"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_saibo")).args(arguments).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(part), "{text}");
    }
}
