//! Fields that several tables share, and short ways to write a table down.

use saibo_model::edm::{NOW, STRING_MAX, SimpleType};

use super::{FieldDefinition, FieldType, Source};
use crate::constraint::Constraint;
use crate::key::KeyPart;

/// A String in the body that must be there.
pub(super) const fn text(name: &'static str) -> FieldDefinition {
    FieldDefinition {
        name,
        ty: FieldType::Simple(SimpleType::String),
        is_list: false,
        nullable: false,
        default: None,
        constraint: None,
        max_bytes: STRING_MAX,
        source: Source::Body,
        unique: None,
    }
}

/// The String that is the document's key.
pub(super) const fn key(name: &'static str, constraint: Constraint) -> FieldDefinition {
    FieldDefinition { source: Source::Key, constraint: Some(constraint), ..text(name) }
}

/// The name of the Box that the document is in.
pub(super) const BOX_NAME: FieldDefinition = FieldDefinition {
    nullable: true,
    constraint: Some(Constraint::Name),
    source: Source::Parent,
    ..text("_Box.Name")
};

impl FieldDefinition {
    pub(super) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(super) const fn constraint(mut self, constraint: Constraint) -> Self {
        self.constraint = Some(constraint);
        self
    }

    pub(super) const fn up_to(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    pub(super) const fn of(mut self, ty: SimpleType) -> Self {
        self.ty = FieldType::Simple(ty);
        self
    }

    pub(super) const fn list_of(mut self, complex: &'static str) -> Self {
        self.ty = FieldType::Complex(complex);
        self.is_list = true;
        self
    }

    pub(super) const fn from(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    pub(super) const fn unique(mut self, index: &'static str) -> Self {
        self.unique = Some(index);
        self
    }
}

/// When the document was made.
pub(super) const PUBLISHED: FieldDefinition =
    text("__published").of(SimpleType::DateTime).default(NOW).from(Source::Published);
/// When it was last changed.
pub(super) const UPDATED: FieldDefinition =
    text("__updated").of(SimpleType::DateTime).default(NOW).from(Source::Updated);

/// A part of the key.
pub(super) const fn part(name: &'static str) -> KeyPart {
    KeyPart { name, nullable: false, encoded: false }
}

/// A part of the key that may be null.
pub(super) const fn nullable_part(name: &'static str) -> KeyPart {
    KeyPart { name, nullable: true, encoded: false }
}
