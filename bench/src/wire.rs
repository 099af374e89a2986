//! A connection that is kept, and as little work on top of it as HTTP/1.1 allows: on a machine with few cores, what
//! the client does is time that the server does not get.

use std::io::{Read, Write};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// Makes a request. `headers` are whole lines, `Host` among them.
pub(crate) fn request(out: &mut Vec<u8>, method: &str, path: &str, headers: &str, body: &[u8]) {
    out.clear();
    let length = body.len();
    // To memory, which does not fail.
    let _ = write!(out, "{method} {path} HTTP/1.1\r\n{headers}");
    if !body.is_empty() {
        let _ = write!(out, "Content-Length: {length}\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read last.
    buffer: Vec<u8>,
}

/// Bytes of an answer that are looked at, at a time: nobody needs to keep a long one.
const BUFFER: usize = 256 << 10;

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends a request and reads the whole answer. Its status.
    ///
    /// # Errors
    /// If the connection breaks, or the answer does not tell its length.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        let mut read = self.buffer.len();
        while read < head.whole {
            self.buffer.clear();
            self.fill().await?;
            read += self.buffer.len();
        }
        Ok(head.status)
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        Ok(())
    }
}

/// What an answer begins with.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Length of the answer, its body included.
    whole: usize,
}

impl Head {
    /// Reads it, if it has come.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
        let mut lines = text.split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let status = status.ok_or("an answer has no status")?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
        });
        let length = match length {
            Some(length) => length?,
            None if matches!(status, 204 | 304) => 0,
            None => return Err(format!("an answer of status {status} does not tell its length").into()),
        };
        Ok(Some(Self { status, whole: end + 4 + length }))
    }
}

/// Asks for a path on a connection of its own.
///
/// # Errors
/// If no answer comes, or one other than 200.
pub(crate) fn ask_once(address: SocketAddr, path: &str) -> Result<()> {
    let mut stream = std::net::TcpStream::connect(address)?;
    let mut buffer = Vec::new();
    let headers = format!("Host: localhost:{}\r\nConnection: close\r\n", address.port());
    request(&mut buffer, "GET", path, &headers, b"");
    stream.write_all(&buffer)?;
    buffer.clear();
    stream.read_to_end(&mut buffer)?;
    match Head::parse(&buffer)? {
        Some(Head { status: 200, .. }) => Ok(()),
        other => Err(format!("GET {path} is answered with {other:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_where_it_ends() {
        let head = |text: &str| Head::parse(text.as_bytes());
        assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Len").unwrap(), None);
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n".len() + 3;
        assert_eq!(
            head("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab").unwrap(),
            Some(Head { status: 200, whole })
        );
        assert_eq!(
            head("HTTP/1.1 204 No Content\r\n\r\n").unwrap(),
            Some(Head { status: 204, whole: "HTTP/1.1 204 No Content\r\n\r\n".len() })
        );
        assert!(head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head("hello\r\n\r\n").is_err());
    }

    #[test]
    fn a_body_has_its_length() {
        let mut out = Vec::new();
        request(&mut out, "PUT", "/a", "X: y\r\n", b"ab");
        assert_eq!(out, b"PUT /a HTTP/1.1\r\nX: y\r\nContent-Length: 2\r\n\r\nab");
    }
}
