//! MKCOL and DELETE of collections and Boxes.

use saibo_core::dav::{self, BoxMetadata, Made, Served};
use saibo_model::query::{Filter, Query};
use saibo_model::{EntitySet, ErrorCode, Id, Kind};
use saibo_store::StoreExt as _;

use super::{Tree, code, document, mkcol_body};

fn mkcol(tree: &Tree, path: &str) -> Result<Made, ErrorCode> {
    dav::mkcol(&tree.request(&tree.master(), path), b"").map_err(code)
}

fn served(tree: &Tree, path: &str) -> Served {
    dav::resolve(&tree.request(&tree.master(), path)).unwrap().served
}

/// The id of a collection.
fn id_of(tree: &Tree, path: &str) -> Id {
    dav::resolve(&tree.request(&tree.master(), path)).unwrap().resource.node().unwrap().id.clone()
}

#[test]
fn kinds_decide_who_serves() {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    tree.mkcol("box/odata", "<p:odata/>");
    tree.mkcol("box/service", "<p:service/>");
    tree.mkcol("box/stream", "<p:stream/>");
    tree.put("box/col/file", b"");
    tree.put("box/service/__src/a.js", b"");
    let cases = [
        ("box", Served::Box),
        ("__", Served::Box),
        ("box/no", Served::Missing),
        ("box/no/no", Served::Missing),
        ("__/no", Served::Missing),
        ("box/col", Served::Collection),
        ("box/col/file", Served::File),
        ("box/col/file/no", Served::Missing),
        ("box/odata", Served::OData),
        ("box/odata/$metadata/EntityType", Served::InOData),
        ("box/service", Served::Service),
        ("box/service/run", Served::InService),
        ("box/service/__src", Served::Source),
        ("box/service/__src/a.js", Served::SourceFile),
        ("box/service/__src/no", Served::SourceMissing),
        ("box/service/__src/no/no", Served::SourceMissing),
        ("box/stream", Served::Stream),
        ("box/stream/topic/a", Served::InStream),
    ];
    for (path, expected) in cases {
        assert_eq!(served(&tree, path), expected, "{path}");
    }
}

#[test]
fn where_no_collection_can_be() {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    tree.mkcol("box/odata", "<p:odata/>");
    tree.mkcol("box/service", "<p:service/>");
    tree.put("box/file", b"");
    let cases = [
        ("nobox/col", ErrorCode::BoxNotFound),
        ("box", ErrorCode::MethodNotAllowed),
        ("box/col", ErrorCode::ResourceAlreadyExists),
        ("box/file", ErrorCode::MethodNotAllowed),
        ("box/odata", ErrorCode::MethodNotAllowed),
        ("box/odata/col", ErrorCode::MethodNotAllowed),
        ("box/service/__src", ErrorCode::MethodNotAllowed),
        ("box/service/__src/col", ErrorCode::ResourceAlreadyExists),
        ("box/file/col", ErrorCode::ParentNotFound),
        ("box/no/col", ErrorCode::ParentNotFound),
        ("box/a*", ErrorCode::ResourceNameInvalid),
    ];
    for (path, expected) in cases {
        assert_eq!(mkcol(&tree, path), Err(expected), "{path}");
    }
    let refused = dav::mkcol(&tree.request(&tree.master(), "box/new"), mkcol_body("<p:other/>").as_bytes());
    assert!(matches!(refused, Ok(Made::Refused(_))));
    assert_eq!(served(&tree, "box/new"), Served::Missing);
}

#[test]
fn limits() {
    let tree = Tree::new();
    let limits = tree.fixture.unit.settings().limits;
    let mut path = "box".to_owned();
    for _ in 0..limits.dav_depth {
        path.push_str("/c");
        tree.mkcol(&path, "");
    }
    assert_eq!(mkcol(&tree, &format!("{path}/c")), Err(ErrorCode::CollectionTooDeep));
    // Only collections are counted.
    tree.put(&format!("{path}/file"), b"");
    tree.mkcol("box/full", "");
    for n in 0..limits.dav_children {
        tree.put(&format!("box/full/{n}"), b"");
    }
    assert_eq!(mkcol(&tree, "box/full/more"), Err(ErrorCode::TooManyChildren));
    let more = super::put(tree.request(&tree.master(), "box/full/more"), b"", None);
    assert_eq!(more, Err(ErrorCode::TooManyChildren));
    assert!(!tree.put("box/full/0", b"again").created);
    // Neither is there room for what comes from elsewhere, but what is there may get another name.
    assert_eq!(tree.move_to("box/c", "box/full/c", "F"), Err(ErrorCode::TooManyChildren));
    tree.move_to("box/full/1", "box/full/one", "F").unwrap();
}

#[test]
fn only_empty_collections_go_without_being_asked_twice() {
    let tree = Tree::new();
    for (kind, member) in [("", "a"), ("<p:service/>", "__src/a")] {
        tree.mkcol("box/c", kind);
        tree.put(&format!("box/c/{member}"), b"");
        assert_eq!(tree.delete("box/c", None), Err(ErrorCode::HasChildren));
        assert_eq!(tree.delete("box/c", Some("false")), Err(ErrorCode::HasChildren));
        assert_eq!(tree.delete("box/c", Some("yes")), Err(ErrorCode::DavHeaderInvalid));
        tree.delete(&format!("box/c/{member}"), None).unwrap();
        tree.delete("box/c", None).unwrap();
        tree.mkcol("box/c", kind);
        tree.put(&format!("box/c/{member}"), &[0; 100_000]);
        tree.delete("box/c", Some("True")).unwrap();
        assert_eq!(tree.delete("box/c", Some("true")), Err(ErrorCode::ResourceNotFound));
    }
    tree.mkcol("box/c", "<p:stream/>");
    tree.delete("box/c", None).unwrap();
    tree.mkcol("box/c", "<p:service/>");
    assert_eq!(tree.delete("box/c/__src", Some("true")), Err(ErrorCode::MethodNotAllowed));
}

