//! Snapshots of all forms: what one is made of, and another one of the same Cell.

use std::borrow::Cow;
use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use saibo_archive::{Base, Origin, SnapshotWriter};
use saibo_model::{Id, Kind, Moment, NodeKind, Removed};

use crate::build::{CELL, CREATED, begin, document, file, key, link, meta, origin};

/// What a snapshot is made of.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    created: i64,
    /// The index of each one's kind, and a text of it.
    documents: Vec<(usize, String)>,
    links: Vec<(u8, u8)>,
    collections: Vec<NodeKind>,
    /// In which of the collections, of which type, with what content.
    files: Vec<(prop::sample::Index, &'static str, Vec<u8>)>,
    last: Last,
}

/// What comes after the resources.
#[derive(Clone, Debug)]
enum Last {
    Nothing,
    /// It names the moment that it is of.
    Moment,
    /// It is incremental: what was removed.
    Removed(Vec<u8>),
    /// The readable copy: its pages.
    Readable(Vec<String>),
}

impl Plan {
    /// The signed snapshot.
    pub(super) fn build(&self) -> Vec<u8> {
        let mut origin = Origin { created: self.created, ..origin() };
        if matches!(self.last, Last::Moment | Last::Removed(_)) {
            origin.moment = Some(Moment { generation: "g".to_owned(), number: 7 });
        }
        if matches!(self.last, Last::Removed(_)) {
            origin.base = Some(Base { name: "base".to_owned(), sha256: "00".repeat(32) });
        }
        let mut writer = SnapshotWriter::new(Vec::new(), Cursor::new(Vec::new()), origin).unwrap();
        begin(&mut writer);
        let mut documents: Vec<_> = self.documents.iter().enumerate().collect();
        documents.sort_by_key(|(_, (kind, _))| *kind);
        for (number, (kind, text)) in documents {
            let (id, fields) = (format!("id-{number}"), format!(r#"{{"Name":"{text}","__id":"{text}"}}"#));
            let mut line = document(Kind::IN_CELL[*kind], &id, &fields);
            line.box_id = (number % 2 == 0).then_some(Cow::Borrowed(CELL));
            writer.document(&line).unwrap();
        }
        for (first, second) in &self.links {
            writer.link(&link(&format!("id-{first}"), &format!("id-{second}"))).unwrap();
        }
        writer.collection("", &meta(NodeKind::Cell, "root")).unwrap();
        let mut paths = vec!["__".to_owned()];
        writer.collection("__", &meta(NodeKind::Box, "main")).unwrap();
        for (number, kind) in self.collections.iter().enumerate() {
            // Each second one is in the one before it.
            let path = format!("{}/c{number} 深い", paths[if number % 2 == 0 { 0 } else { number }]);
            writer.collection(&path, &meta(*kind, &format!("collection {number}"))).unwrap();
            paths.push(path);
        }
        for (number, (place, media_type, content)) in self.files.iter().enumerate() {
            let path = format!("{}/f{number}.x", paths[place.index(paths.len())]);
            file(&mut writer, &path, media_type, content).unwrap();
        }
        match &self.last {
            Last::Nothing | Last::Moment => {}
            Last::Removed(removed) => {
                for (number, how) in removed.iter().enumerate() {
                    let id = |text: &str| Id::from(format!("{text}{number}").as_str());
                    let removed = match how % 3 {
                        0 => Removed::Document { kind: Kind::Role, id: id("d") },
                        1 => Removed::Link { first: id("a"), second: id("b") },
                        _ => Removed::Node { id: id("n") },
                    };
                    writer.removed(&removed).unwrap();
                }
            }
            Last::Readable(pages) => {
                let mut page = writer.readable("index.html").unwrap();
                for (number, text) in pages.iter().enumerate() {
                    page.write_all(text.as_bytes()).unwrap();
                    page.next(&format!("readable/p{number}.html")).unwrap();
                }
                page.end().unwrap();
            }
        }
        writer.finish(&key()).unwrap().0
    }
}

/// A text that can be in JSON as it is.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("a name".to_owned()), Just("深い".repeat(20)), "[a-z ]{0,40}"]
}

/// Contents that shrink and that do not, most of them short; long ones are written piece by piece.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let repeated = |text: &'static str| move |times: usize| text.as_bytes().repeat(times);
    let noise = |length: usize| {
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(length as u64);
            Some((*state >> 33) as u8)
        };
        std::iter::repeat(()).scan(1, move |state, ()| next(state)).take(length).collect()
    };
    prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..60),
        8 => (0..60_usize).prop_map(repeated("text that is repeated, ")),
        1 => (20_000..40_000_usize).prop_map(repeated("a long text ")),
        1 => (262_145..300_000_usize).prop_map(noise),
    ]
}

fn last() -> impl Strategy<Value = Last> {
    prop_oneof![
        Just(Last::Nothing),
        Just(Last::Moment),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Last::Removed),
        prop::collection::vec(text(), 0..3).prop_map(Last::Readable),
    ]
}

pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let kinds = prop::sample::select(vec![NodeKind::WebDav, NodeKind::OData, NodeKind::Service]);
    let types = prop::sample::select(vec!["text/plain", "image/png"]);
    (
        prop::sample::select(vec![CREATED, CREATED + 60_000]),
        prop::collection::vec((0..Kind::IN_CELL.len(), text()), 0..8),
        prop::collection::vec(any::<(u8, u8)>(), 0..4),
        prop::collection::vec(kinds, 0..4),
        prop::collection::vec((any::<prop::sample::Index>(), types, content()), 0..5),
        last(),
    )
        .prop_map(|(created, documents, links, collections, files, last)| Plan {
            created,
            documents,
            links,
            collections,
            files,
            last,
        })
}

/// What another snapshot of the Cell is, compared with the first.
#[derive(Clone, Debug)]
pub(super) enum Later {
    /// The very same.
    Same,
    /// Nothing was changed, but it was made later.
    Anew,
    /// One more document.
    More(usize, String),
    /// Everything was changed.
    Another(Plan),
}

impl Later {
    pub(super) fn of(&self, first: &Plan) -> Plan {
        let mut plan = first.clone();
        match self {
            Self::Same => {}
            Self::Anew => plan.created += 60_000,
            Self::More(kind, text) => plan.documents.push((*kind, text.clone())),
            Self::Another(another) => plan = another.clone(),
        }
        plan
    }
}

pub(super) fn later() -> impl Strategy<Value = Later> {
    prop_oneof![
        1 => Just(Later::Same),
        2 => Just(Later::Anew),
        3 => (0..Kind::IN_CELL.len(), text()).prop_map(|(kind, text)| Later::More(kind, text)),
        4 => plan().prop_map(Later::Another),
    ]
}
