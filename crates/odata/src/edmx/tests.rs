use saibo_model::edm::{PropertyType, SimpleType};

use super::*;
use crate::entity_sets::{CELL, SCHEMA, UNIT};

const ENTITY_PROPERTIES: &str = concat!(
    r#"<Key><PropertyRef Name="__id"/></Key>"#,
    r#"<Property Name="__id" Type="Edm.String" Nullable="false" DefaultValue="UUID()" p:Format="regEx('^.{1,400}$')"/>"#,
    r#"<Property Name="__published" Type="Edm.DateTime" Nullable="false" DefaultValue="SYSUTCDATETIME()" Precision="3"/>"#,
    r#"<Property Name="__updated" Type="Edm.DateTime" Nullable="false" DefaultValue="SYSUTCDATETIME()" Precision="3"/>"#,
);

/// What stands within `Schema`.
fn content(schema: &Schema) -> String {
    let document = write(schema);
    let start = document.find("<Schema ").unwrap();
    let end = document.find("</Schema>").unwrap();
    document[start..end].to_owned()
}

#[test]
fn the_unit_as_recorded() {
    let expected = concat!(
        r#"<?xml version='1.0' encoding='utf-8'?><edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:p="urn:x-personium:xmlns"><edmx:DataServices m:DataServiceVersion="1.0"><Schema xmlns="http://schemas.microsoft.com/ado/2006/04/edm" Namespace="UnitCtl">"#,
        r#"<EntityType Name="Cell"><Key><PropertyRef Name="Name"/></Key>"#,
        r#"<Property Name="Name" Type="Edm.String" Nullable="false" p:Format="regEx('^[a-z0-9][a-z0-9-]{0,127}$')"/>"#,
        r#"<Property Name="__published" Type="Edm.DateTime" Nullable="false" DefaultValue="SYSUTCDATETIME()" Precision="3"/>"#,
        r#"<Property Name="__updated" Type="Edm.DateTime" Nullable="false" DefaultValue="SYSUTCDATETIME()" Precision="3"/></EntityType>"#,
        r#"<EntityContainer Name="UnitCtl" m:IsDefaultEntityContainer="true"><EntitySet Name="Cell" EntityType="UnitCtl.Cell"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#,
    );
    assert_eq!(write(&Schema::of_service(&UNIT)), expected);
}

#[test]
fn the_schema_of_schemas_as_recorded() {
    let content = content(&Schema::of_service(&SCHEMA));
    for part in [
        r#"<EntityType Name="AssociationEnd"><Key><PropertyRef Name="Name"/><PropertyRef Name="_EntityType.Name"/></Key>"#,
        r#"<Property Name="Multiplicity" Type="Edm.String" Nullable="false" p:Format="regEx('0\.\.1|1|\*')"/>"#,
        r#"<Property Name="Nullable" Type="Edm.Boolean" Nullable="false" DefaultValue="true"/>"#,
        r#"<Property Name="UniqueKey" Type="Edm.String" Nullable="true" p:Format="regEx('^[a-zA-Z0-9][a-zA-Z0-9-_]{0,127}$')"/>"#,
        r#"<NavigationProperty Name="_AssociationEnd" Relationship="ODataSvcSchema.AssociationEnd-AssociationEnd-assoc" FromRole="AssociationEnd-AssociationEnd" ToRole="AssociationEnd-AssociationEnd"/></EntityType>"#,
        r#"<NavigationProperty Name="_EntityType" Relationship="ODataSvcSchema.EntityType-Property-assoc" FromRole="Property-EntityType" ToRole="EntityType-Property"/></EntityType>"#,
        r#"<Association Name="EntityType-Property-assoc"><End Role="EntityType-Property" Type="ODataSvcSchema.EntityType" Multiplicity="1"/><End Role="Property-EntityType" Type="ODataSvcSchema.Property" Multiplicity="*"/></Association>"#,
        r#"<AssociationSet Name="EntityType-Property-assoc" Association="ODataSvcSchema.EntityType-Property-assoc"><End Role="EntityType-Property" EntitySet="EntityType"/><End Role="Property-EntityType" EntitySet="Property"/></AssociationSet>"#,
    ] {
        assert!(content.contains(part), "{part}\n{content}");
    }
}

