//! The keys of opaque tokens: kept in a file, and replaced while the unit runs.
//!
//! Whoever gets hold of a key can make tokens with it until it is gone. So a new one takes over after a while, and the
//! one before opens what it sealed for as long as any such token lives.

use std::time::Duration;

use saibo_oauth::KeyRing;
use tokio_util::sync::CancellationToken;

use super::{DataDir, DataDirError, write_private};
use crate::app::App;

/// The file.
pub(super) const TOKEN_KEYS: &str = "token.keys";

/// Where early versions kept the only key that they had.
pub(super) const ONLY_KEY: &str = "token.key";

/// How long a key opens tokens after another has taken over, in ms: longer than any token lives.
const RETIREMENT: i64 = 2 * DAY;

const DAY: i64 = 24 * 3600 * 1000;

/// How often a running unit looks whether a key is to be replaced.
const LOOK: Duration = Duration::from_secs(3600);

impl DataDir {
    /// The keys, made at the first start. `days` is how long a key seals; 0 is for ever.
    ///
    /// # Errors
    /// When the file cannot be read or written, can be read by others, or is damaged.
    pub fn token_keys(&self, days: u32, now: i64) -> Result<KeyRing, DataDirError> {
        let Some(text) = self.read(TOKEN_KEYS)? else {
            let ring = match self.read(ONLY_KEY)? {
                Some(_) => KeyRing::new(*self.key(ONLY_KEY)?.expose(), now),
                None => KeyRing::generate(now).map_err(|error| self.keys_failed(error))?,
            };
            self.write_token_keys(&ring)?;
            return Ok(ring);
        };
        let damaged = || DataDirError::Damaged {
            path: self.path.join(TOKEN_KEYS),
            expected: "the keys of tokens, as JSON",
        };
        let ring = String::from_utf8(text)
            .ok()
            .and_then(|text| KeyRing::from_file(&text).ok())
            .ok_or_else(damaged)?;
        Ok(self.replace_token_key(&ring, days, now)?.unwrap_or(ring))
    }

    /// Lets a new key take over if it is time, and writes that down before anybody uses it.
    ///
    /// # Errors
    /// When there are no random numbers, or the file cannot be written.
    pub fn replace_token_key(
        &self,
        ring: &KeyRing,
        days: u32,
        now: i64,
    ) -> Result<Option<KeyRing>, DataDirError> {
        let age = now.saturating_sub(ring.current_since());
        if days == 0 || age < i64::from(days) * DAY {
            return Ok(None);
        }
        let ring = ring.rotated_at_random(now).map_err(|error| self.keys_failed(error))?;
        let ring = ring.without_retired_before(now - RETIREMENT);
        self.write_token_keys(&ring)?;
        tracing::info!("a new key seals tokens from now on");
        Ok(Some(ring))
    }

    fn write_token_keys(&self, ring: &KeyRing) -> Result<(), DataDirError> {
        let failed = |cause| DataDirError::Io { doing: "writing", path: self.path.join(TOKEN_KEYS), cause };
        write_private(&self.path, TOKEN_KEYS, ring.to_file().as_bytes()).map_err(failed)?;
        // It would bring a key back that was replaced long ago.
        match std::fs::remove_file(self.path.join(ONLY_KEY)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    fn keys_failed(&self, error: saibo_oauth::RandomError) -> DataDirError {
        DataDirError::Io {
            doing: "making",
            path: self.path.join(TOKEN_KEYS),
            cause: std::io::Error::other(error),
        }
    }
}

/// Replaces keys when it is time, until the unit stops.
pub(crate) async fn replace_in_time(app: std::sync::Arc<App>, stopping: CancellationToken) {
    while tokio::time::timeout(LOOK, stopping.cancelled()).await.is_err() {
        let app = app.clone();
        let replaced = tokio::task::spawn_blocking(move || {
            let days = app.config.authentication.token_key_days;
            let ring = app.data.replace_token_key(&app.unit.keys(), days, saibo_core::clock::now())?;
            if let Some(ring) = ring {
                app.unit.replace_keys(ring);
            }
            Ok::<_, DataDirError>(())
        });
        let replaced = replaced.await.map_err(|panicked| panicked.to_string());
        if let Err(error) = replaced.and_then(|replaced| replaced.map_err(|error| error.to_string())) {
            tracing::error!(error, "the key of tokens could not be replaced; the old one stays");
        }
    }
}
