//! Writing the answer to a batch. Lines end in LF, as the API's clients expect.

use std::fmt::Write as _;

/// The answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: String,
}

/// The answer to a batch, part by part.
#[derive(Debug)]
pub struct Batch {
    out: String,
    boundary: String,
}

impl Batch {
    /// The answer with the boundary of the request.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        Self { out: String::new(), boundary: boundary.to_owned() }
    }

    /// Adds the answer to a request on its own.
    pub fn single(&mut self, answer: &Answer) {
        let _ = write!(self.out, "--{}\nContent-Type: application/http\n\n", self.boundary);
        self.answer(answer);
    }

    /// Adds the answers to a changeset.
    pub fn changeset<'a>(&mut self, boundary: &str, answers: impl IntoIterator<Item = &'a Answer>) {
        let _ =
            write!(self.out, "--{}\nContent-Type: multipart/mixed; boundary={boundary}\n\n", self.boundary);
        for answer in answers {
            let _ = write!(
                self.out,
                "--{boundary}\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\n"
            );
            self.answer(answer);
        }
        let _ = write!(self.out, "--{boundary}--\n\n");
    }

    fn answer(&mut self, answer: &Answer) {
        let reason = match answer.status {
            200 => "OK",
            201 => "Created",
            204 => "No Content",
            _ => "",
        };
        let _ = writeln!(self.out, "HTTP/1.1 {} {reason}", answer.status);
        for (name, value) in &answer.headers {
            let _ = writeln!(self.out, "{name}: {value}");
        }
        let _ = write!(self.out, "\n{}\n\n", answer.body);
    }

    /// The media type of the answer, with its boundary.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/mixed; boundary={}", self.boundary)
    }

    /// The body of the answer.
    #[must_use]
    pub fn finish(mut self) -> String {
        let _ = write!(self.out, "--{}--", self.boundary);
        self.out
    }
}
