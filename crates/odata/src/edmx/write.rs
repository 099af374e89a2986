//! The document.

use saibo_model::edm::CollectionKind;

use super::{Property, Schema};
use crate::xml::Writer;

const EDMX: &str = "http://schemas.microsoft.com/ado/2007/06/edmx";
const DATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices";
const METADATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata";
const EDM: &str = "http://schemas.microsoft.com/ado/2006/04/edm";
/// The namespace of the API's own annotations.
const PERSONIUM: &str = "urn:x-personium:xmlns";

/// Writes a schema as EDMX.
#[must_use]
pub fn write(schema: &Schema) -> String {
    let mut out = Writer::new();
    out.start(
        "edmx:Edmx",
        &[
            ("Version", "1.0"),
            ("xmlns:edmx", EDMX),
            ("xmlns:d", DATA),
            ("xmlns:m", METADATA),
            ("xmlns:p", PERSONIUM),
        ],
    );
    out.start("edmx:DataServices", &[("m:DataServiceVersion", "1.0")]);
    out.start("Schema", &[("xmlns", EDM), ("Namespace", &schema.namespace)]);
    for ty in &schema.complex_types {
        out.start("ComplexType", &[("Name", &ty.name)]);
        ty.properties.iter().for_each(|property| write_property(&mut out, property));
        out.end("ComplexType");
    }
    entity_types(&mut out, schema);
    associations(&mut out, schema);
    container(&mut out, schema);
    out.end("Schema");
    out.end("edmx:DataServices");
    out.end("edmx:Edmx");
    out.finish()
}

fn entity_types(out: &mut Writer, schema: &Schema) {
    for ty in &schema.entity_types {
        let mut attributes = vec![("Name", ty.name.as_str())];
        if ty.open {
            attributes.push(("OpenType", "true"));
        }
        out.start("EntityType", &attributes);
        out.start("Key", &[]);
        ty.key.iter().for_each(|name| out.empty("PropertyRef", &[("Name", name)]));
        out.end("Key");
        ty.properties.iter().for_each(|property| write_property(out, property));
        for navigation in &ty.navigation {
            out.empty(
                "NavigationProperty",
                &[
                    ("Name", &navigation.name),
                    ("Relationship", &format!("{}.{}", schema.namespace, navigation.association)),
                    ("FromRole", &navigation.from),
                    ("ToRole", &navigation.to),
                ],
            );
        }
        out.end("EntityType");
    }
}

fn write_property(out: &mut Writer, property: &Property) {
    let precision = property.precision.map(|digits| digits.to_string());
    let mut attributes = vec![
        ("Name", property.name.as_str()),
        ("Type", &property.ty),
        ("Nullable", if property.nullable { "true" } else { "false" }),
    ];
    attributes.extend(property.default.as_deref().map(|default| ("DefaultValue", default)));
    attributes.extend(precision.as_deref().map(|digits| ("Precision", digits)));
    if property.collection != CollectionKind::None {
        attributes.push(("CollectionKind", property.collection.name()));
    }
    attributes.extend(property.unique.map(|index| ("p:Unique", index)));
    attributes.extend(property.format.map(|format| ("p:Format", format)));
    if !property.declared {
        attributes.push(("p:IsDeclared", "false"));
    }
    out.empty("Property", &attributes);
}

fn associations(out: &mut Writer, schema: &Schema) {
    for association in &schema.associations {
        out.start("Association", &[("Name", &association.name)]);
        for end in &association.ends {
            out.empty(
                "End",
                &[
                    ("Role", &end.role),
                    ("Type", &format!("{}.{}", schema.namespace, end.entity_type)),
                    ("Multiplicity", end.multiplicity.symbol()),
                ],
            );
        }
        out.end("Association");
    }
}

fn container(out: &mut Writer, schema: &Schema) {
    out.start("EntityContainer", &[("Name", &schema.namespace), ("m:IsDefaultEntityContainer", "true")]);
    for ty in &schema.entity_types {
        let qualified = format!("{}.{}", schema.namespace, ty.name);
        out.empty("EntitySet", &[("Name", &ty.name), ("EntityType", &qualified)]);
    }
    for association in &schema.associations {
        let qualified = format!("{}.{}", schema.namespace, association.name);
        out.start("AssociationSet", &[("Name", &association.name), ("Association", &qualified)]);
        for end in &association.ends {
            out.empty("End", &[("Role", &end.role), ("EntitySet", &end.entity_type)]);
        }
        out.end("AssociationSet");
    }
    out.end("EntityContainer");
}
