//! What a snapshot is, at a glance: for `saibo snapshot show`.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use ed25519_dalek::VerifyingKey;
use saibo_model::Kind;
use serde::Deserialize;

use super::counts::Counts;
use super::layout;
use super::manifest::{Manifest, key_id};
use super::reader::{SnapshotReader, Totals};
use crate::{Error, Result};

/// Whose signature a manifest has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Id of the key.
    pub key_id: String,
    /// The key.
    pub key: VerifyingKey,
}

impl Signer {
    pub(crate) fn new(key: VerifyingKey) -> Self {
        Self { key_id: key_id(&key), key }
    }
}

/// What a snapshot is, as it says itself. Nothing of it is checked but the signature of the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// URL of the unit that wrote it.
    pub unit_url: String,
    /// When, ms since 1970.
    pub created: i64,
    /// Id of the Cell.
    pub cell_id: String,
    /// Name of the Cell, if its document has one.
    pub cell_name: Option<String>,
    /// Names of the boxes by the ids of their documents.
    pub box_names: BTreeMap<String, String>,
    /// What it holds.
    pub counts: Counts,
    /// Sizes, by the directory of the zip.
    pub totals: Totals,
    /// Our manifest; `None` in a snapshot of the reference.
    pub manifest: Option<Manifest>,
    /// Whose signature the manifest has; `None` if the signature is not one of the manifest.
    pub signer: Option<Signer>,
}

impl<R: Read + Seek> SnapshotReader<R> {
    /// What the snapshot is. The counts of an unsigned one are found by reading its documents and `.pmeta`s.
    ///
    /// # Errors
    /// If an entry that is read is damaged or not of the right shape.
    pub fn summary(&self) -> Result<Summary> {
        let (manifest, signer) = match self.signed_manifest()? {
            Some((bytes, signature)) => {
                let signer = signature.is_of(&bytes).then(|| Signer::new(signature.key));
                (Some(self.parse_manifest(&bytes)?), signer)
            }
            None => (None, None),
        };
        let counts = match (&manifest, &signer) {
            (Some(manifest), Some(_)) => manifest.counts.clone(),
            _ => self.count()?,
        };
        let mut cell = self.documents(Kind::Cell)?;
        let cell = cell.read()?.ok_or_else(|| Error::missing(layout::CELL))?;
        let (cell_id, cell_name) = (cell.id.clone().into_owned(), name_of(cell.fields));
        let mut box_names = BTreeMap::new();
        let mut boxes = self.documents(Kind::Box)?;
        while let Some(line) = boxes.read()? {
            if let Some(name) = name_of(line.fields) {
                box_names.insert(line.id.into_owned(), name);
            }
        }
        let export = self.export_manifest();
        Ok(Summary {
            unit_url: export.unit_url.clone(),
            created: export.created,
            cell_id,
            cell_name,
            box_names,
            counts,
            totals: self.totals(),
            manifest,
            signer,
        })
    }

    fn count(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        for kind in Kind::IN_CELL {
            let mut documents = self.documents(kind)?;
            while let Some(line) = documents.read()? {
                counts.document(&line);
            }
        }
        if self.export_manifest().is_incremental {
            let mut removed = self.removed()?;
            while removed.read()?.is_some() {
                counts.removed += 1;
            }
        }
        let mut links = self.links()?;
        while links.read()?.is_some() {
            counts.links += 1;
        }
        for resource in self.resources() {
            let resource = resource?;
            counts.node(&resource.path, resource.meta.kind);
            if let Some(content) = resource.content {
                counts.content(&resource.path, content.size());
            }
        }
        Ok(counts)
    }
}

/// `Name` of a document's fields.
fn name_of(fields: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "Name")]
        name: String,
    }
    serde_json::from_str::<Named>(fields).ok().map(|named| named.name)
}
