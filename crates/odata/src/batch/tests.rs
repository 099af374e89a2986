use proptest::prelude::*;
use saibo_model::{ErrorCode, Result};

use super::*;

const TYPE: &str = "multipart/mixed; boundary=b";

fn single(line: &str) -> String {
    format!(
        "--b\nContent-Type: application/http\nContent-Transfer-Encoding:binary\n\n{line}\nHost: host\n\n--b--"
    )
}

fn change(line: &str) -> String {
    format!(
        "--b\nContent-Type: multipart/mixed; boundary=c\nContent-Length: 995\n\n--c\nContent-Type: \
         application/http\n\n{line} HTTP/1.1\nHost:\nContent-Type: application/json\n\n{{\"a\":1}}\n\n--c--\n\n--b--\n"
    )
}

fn parsed(body: &str) -> Result<Vec<Part>> {
    parse(TYPE, body.as_bytes())
}

fn code(body: &str) -> ErrorCode {
    parsed(body).unwrap_err().code()
}

#[test]
fn a_changeset_and_a_request() {
    for body in [change("POST Supplier"), change("POST Supplier").replace('\n', "\r\n")] {
        let parts = parsed(&body).unwrap();
        let [Part::Changeset { boundary, requests }] = parts.as_slice() else { panic!("{parts:?}") };
        assert_eq!(boundary, "c");
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].method, Method::Post);
        assert_eq!(requests[0].resource, Resource::EntitySet { set: "Supplier".into() });
        assert_eq!(requests[0].header("content-type"), Some("application/json"));
        assert_eq!(requests[0].body.trim(), "{\"a\":1}");
    }
    let parts = parsed(&single("GET Sales?$top=5&$orderby=a+desc")).unwrap();
    assert_eq!(parts[0].requests()[0].query, "$top=5&$orderby=a+desc");
    assert_eq!(parsed(&format!("\r\n{}", single("GET Sales?$top=5&$orderby=a+desc"))).unwrap(), parts);
    assert!(parse("multipart/mixed; charset=utf-8; Boundary=\"b\"", single("GET Sales").as_bytes()).is_ok());
}

#[test]
fn requests_that_a_batch_may_have() {
    for line in [
        "GET Sales",
        "GET Sales('a')",
        "PUT Sales('a')",
        "DELETE Sales('a')",
        "POST Sales('a')/_Product",
        "GET Sales('a')/_Product",
        "POST Sales('a')/$links/_Product",
        "DELETE Sales('a')/$links/_Product('b')",
    ] {
        assert!(parsed(&change(line)).is_ok(), "{line}");
    }
    for line in [
        "POST Sales('a')",
        "POST Sales('srcKey')/",
        "PUT Sales",
        "DELETE Sales",
        "GET Sales(1)",
        "GET Sales('a')/x",
        "GET Sales('a')/_Product?$top=1",
        "GET $metadata",
        "GET $batch",
        "POST",
    ] {
        assert_eq!(code(&change(line)), ErrorCode::BatchPath, "{line}");
    }
    for line in ["MERGE Sales('a')", "PATCH Sales('a')", "HEAD Sales", "get Sales"] {
        assert_eq!(code(&change(line)), ErrorCode::BatchMethod, "{line}");
    }
}

#[test]
fn bodies_that_are_none() {
    let good = single("GET Sales");
    for body in ["", "x", "--b\n", "--b--", &good.replace("--b--", ""), &format!("x\n{good}")] {
        assert_eq!(code(body), ErrorCode::BatchParse, "{body:?}");
    }
    assert_eq!(parse("multipart/mixed", good.as_bytes()).unwrap_err().code(), ErrorCode::BatchParse);
    assert_eq!(parse(TYPE, b"--b\n\xff\n--b--").unwrap_err().code(), ErrorCode::BatchParse);
    assert_eq!(code(&good.replace("Content-Type", "Content-Kind")), ErrorCode::BatchHeader);
    assert_eq!(code(&good.replace("application/http", "text/plain")), ErrorCode::BatchHeader);
    assert_eq!(code(&change("POST A").replace("; boundary=c", "")), ErrorCode::BatchHeader);
    let nested = change("POST A").replace("Content-Type: application/http", TYPE);
    assert_eq!(
        code(&nested.replace(TYPE, &format!("Content-Type: {TYPE}"))),
        ErrorCode::BatchNestedChangeset
    );
}

#[test]
fn limits() {
    let request = "--b\nContent-Type: application/http\n\nGET Sales?$top=";
    let many = |count: usize, top: u64| {
        let requests: String = (0..count).map(|_| format!("{request}{top}\n\n")).collect();
        parsed(&format!("{requests}--b--"))
    };
    assert_eq!(many(1000, 10).unwrap().len(), 1000);
    assert_eq!(many(1001, 0).unwrap_err().code(), ErrorCode::BatchTooManyRequests);
    assert_eq!(many(2, 5001).unwrap_err().code(), ErrorCode::BatchTopLimit);
    // Not valid, and so left to the request itself.
    assert!(many(2, 10_001).is_ok());
}

#[test]
fn the_answer_as_recorded() {
    let error = Answer {
        status: 400,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "{\"code\":\"PR400-OD-0036\"}".into(),
    };
    let deleted = Answer {
        status: 204,
        headers: vec![("DataServiceVersion".into(), "2.0".into())],
        body: String::new(),
    };
    let mut batch = Batch::new("b");
    batch.single(&error);
    batch.changeset("c", [&deleted]);
    assert_eq!(batch.content_type(), TYPE);
    assert_eq!(
        batch.finish(),
        "--b\nContent-Type: application/http\n\nHTTP/1.1 400 \nContent-Type: \
         application/json\n\n{\"code\":\"PR400-OD-0036\"}\n\n--b\nContent-Type: multipart/mixed; \
         boundary=c\n\n--c\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\nHTTP/1.1 204 No \
         Content\nDataServiceVersion: 2.0\n\n\n\n--c--\n\n--b--"
    );
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(TYPE, &body);
    }

    #[test]
    fn no_likely_body_panics(lines in proptest::collection::vec(
        prop_oneof![
            Just("--b"), Just("--b--"), Just("--c"), Just("--c--"), Just(""), Just("GET A?$top=1"),
            Just("Content-Type: application/http"), Just("Content-Type: multipart/mixed; boundary=c"), Just("POST A('"),
        ], 0..20)) {
        let _ = parsed(&lines.join("\n"));
    }
}
