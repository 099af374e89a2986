//! The `acl` property (RFC 3744 §5.5): a resource's entries and then those that it inherits from each
//! collection above it, up to the Cell.

use saibo_model::acl::SchemaAuthz;
use saibo_model::privilege::Privilege;

use crate::xml::{DAV, PERSONIUM, Writer};

/// An ACL as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclView {
    /// `xml:base`, to which the roles' hrefs are relative: see
    /// [`RoleName::base_url`](crate::request::RoleName::base_url).
    pub base: String,
    /// The resource's own `p:requireSchemaAuthz`.
    pub require_schema_authz: Option<SchemaAuthz>,
    /// Its own entries, then those of its parent, and so on to those of the Cell. Entries for roles that no
    /// longer exist are left out.
    pub aces: Vec<AceView>,
}

/// An entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AceView {
    /// To whom.
    pub principal: PrincipalView,
    /// What.
    pub privileges: Vec<Privilege>,
    /// The URL of the collection from which it is inherited: a Cell's ends with a slash, a box's and a
    /// collection's does not.
    pub inherited: Option<String>,
}

/// To whom an entry grants something, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalView {
    /// Everyone.
    All,
    /// A role, as [`RoleName::relative_to`](crate::request::RoleName::relative_to) names it.
    Href(String),
}

impl AclView {
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.start("acl");
        if let Some(level) = self.require_schema_authz {
            writer.attribute("p:requireSchemaAuthz", level.name());
        }
        writer.attribute("xml:base", &self.base);
        writer.attribute("xmlns:p", PERSONIUM);
        for ace in &self.aces {
            ace.write(writer);
        }
        writer.end();
    }
}

impl AceView {
    fn write(&self, writer: &mut Writer) {
        writer.start("ace");
        writer.start("principal");
        match &self.principal {
            PrincipalView::All => writer.empty("all"),
            PrincipalView::Href(href) => writer.simple("href", href),
        }
        writer.end();
        writer.start("grant");
        for privilege in &self.privileges {
            writer.start("privilege");
            // Apps look for `D:read` by this very prefix, although `DAV:` is the default namespace.
            writer.start(privilege.qualified_name());
            if privilege.prefix() == "D" {
                writer.attribute("xmlns:D", DAV);
            }
            writer.end();
            writer.end();
        }
        writer.end();
        if let Some(href) = &self.inherited {
            writer.start("inherited");
            writer.simple("href", href);
            writer.end();
        }
        writer.end();
    }
}
