//! Takes messages to Cells of other units, over http and https.
//!
//! Where to is chosen by whoever may send messages in a Cell, and by the lists of a Relation. So that the unit cannot
//! be made to ask servers that only it can reach, a host counts by the addresses that it has at that moment: those of
//! this machine and of private networks are refused, unless the operator says otherwise. No redirect is followed, no
//! proxy asked, and of an answer only its status is told, and the message of an error in the API's form.

use std::time::Duration;

use saibo_core::message::{Courier, Parcel, Receipt};
use saibo_model::url::is_http_url;
use saibo_model::{Error, ErrorCode, Result};
use serde_json::Value;
use ureq::Agent;

use crate::{addresses, outgoing};

/// How long one destination may take, from looking its host up to the last byte of its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const MAX_ANSWER: u64 = 16 * 1024;

/// How many characters of an error's message are kept.
const MAX_REASON: usize = 256;

/// Delivers by `POST`.
#[derive(Debug)]
pub(crate) struct HttpCourier {
    agent: Agent,
}

impl HttpCourier {
    /// One that reaches public addresses, or all.
    pub(crate) fn new(to_private: bool) -> Self {
        let config = outgoing::of_unit(PATIENCE).proxy(None).build();
        Self { agent: addresses::agent(config, to_private) }
    }
}

impl Courier for HttpCourier {
    fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt> {
        let undelivered = |cause| Error::from(ErrorCode::MessageConnection).because(cause);
        if !is_http_url(parcel.url) {
            return Err(ErrorCode::MessageConnection.into());
        }
        let sent = self
            .agent
            .post(parcel.url)
            .header("Authorization", format!("Bearer {}", parcel.token))
            .header("Accept", "application/json")
            .content_type("application/json")
            .send(parcel.body);
        let mut answer = sent.map_err(undelivered)?;
        let status = answer.status().as_u16();
        let moved_to =
            answer.headers().get("location").filter(|_| status == 308).and_then(|location| {
                location.to_str().ok()?.strip_suffix("__message/port").map(str::to_owned)
            });
        let reason = match status {
            201 => String::new(),
            // What it is of no use to say is not worth an error.
            _ => answer
                .body_mut()
                .with_config()
                .limit(MAX_ANSWER)
                .read_to_string()
                .map(|text| reason(&text))
                .unwrap_or_default(),
        };
        Ok(Receipt { status, reason, moved_to })
    }
}

/// The message of an error in the API's form.
fn reason(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    answer["message"]["value"].as_str().unwrap_or_default().chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request, and gives it back.
    fn answering(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/__message/port", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"{}") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, served)
    }

    fn deliver(url: &str, to_private: bool) -> Result<Receipt> {
        HttpCourier::new(to_private).deliver(&Parcel { url, token: "T", body: "{}" })
    }

    #[test]
    fn what_is_sent_and_what_is_told() {
        for (answer, expected) in [
            ("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", (201, "")),
            (
                "HTTP/1.1 400 No\r\nContent-Length: 44\r\n\r\n{\"code\":\"x\",\"message\":{\"value\":\"not so.\"}}  ",
                (400, "not so."),
            ),
            ("HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\nsecret", (500, "")),
            // Whoever is asked has nobody else asked.
            ("HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", (307, "")),
        ] {
            let (url, served) = answering(answer);
            let receipt = deliver(&url, true).unwrap();
            assert_eq!((receipt.status, receipt.reason.as_str()), expected);
            let request = served.join().unwrap().to_ascii_lowercase();
            assert!(request.starts_with("post /__message/port http/1.1\r\n"), "{request}");
            assert!(request.contains("authorization: bearer t\r\n"), "{request}");
        }
    }

    #[test]
    fn who_is_not_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"] {
            let refused = deliver(&format!("http://{host}:{port}/__message/port"), false).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::MessageConnection, "{host}");
        }
        for url in ["ftp://x/", "personium-localunit:/c/__message/port", "file:///etc/passwd"] {
            assert_eq!(deliver(url, true).unwrap_err().code(), ErrorCode::MessageConnection, "{url}");
        }
        assert!(listener.accept().is_err(), "nobody came");
    }
}
