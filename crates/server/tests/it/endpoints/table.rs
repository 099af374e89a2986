//! The rows.

use std::fmt;

/// Nobody looks at who it is: it is for everybody, or there is no such thing.
const ALL: &str = "· · · · · · · · ·";

/// Who has the privilege at the Cell. Basic authentication is not accepted there.
const CELL: &str = "401 401 403 · 403 403 403 · 401";

/// Who has the privilege in the Box.
const BOX: &str = "401 401 403 · 403 403 403 · ·";

/// The unit users whose Cell it is.
const OWNER: &str = "401 401 403 403 403 · 403 · 401";

/// All unit users. A token of a Cell is none at the unit.
const UNIT: &str = "401 401 401 401 403 · · · 401";

/// The same, for a Cell of theirs.
const OWNED: &str = "401 401 401 401 403 · 403 · 401";

/// `OPTIONS` without credentials is what browsers send ahead of a request, and answered with what could be sent.
const CELL_OPTIONS: &str = "· 401 403 · 403 403 403 · 401";
const BOX_OPTIONS: &str = "· 401 403 · 403 403 403 · ·";
const UNIT_OPTIONS: &str = "· 401 401 401 403 · · · 401";

/// A method of a path, who may, and what it is answered with if they may.
pub(super) struct Row {
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    /// With `{n}` for a number that is another one for each request.
    pub(super) path: &'static str,
    pub(super) privilege: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: &'static str,
    /// What is done before each request, so that all of them find the same.
    pub(super) before: Vec<(&'static str, &'static str, &'static str)>,
    pub(super) status: u16,
    pub(super) answers: Vec<&'static str>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.privilege)
    }
}

fn row(route: &'static str, method: &'static str, path: &'static str, privilege: &'static str) -> Row {
    let (headers, body, before) = (Vec::new(), "", Vec::new());
    Row { method, route, path, privilege, headers, body, before, status: 0, answers: Vec::new() }
}

impl Row {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    fn after(mut self, method: &'static str, path: &'static str, body: &'static str) -> Self {
        self.before.push((method, path, body));
        self
    }