#[test]
fn the_cell() {
    let content = content(&Schema::of_service(&CELL));
    for part in [
        r#"<ComplexType Name="Sent_Message_Result"><Property Name="To" Type="Edm.String" Nullable="true" p:Format="cell-url"/>"#,
        r#"<Property Name="Schema" Type="Edm.String" Nullable="true" DefaultValue="null" p:Unique="uk_box_schema" p:Format="schema-uri"/>"#,
        r#"<Property Name="Result" Type="CellCtl.Sent_Message_Result" Nullable="true" CollectionKind="List"/>"#,
        r#"<Association Name="ExtRole-Relation-assoc"><End Role="ExtRole-Relation" Type="CellCtl.ExtRole" Multiplicity="*"/><End Role="Relation-ExtRole" Type="CellCtl.Relation" Multiplicity="1"/></Association>"#,
        r#"<NavigationProperty Name="_AccountRead" Relationship="CellCtl.Account-ReceivedMessage-assoc" FromRole="ReceivedMessage-Account" ToRole="Account-ReceivedMessage"/>"#,
    ] {
        assert!(content.contains(part), "{part}\n{content}");
    }
}

fn property(name: &str, ty: &str, declared: bool) -> UserProperty {
    UserProperty {
        name: name.into(),
        ty: PropertyType::from_name(ty),
        collection: CollectionKind::None,
        nullable: true,
        default: None,
        declared,
    }
}

#[test]
fn a_collection_as_recorded() {
    let mut schema = Schema::user_data();
    schema.add_complex_type("Address", [property("city", "Edm.String", true)]);
    let tags = UserProperty { collection: CollectionKind::List, ..property("tags", "Edm.String", true) };
    let price = UserProperty {
        default: Some("3".into()),
        nullable: false,
        ..property("price", SimpleType::Int32.name(), true)
    };
    schema.add_entity_type("Item", [tags, property("dyn", "Edm.String", false), price]);
    schema.add_entity_type("Order", [property("to", "Address", true)]);
    let end = |entity_type, name, multiplicity| UserEnd { entity_type, name, multiplicity };
    schema.associate(&end("Item", "i2o", Multiplicity::Many), &end("Order", "o2i", Multiplicity::ZeroOrOne));
    schema.associate(&end("Order", "up", Multiplicity::ZeroOrOne), &end("Order", "down", Multiplicity::Many));
    let expected = [
        r#"<Schema xmlns="http://schemas.microsoft.com/ado/2006/04/edm" Namespace="UserData"><ComplexType Name="Address"><Property Name="city" Type="Edm.String" Nullable="true"/></ComplexType><EntityType Name="Item" OpenType="true">"#,
        ENTITY_PROPERTIES,
        r#"<Property Name="dyn" Type="Edm.String" Nullable="true" p:IsDeclared="false"/><Property Name="price" Type="Edm.Int32" Nullable="false" DefaultValue="3"/><Property Name="tags" Type="Edm.String" Nullable="true" CollectionKind="List"/>"#,
        r#"<NavigationProperty Name="_Order" Relationship="UserData.Item-Order-assoc" FromRole="Item:i2o" ToRole="Order:o2i"/></EntityType><EntityType Name="Order" OpenType="true">"#,
        ENTITY_PROPERTIES,
        r#"<Property Name="to" Type="UserData.Address" Nullable="true"/><NavigationProperty Name="_Item" Relationship="UserData.Item-Order-assoc" FromRole="Order:o2i" ToRole="Item:i2o"/>"#,
        r#"<NavigationProperty Name="_Order" Relationship="UserData.Order-Order-assoc" FromRole="Order:up" ToRole="Order:down"/></EntityType>"#,
        r#"<Association Name="Item-Order-assoc"><End Role="Item:i2o" Type="UserData.Item" Multiplicity="*"/><End Role="Order:o2i" Type="UserData.Order" Multiplicity="0..1"/></Association>"#,
        r#"<Association Name="Order-Order-assoc"><End Role="Order:up" Type="UserData.Order" Multiplicity="0..1"/><End Role="Order:down" Type="UserData.Order" Multiplicity="*"/></Association>"#,
        r#"<EntityContainer Name="UserData" m:IsDefaultEntityContainer="true"><EntitySet Name="Item" EntityType="UserData.Item"/><EntitySet Name="Order" EntityType="UserData.Order"/>"#,
        r#"<AssociationSet Name="Item-Order-assoc" Association="UserData.Item-Order-assoc"><End Role="Item:i2o" EntitySet="Item"/><End Role="Order:o2i" EntitySet="Order"/></AssociationSet>"#,
        r#"<AssociationSet Name="Order-Order-assoc" Association="UserData.Order-Order-assoc"><End Role="Order:up" EntitySet="Order"/><End Role="Order:down" EntitySet="Order"/></AssociationSet></EntityContainer>"#,
    ]
    .concat();
    assert_eq!(content(&schema), expected);
}
