//! The Cell's own key.

use saibo_core::token::{certificates, sign};
use saibo_oauth::jwt::Keys;

use super::World;

#[test]
fn a_cell_makes_its_key_once_and_signs_with_it() {
    let world = World::new();
    let cell = world.cell("alice");
    let keys = certificates(&cell).unwrap();
    let signed = sign(&cell, &world.fixture.master(), b"example").unwrap();
    assert_eq!(certificates(&cell).unwrap(), keys, "the same key again");
    assert!(signed.split('.').nth(1) == Some("ZXhhbXBsZQ"));
    assert!(Keys::parse(&keys.to_string()).is_ok());
    let nobody = saibo_core::Access::of(saibo_core::Subject::Anonymous);
    assert_eq!(sign(&cell, &nobody, b"example").unwrap_err().code().code(), "PR401-AU-0001");
    let world = World { fixture: world.fixture.reopened(), ..world };
    assert_eq!(certificates(&world.fixture.unit.cell("alice").unwrap()).unwrap(), keys, "kept");
}
