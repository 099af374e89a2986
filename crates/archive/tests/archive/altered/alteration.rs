//! What somebody does to a snapshot.

use flate2::Compression;
use proptest::prelude::*;
use proptest::sample::Index;

use super::container::{Container, DEFLATED, DESCRIPTOR, Entry, STORED};

/// Something that is done to a snapshot. Entries, places and bytes are drawn from as many as there are.
#[derive(Clone, Debug)]
pub(super) enum Alteration {
    Nothing,
    Remove(Index),
    SwapContents(Index, Index),
    SwapNames(Index, Index),
    /// The second time at a place.
    Duplicate(Index, Index),
    /// Leaves so much of a content.
    Cut(Index, Index),
    Change(Index, Vec<(Index, u8)>),
    Append(Index, Vec<u8>),
    Move(Index, Index),
    SwapPlaces(Index, Index),
    /// In the directory alone.
    SwapListed(Index, Index),
    /// Packs the same content otherwise.
    Pack(Index, u32),
    /// Another flag, in both headers.
    Flag(Index, u16),
    Time(Index, u32),
    /// An entry of the other snapshot, in the place of the one of that name if there is one.
    Take(Index, Index),
    /// The list, the manifest and the signature of the other one.
    TakeSigned,
    /// All but those three of the other one.
    TakeContent,
    /// Those that follow are done to the bytes, whatever they are.
    CutOff(Index),
    Flip(Vec<(Index, u8)>),
    /// So much of the one, and then the other from a place on.
    Join(Index, Index),
    Insert(Index, Vec<u8>),
    Drop(Index, Index),
}

/// What it came to.
pub(super) struct Altered {
    pub(super) bytes: Vec<u8>,
    /// The entries one of which has to be named; none if it does not matter.
    pub(super) names: Vec<String>,
    /// Whether names or contents of entries are others.
    pub(super) is_other_content: bool,
}

/// Where the list, the manifest and the signature are.
const SIGNED: &str = "90_saibo/";
/// What is there and yet of the content.
const REMOVED: &str = "90_saibo/removed.jsonl";

fn is_signed(entry: &Entry) -> bool {
    entry.name.starts_with(SIGNED) && entry.name != REMOVED
}

/// An entry and the `.pmeta` of the resources that it is of and in: without them it cannot be.
fn with_parents(name: &str) -> Vec<String> {
    let Some(path) = name.strip_prefix("20_webdav/") else { return vec![name.to_owned()] };
    let slashes = path.match_indices('/').map(|(at, _)| format!("20_webdav/{}/.pmeta", &path[..at]));
    slashes.chain(["20_webdav/.pmeta".to_owned(), name.to_owned()]).collect()
}

impl Alteration {
    /// Does it to `one`, with what it takes of `other`.
    pub(super) fn of(&self, one: &[u8], other: &[u8]) -> Altered {
        self.of_bytes(one, other).unwrap_or_else(|| self.of_entries(one, other))
    }

