use saibo_model::acl::SchemaAuthz;
use saibo_model::privilege::Privilege;

use super::*;
use crate::response::{AceView, Body, PrincipalView, Resource};

fn collection(href: &str, kind: NodeKind) -> Resource {
    Resource {
        href: href.to_owned(),
        kind,
        created: 1_795_487_192_901,
        updated: 1_795_487_192_901,
        body: None,
        cell_status: None,
        acl: None,
        properties: Vec::new(),
    }
}

fn shown(resources: impl IntoIterator<Item = Resource>) -> String {
    Multistatus { responses: resources.into_iter().map(Response::from).collect() }.to_xml()
}

#[test]
fn service_with_acl_and_properties() {
    let service = "<p:service xmlns:p=\"urn:x-personium:xmlns\" xmlns:D=\"DAV:\" language=\"JavaScript\">\
                   <p:path name=\"hello\" src=\"hello.js\"/></p:service>";
    let acl = AclView {
        base: "https://unit.example/cell/__role/box/".into(),
        require_schema_authz: Some(SchemaAuthz::None),
        aces: vec![
            AceView { principal: PrincipalView::All, privileges: vec![Privilege::Exec], inherited: None },
            AceView {
                principal: PrincipalView::Href("../__/guest".into()),
                privileges: vec![Privilege::Read, Privilege::Write],
                inherited: Some("https://unit.example/cell/box".into()),
            },
        ],
    };
    let resource = Resource {
        acl: Some(acl),
        properties: vec![
            Property::parse(service).unwrap(),
            Property::parse("<x:note xmlns:x=\"urn:x\">a &amp; b</x:note>").unwrap(),
        ],
        ..collection("https://unit.example/cell/box/svc", NodeKind::Service)
    };
    let expected = r#"<multistatus xmlns="DAV:">
    <response>
        <href>https://unit.example/cell/box/svc</href>
        <propstat>
            <prop>
                <creationdate>2026-11-24T02:26:32.901+0000</creationdate>
                <getlastmodified>Tue, 24 Nov 2026 02:26:32 GMT</getlastmodified>
                <resourcetype>
                    <collection/>
                    <p:service xmlns:p="urn:x-personium:xmlns"/>
                </resourcetype>
                <acl p:requireSchemaAuthz="none" xml:base="https://unit.example/cell/__role/box/" xmlns:p="urn:x-personium:xmlns">
                    <ace>
                        <principal>
                            <all/>
                        </principal>
                        <grant>
                            <privilege>
                                <p:exec/>
                            </privilege>
                        </grant>
                    </ace>
                    <ace>
                        <principal>
                            <href>../__/guest</href>
                        </principal>
                        <grant>
                            <privilege>
                                <D:read xmlns:D="DAV:"/>
                            </privilege>
                            <privilege>
                                <D:write xmlns:D="DAV:"/>
                            </privilege>
                        </grant>
                        <inherited>
                            <href>https://unit.example/cell/box</href>
                        </inherited>
                    </ace>
                </acl>
                <x:note xmlns:x="urn:x">a &amp; b</x:note>
                <p:service language="JavaScript" xmlns:p="urn:x-personium:xmlns" xmlns:D="DAV:">
                    <p:path name="hello" src="hello.js"/>
                </p:service>
            </prop>
            <status>HTTP/1.1 200 OK</status>
        </propstat>
    </response>
</multistatus>"#;
    assert_eq!(shown([resource]), expected);
}

#[test]
fn cell_and_file() {
    let empty = AclView { base: "u/".into(), require_schema_authz: None, aces: Vec::new() };
    let cell = Resource {
        cell_status: Some("normal".into()),
        acl: Some(empty),
        ..collection("https://unit.example/cell", NodeKind::Cell)
    };
    let file = Resource {
        body: Some(Body { length: 8, media_type: "text/plain".into() }),
        ..collection("https://unit.example/cell/box/\u{6df1}&", NodeKind::File)
    };
    let expected = r#"<multistatus xmlns="DAV:">
    <response>
        <href>https://unit.example/cell</href>
        <propstat>
            <prop>
                <creationdate>2026-11-24T02:26:32.901+0000</creationdate>
                <getlastmodified>Tue, 24 Nov 2026 02:26:32 GMT</getlastmodified>
                <resourcetype>
                    <collection/>
                </resourcetype>
                <p:cellstatus xmlns:p="urn:x-personium:xmlns">normal</p:cellstatus>
                <acl xml:base="u/" xmlns:p="urn:x-personium:xmlns"/>
            </prop>
            <status>HTTP/1.1 200 OK</status>
        </propstat>
    </response>
    <response>
        <href>https://unit.example/cell/box/深&amp;</href>
        <propstat>
            <prop>
                <creationdate>2026-11-24T02:26:32.901+0000</creationdate>
                <getcontentlength>8</getcontentlength>
                <getcontenttype>text/plain</getcontenttype>
                <getlastmodified>Tue, 24 Nov 2026 02:26:32 GMT</getlastmodified>
                <resourcetype/>
            </prop>
            <status>HTTP/1.1 200 OK</status>
        </propstat>
    </response>
</multistatus>"#;
    assert_eq!(shown([cell, file]), expected);
}

#[test]
fn statuses() {
    let cases = [(200, "HTTP/1.1 200 OK"), (404, "HTTP/1.1 404 Not Found"), (299, "HTTP/1.1 299")];
    for (status, line) in cases {
        assert_eq!(status_line(status), line);
    }
}
