//! PUT, GET and DELETE of files.

use saibo_core::dav::{self, Put};
use saibo_dav::header::ETag;
use saibo_model::ErrorCode;

use super::{Tree, code, get, put};

/// More than is kept inside the store.
fn large(byte: u8) -> Vec<u8> {
    vec![byte; 100_000]
}

#[test]
fn written_and_read_back() {
    let tree = Tree::new();
    for bytes in [&b""[..], b"hello", &large(7)] {
        assert_eq!(tree.delete("box/file", None).err(), tree.get("box/file").err());
        let put = tree.put("box/file", bytes);
        assert!(put.created);
        assert_eq!(put.etag.version, 1);
        assert_eq!(tree.get("box/file").unwrap(), bytes);
        tree.delete("box/file", None).unwrap();
        assert_eq!(tree.get("box/file"), Err(ErrorCode::ResourceNotFound));
    }
}

#[test]
fn what_is_replaced_leaves_nothing_behind() {
    let tree = Tree::new();
    tree.put("box/a", &large(1));
    tree.put("box/b", &large(1));
    assert_eq!(tree.blobs(), 1);
    assert!(!tree.put("box/a", &large(2)).created);
    assert_eq!(tree.blobs(), 2);
    tree.put("box/b", b"small");
    assert_eq!(tree.blobs(), 1);
    tree.delete("box/a", None).unwrap();
    assert_eq!(tree.blobs(), 0);
    assert_eq!(tree.get("box/b").unwrap(), b"small");
}

#[test]
fn ranges_and_conditions() {
    let tree = Tree::new();
    let etag = tree.put("box/file", &large(3)).etag.to_string();
    let short = tree.put("box/short", b"0123456789").etag.to_string();
    let cases = [
        ("box/short", None, Some("bytes=2-4"), Ok(b"234".to_vec())),
        ("box/short", None, Some("bytes=-3"), Ok(b"789".to_vec())),
        ("box/short", None, Some("bytes=8-"), Ok(b"89".to_vec())),
        ("box/short", None, Some("bytes=10-"), Err(ErrorCode::RangeNotSatisfiable)),
        ("box/short", None, Some("bytes=0-1,3-4"), Err(ErrorCode::NotImplemented)),
        ("box/short", None, Some("lines=0-1"), Ok(b"0123456789".to_vec())),
        ("box/short", Some(short.as_str()), Some("bytes=0-1"), Ok(b"not modified".to_vec())),
        ("box/short", Some("*"), None, Ok(b"0123456789".to_vec())),
        ("box/file", None, Some("bytes=99998-"), Ok(vec![3, 3])),
        ("box/file", Some(etag.as_str()), None, Ok(b"not modified".to_vec())),
    ];
    for (path, if_none_match, range, expected) in cases {
        let got = get(tree.request(&tree.master(), path), if_none_match, range);
        assert_eq!(got, expected, "{path} {if_none_match:?} {range:?}");
    }
}

#[test]
fn if_match_guards_what_exists() {
    let tree = Tree::new();
    let first = tree.put("box/file", b"1").etag;
    let again = |if_match: &str| put(tree.request(&tree.master(), "box/file"), b"2", Some(if_match));
    assert_eq!(again("\"9-9\""), Err(ErrorCode::ResourceEtagMismatch));
    let Put { etag, created } = again(&first.to_string()).unwrap();
    assert!(!created && etag.version == 2 && etag.updated > first.updated);
    assert_eq!(again(&first.to_string()), Err(ErrorCode::ResourceEtagMismatch));
    assert_eq!(again("*").unwrap().etag.version, 3);
    let delete = |etag: ETag| {
        dav::delete(&tree.request(&tree.master(), "box/file"), Some(&etag.to_string()), None).map_err(code)
    };
    assert_eq!(delete(etag), Err(ErrorCode::ResourceEtagMismatch));
    let etag = again("*").unwrap().etag;
    delete(etag).unwrap();
    assert!(put(tree.request(&tree.master(), "box/file"), b"", Some("*")).unwrap().created);
}

#[test]
fn where_no_file_can_be() {
    let tree = Tree::new();
    tree.put("box/file", b"");
    tree.mkcol("box/col", "");
    tree.mkcol("box/odata", "<p:odata/>");
    tree.mkcol("box/service", "<p:service/>");
    tree.put("box/service/__src/a.js", b"");
    let cases = [
        ("box", ErrorCode::MethodNotAllowed),
        ("nobox/file", ErrorCode::BoxNotFound),
        ("box/col", ErrorCode::MethodNotAllowed),
        ("box/odata", ErrorCode::MethodNotAllowed),
        ("box/odata/file", ErrorCode::MethodNotAllowed),
        ("box/service", ErrorCode::MethodNotAllowed),
        ("box/service/file", ErrorCode::MethodNotAllowed),
        ("box/service/__src", ErrorCode::MethodNotAllowed),
        ("box/service/__src/no/a.js", ErrorCode::ParentNotFound),
        ("box/service/__src/a.js/a.js", ErrorCode::ParentNotFound),
        ("box/no/file", ErrorCode::ParentNotFound),
        ("box/file/file", ErrorCode::ParentNotFound),
        ("box/a b", ErrorCode::ResourceNameInvalid),
        ("box/a:b", ErrorCode::ResourceNameInvalid),
        ("box/..", ErrorCode::ResourceNameInvalid),
    ];
    for (path, expected) in cases {
        assert_eq!(put(tree.request(&tree.master(), path), b"", None), Err(expected), "{path}");
    }
}

#[test]
fn an_upload_is_checked_again_when_it_is_stored() {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    let request = tree.request(&tree.master(), "box/col/file");
    let mut upload = dav::Upload::begin(request, None, None, None).unwrap();
    upload.write(&large(1)).unwrap();
    tree.delete("box/col", None).unwrap();
    assert_eq!(upload.commit().map_err(code), Err(ErrorCode::ParentNotFound));
}

#[test]
fn a_file_can_be_read_while_it_is_replaced() {
    let tree = Tree::new();
    tree.put("box/file", &large(1));
    let request = tree.request(&tree.master(), "box/file");
    let resolved = dav::resolve_for_get(&request).unwrap();
    tree.put("box/file", &large(2));
    let dav::Got::File(mut file) = dav::get(&request, resolved, None, None).unwrap() else {
        panic!("a file")
    };
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file.content, &mut bytes).unwrap();
    assert_eq!(bytes, large(1));
}