    fn of_bytes(&self, one: &[u8], other: &[u8]) -> Option<Altered> {
        let mut bytes = one.to_vec();
        let mut names = Vec::new();
        match self {
            Self::CutOff(at) => bytes.truncate(at.index(one.len())),
            Self::Flip(bits) => {
                for (at, bit) in bits {
                    bytes[at.index(one.len())] ^= 1 << (bit % 8);
                }
                if let [(at, _)] = bits.as_slice()
                    && let Some(entry) = Container::parse(one).entry_at(at.index(one.len()))
                {
                    names.push(entry.name.clone());
                }
            }
            Self::Join(until, from) => {
                bytes.truncate(until.index(one.len()));
                bytes.extend(&other[from.index(other.len())..]);
            }
            Self::Insert(at, more) => {
                let at = at.index(one.len() + 1);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Drop(from, length) => {
                let from = from.index(one.len());
                bytes.drain(from..from + length.index(one.len() - from));
            }
            _ => return None,
        }
        Some(Altered { bytes, names, is_other_content: false })
    }

    fn of_entries(&self, one: &[u8], other: &[u8]) -> Altered {
        let before = Container::parse(one);
        let mut after = before.clone();
        let entries = &mut after.0;
        let at = |index: &Index| index.index(before.0.len());
        let mut order: Vec<usize> = (0..entries.len()).collect();
        let mut names: Vec<String> = Vec::new();
        match self {
            Self::Remove(entry) => drop(entries.remove(at(entry))),
            Self::SwapContents(first, second) => {
                let contents = [first, second].map(|entry| entries[at(entry)].content.clone());
                for (entry, content) in [second, first].into_iter().zip(contents) {
                    entries[at(entry)].set_content(content);
                }
            }
            Self::SwapNames(first, second) => {
                let swapped = [first, second].map(|entry| entries[at(entry)].name.clone());
                for (entry, name) in [second, first].into_iter().zip(swapped) {
                    entries[at(entry)].name = name;
                }
            }
            Self::Duplicate(entry, place) => {
                entries.insert(place.index(entries.len() + 1), before.0[at(entry)].clone());
            }
            Self::Cut(entry, length) => {
                let mut content = entries[at(entry)].content.clone();
                content.truncate(length.index(content.len() + 1));
                entries[at(entry)].set_content(content);
            }
            Self::Change(entry, bytes) => {
                let mut content = entries[at(entry)].content.clone();
                for (place, byte) in bytes.iter().filter(|_| !content.is_empty()).collect::<Vec<_>>() {
                    let place = place.index(content.len());
                    content[place] ^= byte;
                }
                entries[at(entry)].set_content(content);
            }
            Self::Append(entry, more) => {
                let content = [&entries[at(entry)].content, more.as_slice()].concat();
                entries[at(entry)].set_content(content);
            }
            Self::Move(from, to) => {
                let entry = entries.remove(at(from));
                entries.insert(at(to), entry);
            }
            Self::SwapPlaces(first, second) => entries.swap(at(first), at(second)),
            Self::SwapListed(first, second) => order.swap(at(first), at(second)),
            Self::Pack(entry, level) => {
                let entry = &mut entries[at(entry)];
                let method = if *level == 0 { STORED } else { DEFLATED };
                entry.pack(method, Compression::new(*level));
            }
            Self::Flag(entry, flag) => entries[at(entry)].flags ^= flag,
            Self::Time(entry, bits) => entries[at(entry)].time ^= bits,
            Self::Take(entry, place) => {
                let theirs = Container::parse(other).0;
                let taken = theirs[entry.index(theirs.len())].clone();
                names = with_parents(&taken.name);
                match entries.iter_mut().find(|entry| entry.name == taken.name) {
                    Some(entry) => {
                        names = vec![taken.name.clone()];
                        *entry = taken;
                    }
                    None => entries.insert(place.index(entries.len() + 1), taken),
                }
            }
            Self::TakeSigned | Self::TakeContent => {
                let mut theirs = Container::parse(other).0;
                if matches!(self, Self::TakeContent) {
                    std::mem::swap(entries, &mut theirs);
                }
                entries.retain(|entry| !is_signed(entry));
                entries.extend(theirs.into_iter().filter(is_signed));
            }
            _ => {}
        }
        if entries.len() != order.len() {
            order = (0..entries.len()).collect();
        }
        if names.is_empty() {
            names = self.touched().into_iter().map(|entry| before.0[at(entry)].name.clone()).collect();
        }
        Altered {
            bytes: after.to_bytes_listed(&order),
            names,
            is_other_content: before.contents() != after.contents(),
        }
    }

    /// The entries that are not what they were.
    fn touched(&self) -> Vec<&Index> {
        match self {
            Self::Remove(entry)
            | Self::Duplicate(entry, _)
            | Self::Cut(entry, _)
            | Self::Change(entry, _)
            | Self::Append(entry, _)
            | Self::Move(entry, _)
            | Self::Pack(entry, _)
            | Self::Flag(entry, _)
            | Self::Time(entry, _) => vec![entry],
            Self::SwapContents(first, second)
            | Self::SwapNames(first, second)
            | Self::SwapPlaces(first, second)
            | Self::SwapListed(first, second) => vec![first, second],
            _ => Vec::new(),
        }
    }
}

pub(super) fn alteration() -> impl Strategy<Value = Alteration> {
    let one = any::<Index>;
    let two = any::<(Index, Index)>;
    let bytes = |most: usize| prop::collection::vec(any::<u8>(), 0..most);
    let flags = prop_oneof![Just(DESCRIPTOR), (0..16_u16).prop_map(|bit| 1 << bit)];
    let changes = || prop::collection::vec((any::<Index>(), any::<u8>()), 1..4);
    let of_entries = prop_oneof![
        Just(Alteration::Nothing),
        one().prop_map(Alteration::Remove),
        two().prop_map(|(a, b)| Alteration::SwapContents(a, b)),
        two().prop_map(|(a, b)| Alteration::SwapNames(a, b)),
        two().prop_map(|(a, b)| Alteration::Duplicate(a, b)),
        two().prop_map(|(a, b)| Alteration::Cut(a, b)),
        (one(), changes()).prop_map(|(a, b)| Alteration::Change(a, b)),
        (one(), bytes(9)).prop_map(|(a, b)| Alteration::Append(a, b)),
        two().prop_map(|(a, b)| Alteration::Move(a, b)),
        two().prop_map(|(a, b)| Alteration::SwapPlaces(a, b)),
        two().prop_map(|(a, b)| Alteration::SwapListed(a, b)),
        (one(), 0..=9_u32).prop_map(|(a, b)| Alteration::Pack(a, b)),
        (one(), flags).prop_map(|(a, b)| Alteration::Flag(a, b)),
        (one(), 0..32_u8).prop_map(|(a, bit)| Alteration::Time(a, 1 << bit)),
        two().prop_map(|(a, b)| Alteration::Take(a, b)),
        Just(Alteration::TakeSigned),
        Just(Alteration::TakeContent),
    ];
    let of_bytes = prop_oneof![
        one().prop_map(Alteration::CutOff),
        changes().prop_map(Alteration::Flip),
        two().prop_map(|(a, b)| Alteration::Join(a, b)),
        (one(), bytes(9)).prop_map(|(a, b)| Alteration::Insert(a, b)),
        two().prop_map(|(a, b)| Alteration::Drop(a, b)),
    ];
    prop_oneof![4 => of_entries, 1 => of_bytes]
}
