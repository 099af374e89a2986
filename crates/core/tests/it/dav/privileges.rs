//! Who may do what: every verb, for every subject, with every privilege, granted at each level.

use saibo_core::dav::{self, Transfer};
use saibo_core::{Access, Subject};
use saibo_model::ErrorCode;
use saibo_model::privilege::{Level, Privilege};

use super::{Outcome, Tree, acl_body, code, get, put, somebody};

/// The verbs, with the privilege that each needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    GetMissing,
    GetCollection,
    GetBox,
    Options,
    PutExisting,
    PutNew,
    PutNewInMissing,
    Mkcol,
    MkcolExisting,
    Delete,
    DeleteMissing,
    DeleteCollection,
    DeleteBox,
    Propfind,
    PropfindMissing,
    Proppatch,
    ProppatchMissing,
    Acl,
    AclMissing,
    Move,
    MoveMissing,
    MoveBox,
    Copy,
    CopyMissing,
    CopyBox,
}

use Verb as V;

/// The verb, the privilege it needs, and what it answers then if that is an error.
const VERBS: [(Verb, Privilege, Option<ErrorCode>); 26] = [
    (V::Get, Privilege::Read, None),
    (V::GetMissing, Privilege::Read, Some(ErrorCode::ResourceNotFound)),
    (V::GetCollection, Privilege::Read, None),
    (V::GetBox, Privilege::Read, None),
    (V::Options, Privilege::Read, None),
    (V::PutExisting, Privilege::WriteContent, None),
    (V::PutNew, Privilege::Bind, None),
    (V::PutNewInMissing, Privilege::Bind, Some(ErrorCode::ParentNotFound)),
    (V::Mkcol, Privilege::Bind, None),
    (V::MkcolExisting, Privilege::Bind, Some(ErrorCode::ResourceAlreadyExists)),
    (V::Delete, Privilege::Unbind, None),
    (V::DeleteMissing, Privilege::Unbind, Some(ErrorCode::ResourceNotFound)),
    (V::DeleteCollection, Privilege::Unbind, Some(ErrorCode::HasChildren)),
    (V::DeleteBox, Privilege::Box, None),
    (V::Propfind, Privilege::ReadProperties, None),
    (V::PropfindMissing, Privilege::ReadProperties, Some(ErrorCode::ResourceNotFound)),
    (V::Proppatch, Privilege::WriteProperties, None),
    (V::ProppatchMissing, Privilege::WriteProperties, Some(ErrorCode::ResourceNotFound)),
    (V::Acl, Privilege::WriteAcl, None),
    (V::AclMissing, Privilege::WriteAcl, Some(ErrorCode::ResourceNotFound)),
    (V::Move, Privilege::Unbind, None),
    (V::MoveMissing, Privilege::Unbind, Some(ErrorCode::ResourceNotFound)),
    (V::MoveBox, Privilege::Write, Some(ErrorCode::MoveBox)),
    (V::Copy, Privilege::Read, None),
    (V::CopyMissing, Privilege::Read, Some(ErrorCode::ResourceNotFound)),
    (V::CopyBox, Privilege::Read, Some(ErrorCode::MoveBox)),
];

