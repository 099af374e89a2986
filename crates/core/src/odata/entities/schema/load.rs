//! Reading a collection's schema objects.

use std::collections::HashMap;

use saibo_model::edm::{CollectionKind, Multiplicity, PropertyType as Named};
use saibo_model::query::Query;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::ReadTx;
use serde_json::{Map, Value};

use super::{ComplexType, EntityType, NAMESPACE, Navigation, Properties, Property, PropertyType, Schema};
use crate::document::object;

impl Schema {
    /// Reads the schema of a collection.
    ///
    /// # Errors
    /// The store's; [`ErrorCode::DataInconsistency`] for schema objects that are not what they must be.
    pub fn load(tx: &dyn ReadTx, collection: &Id) -> Result<Self> {
        let read = |kind| documents(tx, kind, collection);
        let entity_types = read(Kind::EntityType)?;
        let complex_types = read(Kind::ComplexType)?;
        let complex: HashMap<&str, usize> =
            complex_types.iter().enumerate().map(|(at, ty)| (ty.key.as_str(), at)).collect();
        let mut members = by_parent(&read(Kind::ComplexTypeProperty)?, &complex)?;
        let mut properties = by_parent(&read(Kind::Property)?, &complex)?;
        let mut take = |id: &Id| Properties::new(properties.remove(id).unwrap_or_default());

        let mut types: Vec<EntityType> = entity_types
            .into_iter()
            .map(|document| EntityType {
                type_name: format!("{NAMESPACE}.{}", document.key),
                set: EntitySet::entities(collection.clone(), document.id.clone()),
                properties: take(&document.id),
                navigation: Vec::new(),
                name: document.key,
                id: document.id,
            })
            .collect();
        associate(&mut types, &read(Kind::AssociationEnd)?)?;
        let unique_of = |ty: &EntityType| {
            let fields: Vec<_> = ty.properties.iter().filter_map(Property::unique_field).collect();
            fields.into_iter().map(|field| (ty.set.clone(), field)).collect::<Vec<_>>()
        };
        Ok(Self {
            unique: types.iter().flat_map(unique_of).collect(),
            type_index: types.iter().enumerate().map(|(at, ty)| (ty.name.clone(), at)).collect(),
            complex_types: complex_types
                .iter()
                .map(|document| ComplexType {
                    type_name: format!("{NAMESPACE}.{}", document.key),
                    properties: Properties::new(members.remove(&document.id).unwrap_or_default()),
                })
                .collect(),
            types,
        })
    }
}

fn documents(tx: &dyn ReadTx, kind: Kind, collection: &Id) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    tx.documents(&EntitySet::schema(kind, collection.clone()), &Query::default(), &mut |document| {
        found.push(document);
        Ok(())
    })?;
    Ok(found)
}

/// The properties, by the type that they belong to.
fn by_parent(documents: &[Document], complex: &HashMap<&str, usize>) -> Result<HashMap<Id, Vec<Property>>> {
    let mut all: HashMap<Id, Vec<Property>> = HashMap::new();
    for document in documents {
        if let Some(parent) = &document.parent
            && let Some(property) = property(document, complex)?
        {
            all.entry(parent.clone()).or_default().push(property);
        }
    }
    Ok(all)
}

/// One of a type that does not exist can have no values: it is passed over.
fn property(document: &Document, complex: &HashMap<&str, usize>) -> Result<Option<Property>> {
    let body = object(&document.body)?;
    let hidden = object(document.hidden.as_deref().unwrap_or("{}"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let ty = match Named::from_name(text("Type").unwrap_or_default()) {
        Named::Simple(ty) => PropertyType::Simple(ty),
        Named::Complex(name) => match complex.get(name.as_str()) {
            Some(&at) => PropertyType::Complex(at),
            None => return Ok(None),
        },
    };
    let Some(alias) = hidden.get("Alias").and_then(Value::as_str) else { return Ok(None) };
    Ok(Some(Property {
        name: document.key.clone(),
        alias: alias.to_owned(),
        ty,
        is_list: text("CollectionKind").and_then(CollectionKind::from_name) == Some(CollectionKind::List),
        nullable: flag(&body, "Nullable", true),
        default: text("DefaultValue").map(str::to_owned),
        declared: flag(&body, "IsDeclared", true),
        unique_key: text("UniqueKey").map(str::to_owned),
    }))
}

/// Flags of schema objects are JSON booleans; older snapshots have them as strings.
fn flag(body: &Map<String, Value>, name: &str, default: bool) -> bool {
    match body.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => default,
    }
}

/// Gives the EntityTypes the navigation properties that linked AssociationEnds make: one for each other
/// EntityType, named after it (API page 318).
fn associate(types: &mut [EntityType], ends: &[Document]) -> Result<()> {
    let place: HashMap<Id, usize> = types.iter().enumerate().map(|(at, ty)| (ty.id.clone(), at)).collect();
    let of_type = |end: &Document| end.parent.as_ref().and_then(|parent| place.get(parent).copied());
    let by_id: HashMap<&Id, &Document> = ends.iter().map(|end| (&end.id, end)).collect();
    for end in ends {
        let Some(other) = end.peer.as_ref().and_then(|peer| by_id.get(peer)) else { continue };
        let (Some(from), Some(to)) = (of_type(end), of_type(other)) else { continue };
        let (from_many, to_many) = (multiplicity(end)?, multiplicity(other)?);
        // A link that only one of the two knows of leads both ways all the same.
        for (source, target, from, to) in [(from, to, from_many, to_many), (to, from, to_many, from_many)] {
            let name = format!("_{}", types[target].name);
            if types[source].navigation(&name).is_none() {
                types[source].navigation.push(Navigation { name, target, from, to });
            }
        }
    }
    for ty in types {
        ty.navigation.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(())
}

/// The multiplicity of an AssociationEnd.
pub(in crate::odata::entities) fn multiplicity(end: &Document) -> Result<Multiplicity> {
    let body = object(&end.body)?;
    let symbol = body.get("Multiplicity").and_then(Value::as_str);
    symbol.and_then(Multiplicity::from_symbol).ok_or_else(|| ErrorCode::DataInconsistency.into())
}
