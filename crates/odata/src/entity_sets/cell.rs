//! A Cell's control objects and messages (pages 201 to 276 of the API reference).

use saibo_model::Kind;
use saibo_model::edm::{Multiplicity, NEW_ID, SimpleType};

use super::fields::{BOX_NAME, PUBLISHED, UPDATED, key, nullable_part, part, text};
use super::{Association, ComplexType, End, EntitySet, FieldDefinition, Service, Source, Stores};
use crate::constraint::Constraint;
use crate::key::KeyPart;

pub(super) const SERVICE: Service = Service {
    namespace: "CellCtl",
    sets: &[ROLE, BOX, ACCOUNT, EXT_CELL, EXT_ROLE, RELATION, RECEIVED_MESSAGE, SENT_MESSAGE, RULE],
    associations: &[
        in_box(Kind::Role),
        in_box(Kind::Relation),
        linked(Kind::Account, "_Account", Kind::Role, "_Role"),
        linked(Kind::ExtCell, "_ExtCell", Kind::Role, "_Role"),
        linked(Kind::ExtCell, "_ExtCell", Kind::Relation, "_Relation"),
        linked(Kind::ExtRole, "_ExtRole", Kind::Role, "_Role"),
        Association {
            ends: [
                End { kind: Kind::ExtRole, multiplicity: Multiplicity::Many, property: "_ExtRole" },
                End { kind: Kind::Relation, multiplicity: Multiplicity::One, property: "_Relation" },
            ],
            via: Stores::ParentIsSecond,
        },
        linked(Kind::Relation, "_Relation", Kind::Role, "_Role"),
        in_box(Kind::ReceivedMessage),
        in_box(Kind::SentMessage),
        linked(Kind::Account, "_AccountRead", Kind::ReceivedMessage, "_ReceivedMessageRead"),
        in_box(Kind::Rule),
    ],
    complex_types: &[
        ComplexType {
            name: "Sent_Message_Result",
            fields: &[
                text("To").nullable().constraint(Constraint::CellUrl),
                text("Code").nullable(),
                text("Reason").nullable(),
            ],
        },
        ComplexType {
            name: "Message_Request_Object",
            fields: &[
                text("RequestType").constraint(Constraint::RequestType),
                text("Name").nullable().constraint(Constraint::RequestName),
                text("TargetUrl").nullable().constraint(Constraint::RequestTargetUrl),
                text("ClassUrl").nullable().constraint(Constraint::RequestClassUrl),
                EVENT_SUBJECT,
                EVENT_TYPE,
                EVENT_OBJECT,
                EVENT_INFO,
                ACTION,
            ],
        },
    ],
};

/// Documents of a kind are in a Box, or in none.
const fn in_box(kind: Kind) -> Association {
    let property = match kind {
        Kind::Role => "_Role",
        Kind::Relation => "_Relation",
        Kind::ReceivedMessage => "_ReceivedMessage",
        Kind::SentMessage => "_SentMessage",
        _ => "_Rule",
    };
    Association {
        ends: [
            End { kind: Kind::Box, multiplicity: Multiplicity::ZeroOrOne, property: "_Box" },
            End { kind, multiplicity: Multiplicity::Many, property },
        ],
        via: Stores::ParentIsFirst,
    }
}

/// Documents of two kinds are linked, many with many.
const fn linked(first: Kind, to_first: &'static str, second: Kind, to_second: &'static str) -> Association {
    Association {
        ends: [
            End { kind: first, multiplicity: Multiplicity::Many, property: to_first },
            End { kind: second, multiplicity: Multiplicity::Many, property: to_second },
        ],
        via: Stores::Links,
    }
}

const NAME_IN_BOX: &[KeyPart] = &[part("Name"), nullable_part("_Box.Name")];

const ROLE: EntitySet = EntitySet {
    kind: Kind::Role,
    fields: &[key("Name", Constraint::Name), BOX_NAME, PUBLISHED, UPDATED],
    key: NAME_IN_BOX,
};

const BOX: EntitySet = EntitySet {
    kind: Kind::Box,
    fields: &[
        key("Name", Constraint::Name),
        text("Schema").nullable().default("null").constraint(Constraint::SchemaUri).unique("uk_box_schema"),
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("Name")],
};

const ACCOUNT: EntitySet = EntitySet {
    kind: Kind::Account,
    fields: &[
        key("Name", Constraint::AccountName),
        text("Type").nullable().default("basic").constraint(Constraint::AccountType),
        text("Cell").nullable().default("null"),
        text("IPAddressRange").nullable().default("null").constraint(Constraint::IpAddressRange),
        text("Status").nullable().default("active").constraint(Constraint::AccountStatus),
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("Name")],
};

const EXT_CELL: EntitySet = EntitySet {
    kind: Kind::ExtCell,
    fields: &[key("Url", Constraint::CellUrl), PUBLISHED, UPDATED],
    key: &[part("Url")],
};