/// The kinds of all documents that are left.
fn kinds_left(tree: &Tree) -> Vec<&'static str> {
    tree.cell
        .store()
        .read(|tx| {
            let mut kinds = Vec::new();
            for kind in Kind::IN_CELL {
                tx.all_documents(kind, &mut |_| {
                    kinds.push(kind.name());
                    Ok(())
                })?;
            }
            Ok(kinds)
        })
        .unwrap()
}

/// Puts a schema and an entity into an OData collection.
fn fill(tree: &Tree, path: &str) {
    let collection = id_of(tree, path);
    let of = |kind| EntitySet::schema(kind, collection.clone());
    let entity_type = document(of(Kind::EntityType), "T", None, r#"{"Name":"T"}"#);
    let entities = EntitySet::entities(collection.clone(), entity_type.id.clone());
    let property = document(of(Kind::Property), "p", Some(&entity_type.id), r#"{"Name":"p"}"#);
    let complex_type = document(of(Kind::ComplexType), "C", None, r#"{"Name":"C"}"#);
    for each in [document(entities, "1", None, "{}"), property, complex_type, entity_type] {
        tree.put_document(each);
    }
}

#[test]
fn entities_go_with_their_collection() {
    let tree = Tree::new();
    tree.mkcol("box/c", "");
    tree.mkcol("box/c/odata", "<p:odata/>");
    tree.mkcol("box/kept", "<p:odata/>");
    fill(&tree, "box/c/odata");
    fill(&tree, "box/kept");
    assert_eq!(tree.delete("box/c/odata", None), Err(ErrorCode::HasChildren));
    tree.delete("box/c", Some("true")).unwrap();
    assert_eq!(kinds_left(&tree), ["Box", "Role", "EntityType", "ComplexType", "Property", "UserData"]);
    assert_eq!(tree.delete("box/kept", None), Err(ErrorCode::HasChildren));
    tree.delete("box/kept", Some("true")).unwrap();
    assert_eq!(kinds_left(&tree), ["Box", "Role"]);
}

fn box_id(tree: &Tree) -> Id {
    let query = Query { filter: Some(Filter::HasParent(None)), ..Query::default() };
    let mut ids = Vec::new();
    tree.cell
        .store()
        .read(|tx| {
            tx.documents(&EntitySet::control(Kind::Box), &query, &mut |found| {
                ids.push(found.id);
                Ok(())
            })
        })
        .unwrap();
    ids.pop().unwrap()
}

#[test]
fn a_box_goes_with_everything_that_belongs_to_it() {
    let tree = Tree::new();
    let id = box_id(&tree);
    for kind in [Kind::Role, Kind::Rule, Kind::ReceivedMessage, Kind::SentMessage] {
        tree.put_document(document(EntitySet::control(kind), "of box", Some(&id), "{}"));
    }
    let relation = document(EntitySet::control(Kind::Relation), "of box", Some(&id), "{}");
    tree.put_document(document(EntitySet::control(Kind::ExtRole), "http://x/", Some(&relation.id), "{}"));
    tree.put_document(relation);
    tree.put_document(document(EntitySet::control(Kind::Relation), "of no box", None, "{}"));
    tree.mkcol("box/odata", "<p:odata/>");
    fill(&tree, "box/odata");
    tree.put("box/file", &[1; 100_000]);
    let delete = |recursive| dav::delete_box(&tree.request(&tree.master(), "box"), recursive).map_err(code);
    assert_eq!(delete(None), Err(ErrorCode::PreconditionFailed));
    assert_eq!(delete(Some("false")), Err(ErrorCode::PreconditionFailed));
    delete(Some("true")).unwrap();
    assert_eq!(kinds_left(&tree), ["Role", "Relation"]);
    assert_eq!(delete(Some("true")), Err(ErrorCode::BoxNotFound));
    assert_eq!(tree.cell.store().read(|tx| tx.node_totals()).unwrap(), (1, 0, 0));
}

#[test]
fn the_main_box_can_only_be_emptied() {
    let tree = Tree::new();
    tree.put("__/file", b"");
    dav::delete_box(&tree.request(&tree.master(), "__"), Some("true")).unwrap();
    assert_eq!(tree.get("__/file"), Err(ErrorCode::ResourceNotFound));
    assert_eq!(served(&tree, "__"), Served::Box);
    dav::delete_box(&tree.request(&tree.master(), "__"), Some("true")).unwrap();
    assert_eq!(kinds_left(&tree), ["Box", "Role"]);
}

#[test]
fn metadata_of_boxes() {
    let tree = Tree::new();
    let body = r#"{"Name":"app","Schema":"personium-localunit:/app/"}"#;
    tree.put_document(document(EntitySet::control(Kind::Box), "app", None, body));
    let metadata = |path| {
        let request = tree.request(&tree.master(), path);
        dav::box_metadata(&request, &dav::resolve(&request).unwrap().resource).unwrap()
    };
    let expected = BoxMetadata {
        name: "app".to_owned(),
        url: "http://localhost:9998/cell/app/".to_owned(),
        schema: Some("http://localhost:9998/app/".to_owned()),
        installed_at: 1,
    };
    assert_eq!(metadata("app"), expected);
    assert_eq!(metadata("box").schema, None);
    assert_eq!(metadata("__").schema.as_deref(), Some("http://localhost:9998/cell/"));
}
