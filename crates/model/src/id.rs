//! Identifiers of documents, nodes and Cells.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The identifier of a document, a node or a Cell, as a snapshot's `_id` and `i` hold it: usually a
/// UUID as 22 Base64url characters. Imported ones are kept as they are, whatever their form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// A new random identifier: 122 bits of randomness in 22 characters.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4().as_bytes()))
    }

    /// A new identifier that begins with the time, to the millisecond, and has 74 bits of randomness (RFC 9562 section
    /// 5.7). Those that are made one after the other lie side by side in an index, however large it is; random ones
    /// would each be on a page of their own, to be read and written.
    #[must_use]
    pub fn in_order() -> Self {
        Self(URL_SAFE_NO_PAD.encode(uuid::Uuid::now_v7().as_bytes()))
    }

    /// The text as it stands in a snapshot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new `__id` for an entity: 32 hexadecimal digits, as the API generates them, in the order of [`Id::in_order`].
#[must_use]
pub fn entity_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