const EXT_ROLE: EntitySet = EntitySet {
    kind: Kind::ExtRole,
    fields: &[
        key("ExtRole", Constraint::Uri),
        text("_Relation.Name").constraint(Constraint::RelationName).from(Source::Parent),
        text("_Relation._Box.Name").nullable().constraint(Constraint::Name).from(Source::Grandparent),
        PUBLISHED,
        UPDATED,
    ],
    key: &[
        KeyPart { name: "ExtRole", nullable: false, encoded: true },
        part("_Relation.Name"),
        nullable_part("_Relation._Box.Name"),
    ],
};

const RELATION: EntitySet = EntitySet {
    kind: Kind::Relation,
    fields: &[key("Name", Constraint::RelationName), BOX_NAME, PUBLISHED, UPDATED],
    key: NAME_IN_BOX,
};

const IN_REPLY_TO: FieldDefinition = text("InReplyTo").nullable().constraint(Constraint::MessageId);
const MESSAGE_TYPE: FieldDefinition =
    text("Type").nullable().default("message").constraint(Constraint::MessageType);
const TITLE: FieldDefinition = text("Title").nullable().default("").constraint(Constraint::MessageTitle);
/// As long as the API says (page 271), which is longer than other Strings are.
const MESSAGE_BODY: FieldDefinition = text("Body").nullable().default("").up_to(64 * 1024);
const PRIORITY: FieldDefinition =
    text("Priority").of(SimpleType::Int32).nullable().default("3").constraint(Constraint::MessagePriority);
const REQUEST_OBJECTS: FieldDefinition = text("RequestObjects").nullable().list_of("Message_Request_Object");

const RECEIVED_MESSAGE: EntitySet = EntitySet {
    kind: Kind::ReceivedMessage,
    fields: &[
        key("__id", Constraint::MessageId),
        BOX_NAME,
        IN_REPLY_TO,
        text("From").constraint(Constraint::CellUrl),
        text("MulticastTo").nullable(),
        MESSAGE_TYPE,
        TITLE,
        MESSAGE_BODY,
        PRIORITY,
        text("Status"),
        REQUEST_OBJECTS,
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("__id")],
};

const TO: FieldDefinition = text("To").nullable();
const TO_RELATION: FieldDefinition = text("ToRelation").nullable().constraint(Constraint::RelationName);
const RESULT: FieldDefinition = text("Result").nullable().list_of("Sent_Message_Result");

const SENT_MESSAGE: EntitySet = EntitySet {
    kind: Kind::SentMessage,
    fields: &[
        text("__id").default(NEW_ID).from(Source::Key),
        BOX_NAME,
        IN_REPLY_TO,
        TO,
        TO_RELATION,
        MESSAGE_TYPE,
        TITLE,
        MESSAGE_BODY,
        PRIORITY,
        REQUEST_OBJECTS,
        RESULT,
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("__id")],
};

/// What `__message/send` is sent. The Box and the result are the unit's to say, whatever is sent.
pub(super) const SENT_MESSAGE_PORT: EntitySet = EntitySet {
    kind: Kind::SentMessage,
    fields: &[
        text("__id").default(NEW_ID).constraint(Constraint::MessageId).from(Source::Key),
        text("BoxBound").of(SimpleType::Boolean).nullable(),
        BOX_NAME,
        IN_REPLY_TO,
        TO,
        TO_RELATION,
        MESSAGE_TYPE,
        TITLE,
        MESSAGE_BODY,
        PRIORITY,
        REQUEST_OBJECTS,
        RESULT,
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("__id")],
};

/// What `__message/port` is sent. The Box is found by the schema.
pub(super) const RECEIVED_MESSAGE_PORT: EntitySet = EntitySet {
    kind: Kind::ReceivedMessage,
    fields: &[
        key("__id", Constraint::MessageId),
        text("Schema").nullable(),
        BOX_NAME,
        IN_REPLY_TO,
        text("From").constraint(Constraint::CellUrl),
        text("MulticastTo").nullable(),
        MESSAGE_TYPE,
        TITLE,
        MESSAGE_BODY,
        PRIORITY,
        text("Status"),
        REQUEST_OBJECTS,
        PUBLISHED,
        UPDATED,
    ],
    key: &[part("__id")],
};

const EVENT_SUBJECT: FieldDefinition = text("EventSubject").nullable().constraint(Constraint::Uri);
const EVENT_TYPE: FieldDefinition = text("EventType").nullable().constraint(Constraint::EventType);
const EVENT_OBJECT: FieldDefinition = text("EventObject").nullable().constraint(Constraint::RuleObject);
const EVENT_INFO: FieldDefinition = text("EventInfo").nullable();
const ACTION: FieldDefinition = text("Action").nullable().constraint(Constraint::RuleAction);

const RULE: EntitySet = EntitySet {
    kind: Kind::Rule,
    fields: &[
        key("Name", Constraint::RuleName).nullable().default(NEW_ID),
        BOX_NAME,
        text("EventExternal").of(SimpleType::Boolean).nullable().default("false"),
        EVENT_SUBJECT,
        EVENT_TYPE,
        EVENT_OBJECT,
        EVENT_INFO,
        ACTION,
        text("TargetUrl").nullable().constraint(Constraint::RuleTargetUrl),
        PUBLISHED,
        UPDATED,
    ],
    key: NAME_IN_BOX,
};
