//! Schema objects of an OData collection: what they may be, and what hinders a change.

use saibo_core::dav::Resource;
use saibo_core::odata::entities::Collection;
use saibo_model::ErrorCode as E;
use saibo_model::node::MAIN_BOX;
use saibo_odata::media::Format;
use saibo_store::StoreExt as _;

use super::{Service, Which, code};

fn shop() -> Service {
    let service = Service::new(Which::Collection);
    service.given("EntityType", &[r#"{"Name":"Item"}"#, r#"{"Name":"Order"}"#]);
    service.given("ComplexType", &[r#"{"Name":"Address"}"#, r#"{"Name":"Town"}"#]);
    service.given(
        "ComplexTypeProperty",
        &[
            r#"{"Name":"street","_ComplexType.Name":"Address","Type":"Edm.String"}"#,
            r#"{"Name":"town","_ComplexType.Name":"Address","Type":"Town"}"#,
            r#"{"Name":"name","_ComplexType.Name":"Town","Type":"Edm.String"}"#,
        ],
    );
    service
}

/// Creates an entity in the collection.
fn entity(service: &Service, set: &str, body: &str) {
    let find = |tx: &dyn saibo_store::ReadTx| {
        Resource::find(tx, &service.fixture.unit, &service.cell, MAIN_BOX, &["col".to_owned()])
    };
    let resource = service.cell.store().read(find).unwrap();
    let root = "http://localhost:9998/alice/__/col/";
    let (unit, access) = (&service.fixture.unit, &service.access);
    let collection = Collection::new(unit, &service.cell, access, &resource, root, 1).unwrap();
    collection.create(set, body.as_bytes(), Format::Json).unwrap();
}

#[test]
fn what_a_property_may_be() {
    let service = shop();
    entity(&service, "Order", r#"{"__id":"1"}"#);
    let property = |of: &str, rest: &str| {
        service.create("Property", &format!(r#"{{"Name":"p","_EntityType.Name":"{of}",{rest}}}"#))
    };
    for (of, rest, expected) in [
        ("Item", r#""Type":"Edm.Byte""#, Some(E::FieldFormat)),
        ("Item", r#""Type":"Nothing""#, Some(E::FieldFormat)),
        ("Item", r#""Type":"Edm.Int32","DefaultValue":"x""#, Some(E::FieldFormat)),
        ("Item", r#""Type":"Edm.Boolean","DefaultValue":"test""#, Some(E::FieldFormat)),
        ("Item", r#""Type":"Edm.String","CollectionKind":"Bag""#, Some(E::FieldFormat)),
        ("Nobody", r#""Type":"Edm.String""#, Some(E::NavigationKeyNotFound)),
        ("Order", r#""Type":"Edm.String","Nullable":false"#, Some(E::FieldFormat)),
        ("Order", r#""Type":"Edm.String""#, None),
        ("Item", r#""Type":"Address","Nullable":false"#, None),
        ("Item", r#""Type":"Address""#, Some(E::EntityAlreadyExists)),
    ] {
        assert_eq!(code(property(of, rest)), expected, "{of} {rest}");
    }
}

#[test]
fn what_of_a_property_may_change() {
    let service = shop();
    let number = r#"{"Name":"n","_EntityType.Name":"Item","Type":"Edm.Int32"}"#;
    service.given("Property", &[number]);
    let path = ("Property", "Name='n',_EntityType.Name='Item'");
    for (body, expected) in [
        (r#"{"Name":"n","_EntityType.Name":"Item","Type":"Edm.String"}"#, Some(E::OperationNotSupported)),
        (r#"{"Name":"n","_EntityType.Name":"Order","Type":"Edm.Int32"}"#, Some(E::OperationNotSupported)),
        (
            r#"{"Name":"n","_EntityType.Name":"Item","Type":"Edm.Int32","Nullable":false}"#,
            Some(E::OperationNotSupported),
        ),
        (r#"{"Name":"n","_EntityType.Name":"Item","Type":"Edm.Double"}"#, None),
        (r#"{"Name":"n","_EntityType.Name":"Item","Type":"Edm.Int32"}"#, Some(E::OperationNotSupported)),
        (r#"{"Name":"m","_EntityType.Name":"Item","Type":"Edm.Double"}"#, None),
    ] {
        assert_eq!(code(service.replace(path, body)), expected, "{body}");
    }
    let renamed = ("Property", "Name='m',_EntityType.Name='Item'");
    assert_eq!(code(service.merge(renamed, r#"{"Name":"n"}"#)), Some(E::MethodNotImplemented));
}

#[test]
fn what_hinders_a_deletion() {
    let service = shop();
    let address = r#"{"Name":"home","_EntityType.Name":"Item","Type":"Address"}"#;
    service.given("Property", &[address]);
    entity(&service, "Item", r#"{"__id":"1","colour":"red"}"#);
    for (path, expected) in [
        (("EntityType", "'Item'"), E::HasRelatedData),
        (("ComplexType", "'Address'"), E::HasRelatedData),
        (("ComplexType", "'Town'"), E::HasRelatedData),
        (("Property", "Name='colour',_EntityType.Name='Item'"), E::HasRelatedData),
        (("ComplexTypeProperty", "Name='name',_ComplexType.Name='Town'"), E::HasRelatedData),
        (("EntityType", "'Nothing'"), E::NoSuchEntity),
    ] {
        assert_eq!(code(service.delete(path)), Some(expected), "{path:?}");
    }
    assert_eq!(
        code(service.replace(("ComplexType", "'Town'"), r#"{"Name":"City"}"#)),
        Some(E::HasRelatedData)
    );
    // Another type than the entity's goes, and with it a property that nobody declared.
    entity(&service, "Order", r#"{"__id":"1","colour":"red"}"#);
    service.replace(("EntityType", "'Order'"), r#"{"Name":"Purchase"}"#).unwrap();
    assert_eq!(code(service.delete(("EntityType", "'Purchase'"))), Some(E::HasRelatedData));
}

#[test]
fn types_have_limits() {
    let service = shop();
    let full: Vec<String> = (2..100).map(|at| format!(r#"{{"Name":"t{at}"}}"#)).collect();
    service.given("EntityType", &full.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code(service.create("EntityType", r#"{"Name":"more"}"#)), Some(E::TooManyEntityTypes));
    // A fifth layer: Item, Address, Town, Street, House.
    service.given("Property", &[r#"{"Name":"a","_EntityType.Name":"Item","Type":"Address"}"#]);
    service.given("ComplexType", &[r#"{"Name":"Street"}"#, r#"{"Name":"House"}"#]);
    let member = |of: &str, ty: &str| {
        let body = format!(r#"{{"Name":"x{ty}","_ComplexType.Name":"{of}","Type":"{ty}"}}"#);
        service.create("ComplexTypeProperty", &body)
    };
    member("Town", "Street").unwrap();
    assert_eq!(code(member("Street", "House")), Some(E::EntityTypeStructureLimit));
    assert_eq!(
        code(member("Town", "Address")),
        Some(E::EntityTypeStructureLimit),
        "types that hold each other"
    );
    assert_eq!(service.list("ComplexTypeProperty", "").unwrap().len(), 4, "what was refused is not there");
}

#[test]
fn associations() {
    let service = shop();
    let ends = [
        r#"{"Name":"i","_EntityType.Name":"Item","Multiplicity":"1"}"#,
        r#"{"Name":"o","_EntityType.Name":"Order","Multiplicity":"1"}"#,
        r#"{"Name":"i2","_EntityType.Name":"Item","Multiplicity":"*"}"#,
        r#"{"Name":"o2","_EntityType.Name":"Order","Multiplicity":"*"}"#,
    ];
    service.given("AssociationEnd", &ends);
    let [i, i2] = ["Name='i',_EntityType.Name='Item'", "Name='i2',_EntityType.Name='Item'"];
    let [o, o2] = [
        "AssociationEnd(Name='o',_EntityType.Name='Order')",
        "AssociationEnd(Name='o2',_EntityType.Name='Order')",
    ];
    let link = |from, to| code(service.link(("AssociationEnd", from), "_AssociationEnd", to));
    assert_eq!(link(i, o), Some(E::LinksMultiplicity));
    assert_eq!(link(i, o2), None);
    assert_eq!(link(i, o2), Some(E::LinkAlreadyExists));
    assert_eq!(link(i2, o), Some(E::EntityTypesAlreadyRelated));
    assert_eq!(
        code(service.link(("AssociationEnd", i2), "_EntityType", "EntityType('Item')")),
        Some(E::NoSuchAssociation)
    );
    assert_eq!(code(service.delete(("EntityType", "'Order'"))), Some(E::HasRelatedData));
    // An end that goes leaves its peer free.
    service.delete(("AssociationEnd", i)).unwrap();
    assert_eq!(link(i2, o), None);
}