/// Does a verb on `box/col`, `box/col/file` or the Box, and makes it undone.
fn attempt(tree: &Tree, verb: Verb, access: &Access) -> Outcome<()> {
    let at = |path: &str| tree.request(access, path);
    let (file, missing) = ("box/col/file", "box/col/missing");
    let patch = b"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><a/></D:prop></D:set></D:propertyupdate>";
    let to = |to: &str| Transfer { destination: Some(format!("/cell/{to}")), ..Transfer::default() };
    let move_ = |path: &str, new: &str| dav::move_(&at(path), &to(new)).map_err(code).map(drop);
    // It needs `bind` at the destination as well, which everybody has there.
    let copy = |path: &str| {
        dav::copy(&at(path), &to("box/open/copy")).map_err(code)?;
        tree.delete("box/open/copy", None)
    };
    match verb {
        V::Get => get(at(file), None, None).map(drop),
        V::GetMissing => get(at(missing), None, None).map(drop),
        V::GetCollection => get(at("box/col"), None, None).map(drop),
        V::GetBox => {
            let request = at("box");
            let resolved = dav::resolve(&request).map_err(code)?;
            dav::box_metadata(&request, &resolved.resource).map_err(code).map(drop)
        }
        V::Options => {
            let request = at(file);
            let resolved = dav::resolve(&request).map_err(code)?;
            dav::options(&request, &resolved.resource).map_err(code)
        }
        V::PutExisting => put(at(file), b"", None).map(drop),
        V::PutNew => {
            put(at(missing), b"", None)?;
            tree.delete(missing, None)
        }
        V::PutNewInMissing => put(at("box/col/missing/file"), b"", None).map(drop),
        V::Mkcol => {
            dav::mkcol(&at(missing), b"").map_err(code)?;
            tree.delete(missing, None)
        }
        V::MkcolExisting => dav::mkcol(&at("box/col/inner"), b"").map_err(code).map(drop),
        V::Delete => {
            tree.put("box/col/victim", b"");
            let outcome = dav::delete(&at("box/col/victim"), None, None).map_err(code);
            if outcome.is_err() {
                tree.delete("box/col/victim", None).unwrap();
            }
            outcome
        }
        V::DeleteMissing => dav::delete(&at(missing), None, None).map_err(code),
        V::DeleteCollection => dav::delete(&at("box/col/inner"), None, None).map_err(code),
        // A main box stays after it was deleted, and with it these tests' tree.
        V::DeleteBox => dav::delete_box(&at("__"), Some("true")).map_err(code),
        V::Propfind => dav::propfind(&at(file), Some("0"), b"").map_err(code).map(drop),
        V::PropfindMissing => dav::propfind(&at(missing), Some("0"), b"").map_err(code).map(drop),
        V::Proppatch => dav::proppatch(&at(file), patch).map_err(code).map(drop),
        V::ProppatchMissing => dav::proppatch(&at(missing), patch).map_err(code).map(drop),
        V::Acl => dav::acl(&at(file), b"<D:acl xmlns:D='DAV:'/>").map_err(code).map(drop),
        V::AclMissing => dav::acl(&at(missing), b"").map_err(code).map(drop),
        V::Move => {
            // The same here.
            move_(file, "box/open/file")?;
            tree.move_to("box/open/file", file, "F").map(drop)
        }
        V::MoveMissing => move_(missing, "box/open/file"),
        V::MoveBox => move_("box", "box/open/box"),
        V::Copy => copy(file),
        V::CopyMissing => copy(missing),
        V::CopyBox => copy("box"),
    }
}

fn tree() -> Tree {
    let tree = Tree::new();
    for collection in ["box/col", "box/col/inner", "box/open"] {
        tree.mkcol(collection, "");
    }
    tree.put("box/col/file", b"");
    tree.put("box/col/inner/file", b"");
    tree.acl("box/open", "<D:all/>", "<D:bind/>");
    tree
}

/// Grants a privilege to the role at a level: the Cell, the Box or the collection.
fn grant(tree: &Tree, level: &str, privilege: Privilege) {
    let body = acl_body("<D:href>role</D:href>", &format!("<{}/>", privilege.qualified_name()));
    if level.is_empty() {
        dav::cell::acl(&tree.fixture.unit, &tree.cell, &tree.master(), body.as_bytes()).unwrap();
    } else {
        dav::acl(&tree.request(&tree.master(), level), body.as_bytes()).unwrap();
    }
}

fn revoke(tree: &Tree, level: &str) {
    let body = b"<D:acl xmlns:D='DAV:'/>";
    if level.is_empty() {
        dav::cell::acl(&tree.fixture.unit, &tree.cell, &tree.master(), body).unwrap();
    } else {
        dav::acl(&tree.request(&tree.master(), level), body).unwrap();
    }
}

