//! The file that a snapshot is written to: as it is, or encrypted on the way.

use std::io::Write;

use saibo_archive::{Key, Lock, Sealed, SnapshotWriter};
use saibo_model::Result;
use saibo_store::WriteSeek;

use crate::job::Progress;
use crate::{Unit, archive};

/// Where the list of a snapshot's entries waits.
pub(super) type Spool = Box<dyn WriteSeek>;

/// What writes a snapshot.
pub(super) type Archive<'f> = SnapshotWriter<Out<'f>, Spool>;

/// Where a snapshot is written.
pub(super) enum Out<'f> {
    Plain(&'f mut dyn WriteSeek),
    Sealed(Box<Sealed<&'f mut dyn WriteSeek>>),
}

impl<'f> Out<'f> {
    /// With the key that opens what is written.
    pub(super) fn begin(
        unit: &Unit,
        file: &'f mut dyn WriteSeek,
        lock: Option<&Lock>,
        progress: &Progress,
    ) -> Result<(Self, Option<Key>)> {
        let Some(lock) = lock else { return Ok((Self::Plain(file), None)) };
        // Hashing a passphrase takes as much as checking an Account's.
        let _turn = match lock {
            Lock::Passphrase(_) => {
                let turn = unit.password_checks().acquire_unless(|| progress.check().is_err());
                progress.check()?;
                turn
            }
            Lock::Recipients(_) => None,
        };
        let (sealed, key) = lock.seal(file).map_err(archive::error)?;
        Ok((Self::Sealed(Box::new(sealed)), Some(key)))
    }

    /// Ends it.
    pub(super) fn finish(self) -> Result<()> {
        if let Self::Sealed(sealed) = self {
            sealed.finish().map_err(|e| saibo_store::Error::io("encrypting a snapshot", e))?;
        }
        Ok(())
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Sealed(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Sealed(file) => file.flush(),
        }
    }
}
