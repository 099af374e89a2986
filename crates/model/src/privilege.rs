//! Privileges: what an ACL can grant (API pages 006, 289 and 315).
//!
//! They form one tree. At the Cell level `root` stands above pairs such as `auth` over `auth-read`; at the
//! Box level `all` stands above `read`, `write` and their parts; and `all` itself stands below `root`. Local
//! names are unique across both levels, so a name alone finds its privilege.

use std::fmt;

/// Where a privilege applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Resources of the Cell itself: control objects, messages, events, logs.
    Cell,
    /// Boxes and what is in them.
    Box,
}

/// What a privilege lets one do, in the broadest terms. The unit user's role `CellContentsReader` is
/// sufficient for whatever needs no more than [`Access::Read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// To look.
    Read,
    /// To change.
    Write,
    /// To run a service or to sign.
    Execute,
    /// Everything.
    All,
}

macro_rules! privileges {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal $local:literal, $level:ident, $access:ident, $parent:expr;)*) => {
        /// A privilege of the Cell or the Box level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Privilege { $($(#[$doc])* $name,)* }

        impl Privilege {
            /// Every privilege.
            pub const ALL_OF_THEM: &'static [Privilege] = &[$(Privilege::$name,)*];

            /// The local name: `auth-read`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Privilege::$name => $local,)* }
            }

            /// The customary prefix of its namespace: `D` for `DAV:`, `p` for `urn:x-personium:xmlns`.
            #[must_use]
            pub fn prefix(self) -> &'static str {
                match self { $(Privilege::$name => $prefix,)* }
            }

            /// The name with its prefix, as XML writes it: `p:auth-read`.
            #[must_use]
            pub fn qualified_name(self) -> &'static str {
                match self { $(Privilege::$name => concat!($prefix, ":", $local),)* }
            }

            /// The spelling of a snapshot: `p.auth-read`.
            #[must_use]
            pub fn snapshot_name(self) -> &'static str {
                match self { $(Privilege::$name => concat!($prefix, ".", $local),)* }
            }

            /// The level it belongs to.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $(Privilege::$name => Level::$level,)* }
            }

            /// What it lets one do.
            #[must_use]
            pub fn access(self) -> Access {
                match self { $(Privilege::$name => Access::$access,)* }
            }

            fn parent(self) -> Option<Privilege> {
                match self { $(Privilege::$name => $parent,)* }
            }
        }
    };
}

privileges! {
    /// Everything in the Cell.
    Root = "p" "root", Cell, All, None;
    /// Accounts, Roles and ExtRoles.
    Auth = "p" "auth", Cell, Write, Some(Self::Root);
    /// To see Accounts, Roles and ExtRoles.
    AuthRead = "p" "auth-read", Cell, Read, Some(Self::Auth);
    /// Messages.
    Message = "p" "message", Cell, Write, Some(Self::Root);
    /// To see messages.
    MessageRead = "p" "message-read", Cell, Read, Some(Self::Message);
    /// To post events.
    Event = "p" "event", Cell, Write, Some(Self::Root);
    /// To receive events.
    EventRead = "p" "event-read", Cell, Read, Some(Self::Event);
    /// The event log.
    Log = "p" "log", Cell, Write, Some(Self::Root);
    /// To read the event log.
    LogRead = "p" "log-read", Cell, Read, Some(Self::Log);
    /// Relations and ExtCells.
    Social = "p" "social", Cell, Write, Some(Self::Root);
    /// To see Relations and ExtCells.
    SocialRead = "p" "social-read", Cell, Read, Some(Self::Social);
    /// Boxes.
    Box = "p" "box", Cell, Write, Some(Self::Root);
    /// To see Boxes.
    BoxRead = "p" "box-read", Cell, Read, Some(Self::Box);
    /// To install a Box.
    BoxInstall = "p" "box-install", Cell, Write, Some(Self::Box);
    /// The Cell's ACL.
    Acl = "p" "acl", Cell, Write, Some(Self::Root);
    /// To see the Cell's ACL.
    AclRead = "p" "acl-read", Cell, Read, Some(Self::Acl);
    /// To see the Cell's properties.
    Propfind = "p" "propfind", Cell, Read, Some(Self::Root);
    /// Rules.
    Rule = "p" "rule", Cell, Write, Some(Self::Root);
    /// To see Rules.
    RuleRead = "p" "rule-read", Cell, Read, Some(Self::Rule);
    /// To sign with the Cell's key.
    Sign = "p" "sign", Cell, Execute, Some(Self::Root);
    /// Everything in the Box.
    All = "D" "all", Box, All, Some(Self::Root);
    /// To read content, properties included.
    Read = "D" "read", Box, Read, Some(Self::All);
    /// To read properties.
    ReadProperties = "D" "read-properties", Box, Read, Some(Self::Read);
    /// To see the ACL; not part of `read`.
    ReadAcl = "D" "read-acl", Box, Read, Some(Self::All);
    /// To write content, properties and members.
    Write = "D" "write", Box, Write, Some(Self::All);
    /// To set the ACL; not part of `write`.
    WriteAcl = "D" "write-acl", Box, Write, Some(Self::All);
    /// To add a member to a collection.
    Bind = "D" "bind", Box, Write, Some(Self::Write);
    /// To remove a member of a collection.
    Unbind = "D" "unbind", Box, Write, Some(Self::Write);
    /// To replace content.
    WriteContent = "D" "write-content", Box, Write, Some(Self::Write);
    /// To change properties.
    WriteProperties = "D" "write-properties", Box, Write, Some(Self::Write);
    /// To run a service.
    Exec = "p" "exec", Box, Execute, Some(Self::All);
    /// To change the schema of an OData collection.
    AlterSchema = "D" "alter-schema", Box, Write, Some(Self::All);
    /// To send to a stream.
    StreamSend = "p" "stream-send", Box, Write, Some(Self::All);
    /// To receive from a stream.
    StreamReceive = "p" "stream-receive", Box, Read, Some(Self::All);
}

