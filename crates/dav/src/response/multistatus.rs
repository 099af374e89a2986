//! `multistatus` (RFC 4918 §13), in the very layout that existing apps walk node by node.
//!
//! There is no XML declaration and no line break at the end; `DAV:` is the default namespace; `p` is declared on
//! each element that needs it.

use saibo_model::NodeKind;

use super::acl::AclView;
use super::date;
use crate::property::Property;
use crate::xml::{DAV, PERSONIUM, Writer};

/// The body of a 207.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multistatus {
    /// One for each resource.
    pub responses: Vec<Response>,
}

/// What is said of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its URL, its names as [`crate::href`] has them.
    pub href: String,
    /// Its properties by status.
    pub propstats: Vec<Propstat>,
}

/// Properties that share a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propstat {
    /// The properties, in the order in which they are written.
    pub props: Vec<Prop>,
    /// The HTTP status.
    pub status: u16,
}

/// A property with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prop {
    /// `creationdate`, ms since 1970.
    CreationDate(i64),
    /// `getcontentlength`.
    ContentLength(u64),
    /// `getcontenttype`.
    ContentType(String),
    /// `getlastmodified`, ms since 1970.
    LastModified(i64),
    /// `resourcetype`.
    ResourceType(NodeKind),
    /// `p:cellstatus`.
    CellStatus(String),
    /// `acl`.
    Acl(AclView),
    /// A dead property.
    Dead(Property),
}

impl Multistatus {
    /// The body, to be sent as `application/xml`.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::indented();
        writer.start("multistatus");
        writer.attribute("xmlns", DAV);
        for response in &self.responses {
            writer.start("response");
            writer.simple("href", &response.href);
            for propstat in &response.propstats {
                propstat.write(&mut writer);
            }
            writer.end();
        }
        writer.end();
        writer.finish()
    }
}

impl Propstat {
    fn write(&self, writer: &mut Writer) {
        writer.start("propstat");
        writer.start("prop");
        for prop in &self.props {
            prop.write(writer);
        }
        writer.end();
        writer.simple("status", &status_line(self.status));
        writer.end();
    }
}

impl Prop {
    fn write(&self, writer: &mut Writer) {
        match self {
            Prop::CreationDate(ms) => writer.simple("creationdate", &date::creation_date(*ms)),
            Prop::ContentLength(length) => writer.simple("getcontentlength", &length.to_string()),
            Prop::ContentType(media_type) => writer.simple("getcontenttype", media_type),
            Prop::LastModified(ms) => writer.simple("getlastmodified", &date::http_date(*ms)),
            Prop::ResourceType(kind) => resource_type(writer, *kind),
            Prop::CellStatus(status) => {
                writer.start("p:cellstatus");
                writer.attribute("xmlns:p", PERSONIUM);
                writer.text(status);
                writer.end();
            }
            Prop::Acl(acl) => acl.write(writer),
            Prop::Dead(property) => property.write(writer),
        }
    }
}

fn resource_type(writer: &mut Writer, kind: NodeKind) {
    writer.start("resourcetype");
    if kind.is_collection() {
        writer.empty("collection");
    }
    let extension = match kind {
        NodeKind::OData => Some("p:odata"),
        NodeKind::Service => Some("p:service"),
        NodeKind::Stream => Some("p:stream"),
        NodeKind::Cell | NodeKind::Box | NodeKind::WebDav | NodeKind::File => None,
    };
    if let Some(extension) = extension {
        writer.start(extension);
        writer.attribute("xmlns:p", PERSONIUM);
        writer.end();
    }
    writer.end();
}

fn status_line(status: u16) -> String {
    let reason = match status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        424 => "Failed Dependency",
        500 => "Internal Server Error",
        507 => "Insufficient Storage",
        _ => "",
    };
    format!("HTTP/1.1 {status} {reason}").trim_end().to_owned()
}

#[cfg(test)]
mod tests;