/// Whether a level's ACL counts for a verb: a Box's own verbs do not look at its collections.
fn counts(level: &str, verb: Verb) -> bool {
    match verb {
        V::DeleteBox => level.is_empty(),
        V::GetBox | V::MoveBox | V::CopyBox => level != "box/col",
        // The collection's own ACL says who may take its members away, not itself.
        _ => true,
    }
}

#[test]
fn every_privilege_allows_what_it_includes_and_nothing_else() {
    let tree = tree();
    let member = tree.member();
    for level in ["", "box", "box/col"] {
        for &privilege in Privilege::ALL_OF_THEM {
            if !level.is_empty() && privilege.level() == Level::Cell {
                continue;
            }
            grant(&tree, level, privilege);
            for (verb, needed, error) in VERBS {
                let expected = match privilege.includes(needed) && counts(level, verb) {
                    true => error.map_or(Ok(()), Err),
                    false => Err(ErrorCode::NecessaryPrivilegeLacking),
                };
                let outcome = attempt(&tree, verb, &member);
                assert_eq!(outcome, expected, "{verb:?} with {privilege} on {level:?}");
            }
        }
        revoke(&tree, level);
    }
}

#[test]
fn without_a_grant_it_depends_on_who_asks() {
    let tree = tree();
    let expired = ErrorCode::AccessTokenExpired;
    let subjects = [
        (Subject::Anonymous, Some(ErrorCode::AuthorizationRequired)),
        (Subject::Invalid(expired), Some(expired)),
        (Subject::Resident("account".to_owned()), Some(ErrorCode::NecessaryPrivilegeLacking)),
        (Subject::Visitor("http://x/#y".to_owned()), Some(ErrorCode::NecessaryPrivilegeLacking)),
        (Subject::Basic("account".to_owned()), Some(ErrorCode::NecessaryPrivilegeLacking)),
        (Subject::UnitUser("http://other/".to_owned()), Some(ErrorCode::NecessaryPrivilegeLacking)),
        (Subject::UnitMaster, None),
    ];
    for (subject, refused) in subjects {
        let access = somebody(subject, &[]);
        for (verb, _, error) in VERBS {
            let expected = match refused {
                Some(code) => Err(code),
                None => error.map_or(Ok(()), Err),
            };
            assert_eq!(attempt(&tree, verb, &access), expected, "{verb:?} by {:?}", access.subject);
        }
    }
}

#[test]
fn what_all_may_do_those_with_a_bad_token_may_too() {
    let tree = tree();
    tree.acl("box", "<D:all/>", "<D:all/>");
    let subjects = [
        Subject::Anonymous,
        Subject::Invalid(ErrorCode::AccessTokenParse),
        Subject::Resident("account".to_owned()),
        Subject::Basic("account".to_owned()),
    ];
    for subject in subjects {
        let access = somebody(subject, &[]);
        for (verb, needed, error) in VERBS {
            if needed.level() == Level::Box {
                let expected = error.map_or(Ok(()), Err);
                assert_eq!(attempt(&tree, verb, &access), expected, "{verb:?} by {:?}", access.subject);
            }
        }
    }
}

#[test]
fn the_own_acl_of_a_file_does_not_let_it_be_taken_away() {
    let tree = tree();
    tree.acl("box/col/file", "<D:href>role</D:href>", "<D:all/>");
    let member = tree.member();
    assert_eq!(attempt(&tree, V::PutExisting, &member), Ok(()));
    let delete = dav::delete(&tree.request(&member, "box/col/file"), None, None).map_err(code);
    assert_eq!(delete, Err(ErrorCode::NecessaryPrivilegeLacking));
    assert_eq!(attempt(&tree, V::Move, &member), Err(ErrorCode::NecessaryPrivilegeLacking));
    tree.acl("box/col", "<D:href>role</D:href>", "<D:unbind/>");
    assert_eq!(attempt(&tree, V::Move, &member), Ok(()));
}