impl Privilege {
    /// Whether who has this one also has the other: itself and all that stands below it.
    #[must_use]
    pub fn includes(self, other: Privilege) -> bool {
        self == other || other.parent().is_some_and(|parent| self.includes(parent))
    }

    /// The privilege of a local name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL_OF_THEM.iter().copied().find(|privilege| privilege.name() == name)
    }

    /// The privilege of a snapshot's spelling. Which of the two prefixes it has is not looked at: older Cells
    /// hold `D.exec`.
    #[must_use]
    pub fn from_snapshot_name(name: &str) -> Option<Self> {
        name.strip_prefix("D.").or_else(|| name.strip_prefix("p.")).and_then(Self::from_name)
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.qualified_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_privilege() {
        for &privilege in Privilege::ALL_OF_THEM {
            assert_eq!(Privilege::from_name(privilege.name()), Some(privilege));
            assert_eq!(Privilege::from_snapshot_name(privilege.snapshot_name()), Some(privilege));
            assert_eq!(privilege.to_string().replace(':', "."), privilege.snapshot_name());
        }
        assert_eq!(Privilege::from_snapshot_name("D.exec"), Some(Privilege::Exec));
        assert_eq!(Privilege::from_snapshot_name("read"), None);
        assert_eq!(Privilege::from_snapshot_name("x.read"), None);
    }

    #[test]
    fn containment() {
        use Privilege::*;
        let cases = [
            (Root, Root, true),
            (Root, AuthRead, true),
            (Root, All, true),
            (Root, WriteContent, true),
            (Auth, AuthRead, true),
            (AuthRead, Auth, false),
            (Auth, MessageRead, false),
            (Box, BoxInstall, true),
            (Box, BoxRead, true),
            (BoxInstall, BoxRead, false),
            (Box, Read, false),
            (Acl, ReadAcl, false),
            (All, Root, false),
            (All, StreamSend, true),
            (All, ReadProperties, true),
            (Read, ReadProperties, true),
            (Read, ReadAcl, false),
            (Write, Bind, true),
            (Write, Unbind, true),
            (Write, WriteContent, true),
            (Write, WriteProperties, true),
            (Write, WriteAcl, false),
            (Write, AlterSchema, false),
            (Write, Exec, false),
            (Write, Read, false),
        ];
        for (one, other, expected) in cases {
            assert_eq!(one.includes(other), expected, "{one} includes {other}");
        }
    }
}