    /// Whom it is answered with that status, and what the others are told.
    fn is(mut self, status: u16, answers: &'static str) -> Self {
        self.status = status;
        self.answers = answers.split(' ').collect();
        self
    }
}

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    [of_the_unit(), jobs(), tokens(), objects(), of_the_cell(), of_the_box(), in_the_box(), entities()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_the_unit() -> Vec<Row> {
    const ONE: &str = "/__ctl/{rest}";
    let cell = |method, path: &'static str| {
        row(ONE, method, path, "").after("POST", "/__ctl/Cell", r#"{"Name":"cell{n}"}"#)
    };
    vec![
        row("/", "GET", "/", "").is(200, ALL),
        row("/crossdomain.xml", "GET", "/crossdomain.xml", "").is(200, ALL),
        row("/__ctl", "OPTIONS", "/__ctl", "").is(200, UNIT_OPTIONS),
        row("/__ctl", "GET", "/__ctl", "").is(200, UNIT),
        row("/__ctl", "POST", "/__ctl", "").is(405, ALL),
        row("/__ctl", "PUT", "/__ctl", "").is(405, ALL),
        row("/__ctl", "MERGE", "/__ctl", "").is(405, ALL),
        row("/__ctl", "DELETE", "/__ctl", "").is(405, ALL),
        row(ONE, "OPTIONS", "/__ctl/Cell", "").is(200, UNIT_OPTIONS),
        row(ONE, "GET", "/__ctl/Cell", "").is(200, UNIT),
        row(ONE, "GET", "/__ctl/Cell('home')", "").is(200, OWNED),
        row(ONE, "GET", "/__ctl/$metadata", "").is(200, ALL),
        row(ONE, "POST", "/__ctl/Cell", "").body(r#"{"Name":"made{n}"}"#).is(201, UNIT),
        cell("PUT", "/__ctl/Cell('cell{n}')").body(r#"{"Name":"put{n}"}"#).is(204, OWNED),
        cell("MERGE", "/__ctl/Cell('cell{n}')").body(r#"{"Name":"merged{n}"}"#).is(204, OWNED),
        cell("DELETE", "/__ctl/Cell('cell{n}')").is(204, OWNED),
    ]
}

fn jobs() -> Vec<Row> {
    const FILE: &str = "/{cell}/__snapshot/{file}";
    const UPLOAD: &str = "/{cell}/__snapshot/__upload/{upload}";
    const SCHEDULE: &str = "/{cell}/__export/schedule";
    const SET: &str = "/home/__export/schedule";
    const YEARLY: &str = r#"{"Cron":"@yearly"}"#;
    let settled = |row: Row| row.after("settle", "", "");
    let root = |route, method, path| row(route, method, path, "p:root");
    vec![
        root("/{cell}/__export", "OPTIONS", "/home/__export").is(200, CELL_OPTIONS),
        root("/{cell}/__export", "GET", "/home/__export").is(200, CELL),
        settled(root("/{cell}/__export", "POST", "/home/__export"))
            .body(r#"{"Name":"made{n}"}"#)
            .is(202, CELL),
        settled(root("/{cell}/__export", "DELETE", "/home/__export")).is(405, CELL),
        root("/{cell}/__export/history", "GET", "/home/__export/history").is(200, CELL),
        root(SCHEDULE, "OPTIONS", "/home/__export/schedule").is(200, CELL_OPTIONS),
        root(SCHEDULE, "PUT", "/home/__export/schedule").body(YEARLY).after("PUT", SET, YEARLY).is(200, CELL),
        root(SCHEDULE, "GET", "/home/__export/schedule").is(200, CELL),
        root(SCHEDULE, "DELETE", "/home/__export/schedule").after("PUT", SET, YEARLY).is(204, CELL),
        root("/{cell}/__import", "OPTIONS", "/home/__import").is(200, CELL_OPTIONS),
        root("/{cell}/__import", "GET", "/home/__import").is(200, CELL),
        settled(root("/{cell}/__import", "POST", "/home/__import"))
            .body(r#"{"Name":"kept","DryRun":true}"#)
            .is(202, CELL),
        settled(root("/{cell}/__import", "DELETE", "/home/__import")).is(405, CELL),
        root("/{cell}/__import/history", "GET", "/home/__import/history").is(200, CELL),
        root("/{cell}/__move", "OPTIONS", "/home/__move").is(200, CELL_OPTIONS),
        root("/{cell}/__move", "GET", "/home/__move").is(200, CELL),
        root("/{cell}/__move", "POST", "/home/__move").body("{}").is(400, CELL),
        root("/{cell}/__move", "DELETE", "/home/__move").is(405, CELL),
        row("/{cell}/__move/former", "GET", "/home/__move/former", "p:sign").is(200, ALL),
        root("/{cell}/__move/history", "GET", "/home/__move/history").is(200, CELL),
        root("/{cell}/__snapshot", "OPTIONS", "/home/__snapshot").is(200, CELL_OPTIONS),
        root("/{cell}/__snapshot", "PROPFIND", "/home/__snapshot").with("Depth", "1").is(207, CELL),
        root(FILE, "OPTIONS", "/home/__snapshot/kept.zip").is(200, CELL_OPTIONS),
        root(FILE, "GET", "/home/__snapshot/kept.zip").is(200, CELL),
        root(FILE, "PUT", "/home/__snapshot/put{n}.zip").body("bytes").is(201, CELL),
        root(FILE, "DELETE", "/home/__snapshot/put{n}.zip")
            .after("PUT", "/home/__snapshot/put{n}.zip", "bytes")
            .is(204, CELL),
        root(FILE, "PROPFIND", "/home/__snapshot/kept.zip").with("Depth", "0").is(207, CELL),
        root("/{cell}/__snapshot", "POST", "/home/__snapshot")
            .with("Tus-Resumable", "1.0.0")
            .with("Upload-Length", "5")
            .with("Upload-Metadata", "filename cy56aXA=")
            .is(201, CELL),
        root(UPLOAD, "OPTIONS", "/home/__snapshot/__upload/none").is(200, CELL_OPTIONS),
        root(UPLOAD, "HEAD", "/home/__snapshot/__upload/none").with("Tus-Resumable", "1.0.0").is(404, CELL),
        root(UPLOAD, "PATCH", "/home/__snapshot/__upload/none")
            .with("Tus-Resumable", "1.0.0")
            .with("Upload-Offset", "0")
            .with("Content-Type", "application/offset+octet-stream")
            .body("bytes")
            .is(404, CELL),
        root(UPLOAD, "DELETE", "/home/__snapshot/__upload/none").with("Tus-Resumable", "1.0.0").is(404, CELL),
        root("/{cell}/__snapshot/{rest}", "GET", "/home/__snapshot/a/b").is(404, ALL),
    ]
}

fn tokens() -> Vec<Row> {
    const LOGIN: &str = "grant_type=password&username=plain&password=password1";
    const AUTHZ: &str = "/home/__authz?client_id=https://app.example/&redirect_uri=https://app.example/&\
                         response_type=code";
    const DISCOVERY: &str = "/{cell}/.well-known/openid-configuration";
    let at = |route, method, path| {
        row(route, method, path, "p:sign").with("Content-Type", "application/x-www-form-urlencoded")
    };
    vec![
        at("/{cell}/__token", "POST", "/home/__token")
            .body(LOGIN)
            .is(200, "· 400 400 400 400 400 400 400 400"),
        at("/{cell}/__authz", "GET", AUTHZ).is(200, ALL),
        at("/{cell}/__authz", "POST", "/home/__authz").is(303, ALL),
        at("/{cell}/__introspect", "POST", "/home/__introspect")
            .body("token=x")
            .is(200, "401 403 403 403 403 · 403 · 403"),
        at("/{cell}/__certs", "GET", "/home/__certs").is(200, ALL),
        at("/{cell}/__sign", "POST", "/home/__sign").body("text").is(200, CELL),
        at("/{cell}/__mypassword", "PUT", "/home/__mypassword")
            .with("X-Personium-Credential", "password1")
            .is(204, "401 401 · · 403 403 403 403 401"),
        at("/{cell}/__html/error", "GET", "/home/__html/error?code=PR400-AZ-0002").is(200, ALL),
        at(DISCOVERY, "GET", "/home/.well-known/openid-configuration").is(200, ALL),
    ]
}

/// Control objects. Each kind has its privileges.
fn objects() -> Vec<Row> {
    const ALONE: &str = "/{cell}/__ctl";
    const ONE: &str = "/{cell}/__ctl/{rest}";
    let get = |path, privilege| row(ONE, "GET", path, privilege).is(200, CELL);
    let post = |path, privilege, body| row(ONE, "POST", path, privilege).body(body).is(201, CELL);
    let role = |method, path: &'static str| {
        row(ONE, method, path, "p:auth").after("POST", "/home/__ctl/Role", r#"{"Name":"role{n}"}"#)
    };
    vec![
        row(ALONE, "OPTIONS", "/home/__ctl", "p:root").is(200, CELL_OPTIONS),
        row(ALONE, "GET", "/home/__ctl", "p:root").is(200, CELL),
        row(ALONE, "POST", "/home/__ctl", "").is(405, ALL),
        row(ALONE, "PUT", "/home/__ctl", "").is(405, ALL),
        row(ALONE, "MERGE", "/home/__ctl", "").is(405, ALL),
        row(ALONE, "DELETE", "/home/__ctl", "").is(405, ALL),
        row(ONE, "OPTIONS", "/home/__ctl/Role", "p:auth-read").is(200, CELL_OPTIONS),
        row(ONE, "GET", "/home/__ctl/$metadata", "").is(200, ALL),
        get("/home/__ctl/Account", "p:auth-read"),
        get("/home/__ctl/Account('plain')", "p:auth-read"),
        get("/home/__ctl/Role", "p:auth-read"),
        get("/home/__ctl/ExtRole", "p:auth-read"),
        get("/home/__ctl/ExtCell", "p:social-read"),
        get("/home/__ctl/Relation", "p:social-read"),
        get("/home/__ctl/Box", "p:box-read"),
        get("/home/__ctl/Rule", "p:rule-read"),
        get("/home/__ctl/ReceivedMessage", "p:message-read"),
        get("/home/__ctl/SentMessage", "p:message-read"),
        get("/home/__ctl/Account('plain')/$links/_Role", "p:auth-read"),
        get("/home/__ctl/Account('plain')/_Role", "p:auth-read"),
        post("/home/__ctl/Account", "p:auth", r#"{"Name":"made{n}"}"#),
        post("/home/__ctl/Role", "p:auth", r#"{"Name":"made{n}"}"#),
        post("/home/__ctl/Relation", "p:social", r#"{"Name":"made{n}"}"#),
        post("/home/__ctl/ExtCell", "p:social", r#"{"Url":"https://{n}.example/"}"#),
        post("/home/__ctl/Box", "p:box", r#"{"Name":"made{n}"}"#),
        post("/home/__ctl/Rule", "p:rule", r#"{"Name":"made{n}","Action":"log"}"#),
        post("/home/__ctl/Account('plain')/_Role", "p:auth", r#"{"Name":"linked{n}"}"#),
        role("POST", "/home/__ctl/Account('plain')/$links/_Role")
            .body(r#"{"uri":"URL/home/__ctl/Role('role{n}')"}"#)
            .is(204, CELL),
        role("PUT", "/home/__ctl/Role('role{n}')").body(r#"{"Name":"put{n}"}"#).is(204, CELL),
        role("MERGE", "/home/__ctl/Role('role{n}')").body(r#"{"Name":"merged{n}"}"#).is(204, CELL),
        role("DELETE", "/home/__ctl/Role('role{n}')").is(204, CELL),
    ]
}

fn of_the_cell() -> Vec<Row> {
    let at = |method, privilege| row("/{cell}", method, "/home", privilege);
    let message = |route, path, privilege| row(route, "POST", path, privilege);
    const RECEIVED: &str = "/{cell}/__message/received/{id}";
    vec![
        message("/{cell}/__message/send", "/home/__message/send", "p:message")
            .body(r#"{"To":"URL/home/","Title":"{n}"}"#)
            .is(201, CELL),
        // A Cell alone, with a token of its own: nobody of these.
        message("/{cell}/__message/port", "/home/__message/port", "p:root")
            .is(201, "401 401 403 403 403 403 403 403 403"),
        message(RECEIVED, "/home/__message/received/none", "p:message")
            .body(r#"{"Command":"read"}"#)
            .is(404, CELL),
        row("/{cell}/__role", "GET", "/home/__role", "p:auth-read").is(200, CELL),
        row("/{cell}/__role/{box}", "GET", "/home/__role/box", "p:auth-read").is(200, CELL),
        row("/{cell}/__role/{box}/{role}", "GET", "/home/__role/box/members", "p:auth-read").is(200, CELL),
        row("/{cell}/__box", "GET", "/home/__box?schema=https://app.example/", "p:root").is(200, CELL),
        at("OPTIONS", "p:social-read").is(200, CELL_OPTIONS),
        at("GET", "").with("Accept", "application/json").is(200, ALL),
        row("/{cell}", "DELETE", "/cell{n}", "")
            .with("X-Personium-Recursive", "true")
            .after("POST", "/__ctl/Cell", r#"{"Name":"cell{n}"}"#)
            .is(204, "401 401 401 401 401 · 403 · 401"),
        at("PROPFIND", "p:propfind").with("Depth", "0").is(207, CELL),
        at("PROPPATCH", "p:root").body(PATCH).is(207, OWNER),
        at("ACL", "p:acl").body(CELL_ACL).is(200, CELL),
    ]
}

fn of_the_box() -> Vec<Row> {
    const BOX_: &str = "/{cell}/{box}";
    let at = |method, privilege| row(BOX_, method, "/home/box", privilege);
    vec![
        at("OPTIONS", "D:read").is(200, BOX_OPTIONS),
        at("GET", "D:read").is(200, BOX),
        at("POST", "").is(405, ALL),
        at("PUT", "").is(405, ALL),
        at("MERGE", "").is(405, ALL),
        row(BOX_, "DELETE", "/home/box{n}", "p:box")
            .with("X-Personium-Recursive", "true")
            .after("POST", "/home/__ctl/Box", r#"{"Name":"box{n}"}"#)
            .is(204, BOX),
        row(BOX_, "MKCOL", "/home/new{n}", "p:box-install").is(400, CELL),
        at("COPY", "D:read").is(400, BOX),
        at("MOVE", "D:write").is(400, BOX),
        at("PROPFIND", "D:read-properties").with("Depth", "0").is(207, BOX),
        at("PROPPATCH", "D:write-properties").body(PATCH).is(207, BOX),
        at("ACL", "D:write-acl").body(BOX_ACL).is(200, BOX),
        at("REPORT", "").is(501, ALL),
    ]
}

const PATCH: &str = "<D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'><D:set><D:prop><x:a>1</x:a></D:prop></D:set>\
                     </D:propertyupdate>";
/// What the row has granted, once more: who comes later in the row needs it, too.
const CELL_ACL: &str = "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns' xml:base='URL/home/__role/__/'>\
                        <D:ace><D:principal><D:href>members</D:href></D:principal><D:grant><D:privilege><p:acl/>\
                        </D:privilege></D:grant></D:ace></D:acl>";
const BOX_ACL: &str = "<D:acl xmlns:D='DAV:' xml:base='URL/home/__role/__/'><D:ace><D:principal>\
                       <D:href>members</D:href></D:principal><D:grant><D:privilege><D:write-acl/></D:privilege>\
                       </D:grant></D:ace></D:acl>";

fn in_the_box() -> Vec<Row> {
    const IN: &str = "/{cell}/{box}/{rest}";
    let at = |method, path, privilege| row(IN, method, path, privilege);
    let fresh = |row: Row| row.after("PUT", "/home/box/file{n}", "text");
    vec![
        at("OPTIONS", "/home/box/file", "D:read").is(200, BOX_OPTIONS),
        at("GET", "/home/box/file", "D:read").is(200, BOX),
        at("GET", "/home/box/missing", "D:read").is(404, BOX),
        at("POST", "/home/box/file", "").is(405, ALL),
        at("PUT", "/home/box/file", "D:write-content").body("text").is(204, BOX),
        at("PUT", "/home/box/made{n}", "D:bind").body("text").is(201, BOX),
        fresh(at("DELETE", "/home/box/file{n}", "D:unbind")).is(204, BOX),
        at("MKCOL", "/home/box/folder{n}", "D:bind").body(super::FOLDER).is(201, BOX),
        fresh(at("COPY", "/home/box/file{n}", "D:all"))
            .with("Destination", "URL/home/box/copied{n}")
            .is(201, BOX),
        fresh(at("MOVE", "/home/box/file{n}", "D:write"))
            .with("Destination", "URL/home/box/moved{n}")
            .is(201, BOX),
        at("PROPFIND", "/home/box/file", "D:read-properties").with("Depth", "0").is(207, BOX),
        at("PROPPATCH", "/home/box/file", "D:write-properties").body(PATCH).is(207, BOX),
        at("ACL", "/home/box/folder", "D:write-acl").body(BOX_ACL).is(200, BOX),
        at("REPORT", "/home/box/folder", "").is(501, ALL),
    ]
}

fn entities() -> Vec<Row> {
    const BATCH: &str = "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                         GET Thing HTTP/1.1\r\nHost: x\r\n\r\n\r\n--b--\r\n";
    const IN: &str = "/{cell}/{box}/{rest}";
    let read = |path| row(IN, "GET", path, "D:read").is(200, BOX);
    let thing = |method, path: &'static str| {
        row(IN, method, path, "D:write").after("POST", "/home/box/odata/Thing", r#"{"__id":"n{n}"}"#)
    };
    vec![
        read("/home/box/odata"),
        read("/home/box/odata/$metadata"),
        read("/home/box/odata/$metadata/EntityType"),
        read("/home/box/odata/Thing"),
        read("/home/box/odata/Thing('one')"),
        row(IN, "POST", "/home/box/odata/Thing", "D:write").body("{}").is(201, BOX),
        row(IN, "POST", "/home/box/odata/$metadata/EntityType", "D:alter-schema")
            .body(r#"{"Name":"Type{n}"}"#)
            .is(201, BOX),
        row(IN, "POST", "/home/box/odata/$batch", "D:write")
            .with("Content-Type", "multipart/mixed; boundary=b")
            .body(BATCH)
            .is(202, BOX),
        thing("PUT", "/home/box/odata/Thing('n{n}')").body(r#"{"a":1}"#).with("If-Match", "*").is(204, BOX),
        thing("MERGE", "/home/box/odata/Thing('n{n}')").body(r#"{"a":1}"#).with("If-Match", "*").is(204, BOX),
        thing("DELETE", "/home/box/odata/Thing('n{n}')").is(204, BOX),
    ]
}
