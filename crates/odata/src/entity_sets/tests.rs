use saibo_model::edm::Multiplicity;

use super::*;

#[test]
fn every_kind_but_entities_has_a_set() {
    for kind in Kind::IN_CELL.into_iter().chain([Kind::Cell]) {
        assert_eq!(of_kind(kind).map(|set| set.kind), (kind != Kind::UserData).then_some(kind));
    }
}

#[test]
fn keys_are_fields() {
    for set in [&UNIT, &CELL, &SCHEMA].into_iter().flat_map(|service| service.sets) {
        for part in set.key {
            let field = set.field(part.name).unwrap();
            assert_eq!(
                part.nullable,
                field.nullable && field.default.is_none(),
                "{} {}",
                set.name(),
                part.name
            );
        }
        assert!(set.fields.iter().any(|field| field.source == Source::Key), "{}", set.name());
        let has_parent = set.fields.iter().any(|field| field.source == Source::Parent);
        assert_eq!(has_parent, set.parent().is_some(), "{}", set.name());
        assert_eq!(set.kind.parent(), set.parent(), "{}", set.name());
    }
}

#[test]
fn navigation_as_recorded() {
    for (kind, names) in [
        (Kind::Cell, &[][..]),
        (Kind::Role, &["_Box", "_Account", "_ExtCell", "_ExtRole", "_Relation"]),
        (Kind::Box, &["_Role", "_Relation", "_ReceivedMessage", "_SentMessage", "_Rule"]),
        (Kind::Account, &["_Role", "_ReceivedMessageRead"]),
        (Kind::ExtCell, &["_Role", "_Relation"]),
        (Kind::ExtRole, &["_Role", "_Relation"]),
        (Kind::Relation, &["_Box", "_ExtCell", "_ExtRole", "_Role"]),
        (Kind::ReceivedMessage, &["_Box", "_AccountRead"]),
        (Kind::SentMessage, &["_Box"]),
        (Kind::Rule, &["_Box"]),
        (Kind::EntityType, &["_AssociationEnd", "_Property"]),
        (Kind::AssociationEnd, &["_EntityType", "_AssociationEnd"]),
        (Kind::Property, &["_EntityType"]),
        (Kind::ComplexType, &["_ComplexTypeProperty"]),
        (Kind::ComplexTypeProperty, &["_ComplexType"]),
    ] {
        let set = of_kind(kind).unwrap();
        assert_eq!(set.navigation().map(|navigation| navigation.name).collect::<Vec<_>>(), names, "{kind:?}");
    }
    let relation = of_kind(Kind::ExtRole).unwrap().navigation_property("_Relation").unwrap();
    assert_eq!(
        (relation.via, relation.to, relation.from),
        (Via::Parent, Multiplicity::One, Multiplicity::Many)
    );
    let roles = of_kind(Kind::Box).unwrap().navigation_property("_Role").unwrap();
    assert_eq!((roles.via, roles.to), (Via::Children, Multiplicity::Many));
}

#[test]
fn fields_resolve() {
    let role = of_kind(Kind::Role).unwrap();
    assert_eq!(role.resolve(&["_Box.Name"]).unwrap().field, Field::ParentKey);
    assert_eq!(role.resolve(&["__published"]).unwrap().ty, Some(SimpleType::DateTime));
    assert!(role.resolve(&["none"]).is_none());
    let message = of_kind(Kind::SentMessage).unwrap();
    assert!(message.resolve(&["Result"]).is_some_and(|result| result.is_list && result.ty.is_none()));
}
