//! A hash over all parts of an upload, carried from one to the next in the register: the end of a long upload does not
//! wait for all of it to be read again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};

/// The state as text.
pub(super) fn save(hash: &Sha256) -> String {
    STANDARD.encode(hash.serialize())
}

/// The hash of that state; `None` if no such hash has one.
pub(super) fn restore(state: Option<&str>) -> Option<Sha256> {
    use sha2::Digest as _;
    let Some(state) = state else { return Some(Sha256::new()) };
    let bytes = STANDARD.decode(state).ok()?;
    let state = SerializedState::<Sha256>::try_from(bytes.as_slice()).ok()?;
    Sha256::deserialize(&state).ok()
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn a_state_goes_on_where_it_was_saved() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7) as u8).collect();
        for cut in [0, 1, 63, 64, 65, 500, 1000] {
            let first = Sha256::new_with_prefix(&bytes[..cut]);
            let mut rest = restore(Some(&save(&first))).unwrap();
            rest.update(&bytes[cut..]);
            assert_eq!(rest.finalize(), Sha256::digest(&bytes), "{cut}");
        }
        assert!(restore(Some("AAAA")).is_none());
    }
}
