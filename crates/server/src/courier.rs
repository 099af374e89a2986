//! Takes messages to Cells of other units, over http and https.
//!
//! Where to is chosen by whoever may send messages in a Cell, and by the lists of a Relation. So that the unit cannot
//! be made to ask servers that only it can reach, a host counts by the addresses that it has at that moment: those of
//! this machine and of private networks are refused, unless the operator says otherwise. No redirect is followed, no
//! proxy asked, and of an answer only its status is told, and the message of an error in the API's form.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use saibo_core::message::{Courier, Parcel, Receipt};
use saibo_model::url::is_http_url;
use saibo_model::{Error, ErrorCode, Result};
use serde_json::Value;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::outgoing;

/// How long one destination may take, from looking its host up to the last byte of its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const MAX_ANSWER: u64 = 16 * 1024;

/// How many characters of an error's message are kept.
const MAX_REASON: usize = 256;

/// Networks that are nobody else's business: this host, private and shared ones, those of a link, and what is no
/// address of one machine (RFC 6890 and the registries that it begins).
const PRIVATE: [&str; 22] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

/// Delivers by `POST`.
#[derive(Debug)]
pub(crate) struct HttpCourier {
    agent: Agent,
}

impl HttpCourier {
    /// One that reaches public addresses, or all.
    pub(crate) fn new(to_private: bool) -> Self {
        let config = outgoing::of_unit(PATIENCE).proxy(None).build();
        let resolver = Addresses { inner: DefaultResolver::default(), to_private };
        Self { agent: Agent::with_parts(config, DefaultConnector::default(), resolver) }
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
        Ok(Receipt { status, reason })
    }
}

/// The message of an error in the API's form.
fn reason(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    answer["message"]["value"].as_str().unwrap_or_default().chars().take(MAX_REASON).collect()
}

/// Looks hosts up, and leaves out the addresses that may not be asked. What is connected to is what was looked at, so a
/// name that leads elsewhere a moment later is of no use.
#[derive(Debug)]
struct Addresses {
    inner: DefaultResolver,
    to_private: bool,
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        found
            .iter()
            .filter(|address| self.to_private || is_public(address.ip()))
            .for_each(|address| allowed.push(*address));
        if allowed.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(allowed) }
    }
}

/// Whether anybody could reach an address.
fn is_public(address: IpAddr) -> bool {
    // An IPv4 address may be written as one of IPv6: as itself (RFC 4291 section 2.5.5.2), or for a gateway that
    // translates (RFC 6052 section 2.1).
    let address = match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::from([a, b, c, d])
        }
        other => other,
    };
    !PRIVATE.iter().any(|net| net.parse::<IpNet>().is_ok_and(|net| net.contains(&address)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn private_addresses() {
        for network in PRIVATE {
            network.parse::<IpNet>().unwrap();
        }
        for (address, public) in [
            ("93.184.215.14", true),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
            ("64:ff9b::5db8:d70e", true),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.0.1", false),
            ("169.254.169.254", false),
            ("100.100.100.100", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

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
