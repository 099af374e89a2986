//! What describes a service: its service document and its `$metadata` (API pages 275, 276, 316 and 317).

use saibo_model::Result;
use saibo_model::privilege::Privilege;
use saibo_odata::edmx::{self, Schema};
use saibo_odata::media::Format;
use saibo_odata::service_document;
use saibo_store::StoreExt as _;

use super::{Objects, Scope};
use crate::access::authorize_unit;
use crate::dav::resource::authorize_cell;

impl Objects<'_> {
    /// The service document: which entity sets there are.
    ///
    /// # Errors
    /// Why whoever asks may not.
    pub fn service_document(&self, format: Format) -> Result<Vec<u8>> {
        self.may_describe()?;
        let names = self.service().sets.iter().map(|set| set.name());
        Ok(service_document::render(self.root, names, format))
    }

    /// The EDMX of the service. That of a unit's and a Cell's control objects is the same everywhere and tells nothing,
    /// so everybody gets it; that of a collection is for those who may read the collection.
    ///
    /// # Errors
    /// Why whoever asks may not.
    pub fn metadata(&self) -> Result<String> {
        if let Scope::Collection(..) = self.scope {
            self.may_describe()?;
        }
        Ok(edmx::write(&Schema::of_service(self.service())))
    }

    /// Checks that somebody may see what entity sets there are.
    ///
    /// # Errors
    /// Why not.
    pub fn may_describe(&self) -> Result<()> {
        match self.scope {
            Scope::Unit => authorize_unit(self.access),
            Scope::Cell(cell) => {
                cell.store().read(|tx| authorize_cell(tx, cell, self.access, Privilege::Read))
            }
            Scope::Collection(cell, resource) => resource.authorize(self.access, cell, Privilege::Read),
        }
    }
}
