//! What PROPFIND says of a resource (API pages 290, 305 and 307).

use saibo_model::NodeKind;

use super::acl::AclView;
use super::multistatus::{Prop, Propstat, Response};
use crate::property::Property;
use crate::xml::PERSONIUM;

/// A resource with everything that PROPFIND shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its URL without a slash at the end, its names as [`crate::href`] has them.
    pub href: String,
    /// What it is.
    pub kind: NodeKind,
    /// When created, ms since 1970.
    pub created: i64,
    /// When last changed, ms since 1970.
    pub updated: i64,
    /// A file's content.
    pub body: Option<Body>,
    /// A Cell's status, `normal`.
    pub cell_status: Option<String>,
    /// Its ACL, if who asks may see it. Logs have none.
    pub acl: Option<AclView>,
    /// Its dead properties.
    pub properties: Vec<Property>,
}

/// What PROPFIND says of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its length in bytes.
    pub length: u64,
    /// Its media type; empty if none was sent.
    pub media_type: String,
}

impl From<Resource> for Response {
    /// Apps take properties by index, so the order counts: the live ones, the ACL, the dead ones, and
    /// `p:service` last.
    fn from(resource: Resource) -> Self {
        let Resource { href, kind, created, updated, body, cell_status, acl, mut properties } = resource;
        let mut props = vec![Prop::CreationDate(created)];
        if let Some(Body { length, media_type }) = body {
            props.extend([Prop::ContentLength(length), Prop::ContentType(media_type)]);
        }
        props.extend([Prop::LastModified(updated), Prop::ResourceType(kind)]);
        props.extend(cell_status.map(Prop::CellStatus));
        props.extend(acl.map(Prop::Acl));
        properties.sort_by_key(|property| property.element().name.is(PERSONIUM, "service"));
        props.extend(properties.into_iter().map(Prop::Dead));
        Self { href, propstats: vec![Propstat { props, status: 200 }] }
    }
}
