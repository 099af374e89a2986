//! Cells: made with their data, listed to their owners, deleted with everything.

use saibo_core::odata::objects::delete_cell;
use saibo_core::{Access, access::Subject};
use saibo_model::ErrorCode as E;

use super::{Service, Which, code};

const ALICE: &str = "http://localhost:9998/admins/#alice";
const BOB: &str = "http://localhost:9998/admins/#bob";

fn as_user(mut service: Service, url: &str) -> Service {
    service.access = Access::of(Subject::UnitUser(url.to_owned()));
    service
}

#[test]
fn a_cell_belongs_to_whoever_made_it() {
    let service = as_user(Service::new(Which::Unit), ALICE);
    service.given("Cell", &[r#"{"Name":"a1"}"#, r#"{"Name":"a2"}"#]);
    assert_eq!(service.fixture.unit.cell("a1").unwrap().owner(), Some(ALICE));
    assert_eq!(service.names("Cell", "$orderby=Name"), ["a1", "a2"]);
    let service = as_user(service, BOB);
    assert!(service.list("Cell", "").unwrap().is_empty());
    let a1 = ("Cell", "'a1'");
    assert_eq!(code(service.get(a1)), Some(E::NotYours));
    assert_eq!(code(service.replace(a1, r#"{"Name":"b1"}"#)), Some(E::NotYours));
    assert_eq!(code(service.delete(a1)), Some(E::NotYours));
    let cell = service.fixture.unit.cell("a1").unwrap();
    for (subject, expected) in [
        (Subject::UnitUser(BOB.to_owned()), E::NotYours),
        (Subject::Resident("carol".to_owned()), E::UnitUserRequired),
        (Subject::Anonymous, E::AuthorizationRequired),
    ] {
        let deleted = delete_cell(&service.fixture.unit, &cell, &Access::of(subject), Some("true"));
        assert_eq!(code(deleted), Some(expected));
    }
    let service = as_user(service, ALICE);
    service.replace(a1, r#"{"Name":"a3"}"#).unwrap();
    assert_eq!(code(service.fixture.unit.cell("a1")), Some(E::CellNotFound));
    assert_eq!(service.fixture.unit.cell("a3").unwrap().owner(), Some(ALICE));
    service.delete(("Cell", "'a3'")).unwrap();
    assert_eq!(service.names("Cell", ""), ["a2"]);
}

#[test]
fn names_are_those_of_hosts() {
    let service = Service::new(Which::Unit);
    for (body, expected) in [
        (r#"{"Name":"c-1"}"#, None),
        (r#"{"Name":"c-1"}"#, Some(E::EntityAlreadyExists)),
        (r#"{"Name":"C"}"#, Some(E::FieldFormat)),
        (r#"{"Name":"c_1"}"#, Some(E::FieldFormat)),
        (r#"{"Name":"__ctl"}"#, Some(E::FieldFormat)),
        (r#"{"Name":""}"#, Some(E::FieldFormat)),
    ] {
        assert_eq!(code(service.create("Cell", body)), expected, "{body}");
    }
}

#[test]
fn deleting() {
    let service = Service::new(Which::Unit);
    let unit = &service.fixture.unit;
    let folders = || {
        let walk = std::fs::read_dir(service.fixture.folder.path().join("cells")).unwrap();
        walk.flat_map(|at| std::fs::read_dir(at.unwrap().path()).unwrap()).count()
    };
    let before = folders();
    service.given("Cell", &[r#"{"Name":"full"}"#, r#"{"Name":"empty"}"#]);
    let mut in_cell = Service::new(Which::Cell);
    in_cell.cell = unit.cell("full").unwrap();
    in_cell.given("Role", &[r#"{"Name":"r"}"#]);
    assert_eq!(code(service.delete(("Cell", "'full'"))), Some(E::HasRelatedData));
    // What was refused for a moment is written again.
    in_cell.given("Role", &[r#"{"Name":"s"}"#]);
    service.delete(("Cell", "'empty'")).unwrap();
    assert_eq!(code(service.delete(("Cell", "'empty'"))), Some(E::NoSuchEntity));
    for (header, expected) in [
        (None, Some(E::PreconditionFailed)),
        (Some("TRUE"), Some(E::PreconditionFailed)),
        (Some("true"), None),
    ] {
        let cell = unit.cell("full").unwrap();
        assert_eq!(code(delete_cell(unit, &cell, &service.access, header)), expected, "{header:?}");
    }
    assert_eq!(code(unit.cell("full")), Some(E::CellNotFound));
    assert_eq!(folders(), before, "no data is left");
    // A new one of the same name has nothing of the old one.
    service.given("Cell", &[r#"{"Name":"full"}"#]);
    in_cell.cell = unit.cell("full").unwrap();
    assert!(in_cell.list("Role", "").unwrap().is_empty());
}
