//! What describes a collection's entities: the service document and `$metadata` (API pages 316, 317 and 371).

use std::collections::{HashMap, HashSet};

use saibo_model::edm::{CollectionKind, Multiplicity, PropertyType as Named};
use saibo_model::privilege::Privilege;
use saibo_model::query::Query;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_odata::edmx::{self, UserEnd, UserProperty};
use saibo_odata::media::Format;
use saibo_odata::service_document;
use saibo_store::ReadTx;

use super::Collection;
use super::schema::{ComplexType, Properties, PropertyType, Schema, multiplicity};

impl Collection<'_> {
    /// The service document: which EntityTypes there are.
    ///
    /// # Errors
    /// Why whoever asks may not; the store's.
    pub fn service_document(&self, format: Format) -> Result<Vec<u8>> {
        self.authorize(Privilege::Read)?;
        self.read(|_, schema| {
            let names = by_name(schema.entity_types(), |ty| &ty.name);
            Ok(service_document::render(self.root, names.iter().map(|ty| &ty.name), format))
        })
    }

    /// The EDMX of the entities.
    ///
    /// # Errors
    /// Why whoever asks may not; the store's.
    pub fn metadata(&self) -> Result<String> {
        self.authorize(Privilege::Read)?;
        self.read(|tx, schema| {
            let mut shown = edmx::Schema::user_data();
            for ty in by_name(schema.complex_types(), ComplexType::name) {
                shown.add_complex_type(ty.name(), declared(&schema, &ty.properties));
            }
            for ty in by_name(schema.entity_types(), |ty| &ty.name) {
                shown.add_entity_type(&ty.name, declared(&schema, &ty.properties));
            }
            associate(tx, &self.home.collection, &schema, &mut shown)?;
            Ok(edmx::write(&shown))
        })
    }
}

/// Types in the order in which they are shown.
fn by_name<T>(types: &[T], name: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut types: Vec<&T> = types.iter().collect();
    types.sort_by(|one, other| name(one).cmp(name(other)));
    types
}

/// Properties as they were declared.
fn declared(schema: &Schema, properties: &Properties) -> Vec<UserProperty> {
    let show = |property: &super::schema::Property| UserProperty {
        name: property.name.clone(),
        ty: match property.ty {
            PropertyType::Simple(ty) => Named::Simple(ty),
            PropertyType::Complex(index) => Named::Complex(schema.complex_type(index).name().to_owned()),
        },
        collection: if property.is_list { CollectionKind::List } else { CollectionKind::None },
        nullable: property.nullable,
        default: property.default.clone(),
        declared: property.declared,
    };
    properties.iter().map(show).collect()
}

/// Adds the associations that linked AssociationEnds make, each pair once. Their names are nowhere but in the schema
/// objects: entities need none.
fn associate(tx: &dyn ReadTx, collection: &Id, schema: &Schema, shown: &mut edmx::Schema) -> Result<()> {
    let names: HashMap<&Id, &str> =
        schema.entity_types().iter().map(|ty| (&ty.id, ty.name.as_str())).collect();
    let ends = ends(tx, collection)?;
    let by_id: HashMap<&Id, &Document> = ends.iter().map(|end| (&end.id, end)).collect();
    let mut seen = HashSet::new();
    for end in &ends {
        let Some(other) = end.peer.as_ref().and_then(|peer| by_id.get(peer).copied()) else { continue };
        let pair = if end.id < other.id { (&end.id, &other.id) } else { (&other.id, &end.id) };
        if !seen.insert(pair) {
            continue;
        }
        let (Some(first), Some(second)) = (user_end(&names, end)?, user_end(&names, other)?) else {
            continue;
        };
        shown.associate(&first, &second);
    }
    Ok(())
}

/// The AssociationEnds by name: the first of two gives their association its name.
fn ends(tx: &dyn ReadTx, collection: &Id) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    let set = EntitySet::schema(Kind::AssociationEnd, collection.clone());
    tx.documents(&set, &Query::default(), &mut |document| {
        found.push(document);
        Ok(())
    })?;
    found.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(found)
}

fn user_end<'a>(names: &HashMap<&Id, &'a str>, end: &'a Document) -> Result<Option<UserEnd<'a>>> {
    let multiplicity: Multiplicity = multiplicity(end)?;
    let entity_type = end.parent.as_ref().and_then(|parent| names.get(parent).copied());
    Ok(entity_type.map(|entity_type| UserEnd { entity_type, name: &end.key, multiplicity }))
}
