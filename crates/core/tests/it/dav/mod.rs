//! WebDAV use cases.

mod collections;
mod copies;
mod copies_refused;
mod files;
mod moves;
mod privileges;
mod properties;

use std::io::Read as _;
use std::sync::atomic::{AtomicI64, Ordering};

use saibo_core::dav::{self, Found, Got, Made, Put, Request, Transfer, Transferred, Upload};
use saibo_core::{Access, Cell, Subject};
use saibo_model::{Document, EntitySet, Error, ErrorCode, Id, Kind};
use saibo_oauth::scope::Scopes;
use saibo_store::StoreExt as _;

use crate::support::Fixture;

/// A Cell with a Box `box` and a Role `role`.
pub(crate) struct Tree {
    pub(crate) fixture: Fixture,
    pub(crate) cell: Cell,
    pub(crate) role: Id,
    now: AtomicI64,
}

/// Says no more of an error than its code.
pub(crate) type Outcome<T> = Result<T, ErrorCode>;

fn code(error: Error) -> ErrorCode {
    error.code()
}

/// An ACL body that grants a privilege, such as `D:read`, to a principal's element.
pub(crate) fn acl_body(principal: &str, privileges: &str) -> String {
    format!(
        "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns' \
         xml:base='http://localhost:9998/cell/__role/__/'><D:ace><D:principal>{principal}</D:principal>\
         <D:grant><D:privilege>{privileges}</D:privilege></D:grant></D:ace></D:acl>"
    )
}

/// The body of a MKCOL.
pub(crate) fn mkcol_body(kind: &str) -> String {
    format!(
        "<D:mkcol xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns'><D:set><D:prop><D:resourcetype>\
         <D:collection/>{kind}</D:resourcetype></D:prop></D:set></D:mkcol>"
    )
}

pub(crate) fn document(set: EntitySet, key: &str, parent: Option<&Id>, body: &str) -> Document {
    Document {
        seq: 0,
        id: Id::random(),
        set,
        key: key.to_owned(),
        parent: parent.cloned(),
        peer: None,
        version: 1,
        published: 1,
        updated: 1,
        body: body.to_owned(),
        hidden: None,
        extra: None,
    }
}

impl Tree {
    pub(crate) fn new() -> Self {
        let fixture = Fixture::new();
        let cell = fixture.cell("cell");
        let role = document(EntitySet::control(Kind::Role), "role", None, r#"{"Name":"role"}"#);
        let tree = Self { fixture, cell, role: role.id.clone(), now: AtomicI64::new(1_000) };
        tree.put_document(role);
        tree.put_document(document(EntitySet::control(Kind::Box), "box", None, r#"{"Name":"box"}"#));
        tree
    }

    pub(crate) fn put_document(&self, mut document: Document) {
        self.cell.store().write(move |tx| tx.put_document(&mut document)).unwrap();
    }

    pub(crate) fn request(&self, access: &Access, path: &str) -> Request {
        let mut names = path.split('/').map(str::to_owned);
        Request {
            unit: self.fixture.unit.clone(),
            cell: self.cell.clone(),
            access: access.clone(),
            box_name: names.next().unwrap(),
            path: names.collect(),
            now: self.now.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Somebody with the role.
    pub(crate) fn member(&self) -> Access {
        somebody(Subject::Resident("account".to_owned()), &[&self.role])
    }

    pub(crate) fn master(&self) -> Access {
        self.fixture.master()
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> Put {
        put(self.request(&self.master(), path), bytes, None).unwrap()
    }

    pub(crate) fn mkcol(&self, path: &str, kind: &str) {
        let made = dav::mkcol(&self.request(&self.master(), path), mkcol_body(kind).as_bytes()).unwrap();
        assert!(matches!(made, Made::Created(_)));
    }

    pub(crate) fn acl(&self, path: &str, principal: &str, privileges: &str) {
        let body = acl_body(principal, privileges);
        dav::acl(&self.request(&self.master(), path), body.as_bytes()).unwrap();
    }

    pub(crate) fn propfind(&self, path: &str, depth: &str) -> Found {
        dav::propfind(&self.request(&self.master(), path), Some(depth), b"").unwrap()
    }

    pub(crate) fn hrefs(&self, path: &str) -> Vec<String> {
        let prefix = format!("{}{path}", self.cell.url());
        let responses = self.propfind(path, "1").multistatus.responses;
        responses.into_iter().map(|r| r.href.strip_prefix(&prefix).unwrap().to_owned()).collect()
    }

    pub(crate) fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        get(self.request(&self.master(), path), None, None)
    }

    pub(crate) fn delete(&self, path: &str, recursive: Option<&str>) -> Outcome<()> {
        dav::delete(&self.request(&self.master(), path), None, recursive).map_err(code)
    }

    /// How many contents are kept outside the store.
    pub(crate) fn blobs(&self) -> usize {
        walk(self.fixture.folder.path()).into_iter().filter(|name| name.len() == 64).count()
    }

    pub(crate) fn move_to(&self, path: &str, to: &str, overwrite: &str) -> Outcome<Transferred> {
        let headers = Transfer {
            destination: Some(format!("{}{to}", self.cell.url())),
            overwrite: Some(overwrite.to_owned()),
            ..Transfer::default()
        };
        dav::move_(&self.request(&self.master(), path), &headers).map_err(code)
    }
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => names.extend(walk(&entry.path())),
            false => names.push(entry.file_name().into_string().unwrap()),
        }
    }
    names
}

pub(crate) fn somebody(subject: Subject, roles: &[&Id]) -> Access {
    let roles = roles.iter().copied().cloned().collect();
    Access { roles, scopes: ["root"].into_iter().collect::<Scopes>(), ..Access::of(subject) }
}

pub(crate) fn put(request: Request, bytes: &[u8], if_match: Option<&str>) -> Outcome<Put> {
    let mut upload = Upload::begin(request, Some("text/plain".to_owned()), if_match.map(str::to_owned), None)
        .map_err(code)?;
    upload.write(bytes).map_err(code)?;
    upload.commit().map_err(code)
}

/// The bytes of a file, or the URL of a collection.
pub(crate) fn get(request: Request, if_none_match: Option<&str>, range: Option<&str>) -> Outcome<Vec<u8>> {
    let resolved = dav::resolve_for_get(&request).map_err(code)?;
    match dav::get(&request, resolved, if_none_match, range).map_err(code)? {
        Got::NotModified(_) => Ok(b"not modified".to_vec()),
        Got::Collection(url) => Ok(url.into_bytes()),
        Got::File(file) => {
            let mut bytes = Vec::new();
            file.content.take(file.length).read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, file.length);
            Ok(bytes)
        }
    }
}
