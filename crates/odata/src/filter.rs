//! `$filter`: the expression as it is written, with names as text and literals typed (OData 2.0 URI
//! conventions, 4.5; page 403 of the API reference).

pub(crate) mod lexer;
mod literal;
mod parse;

use std::fmt;

pub use literal::Literal;
pub use parse::parse;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A constant.
    Literal(Literal),
    /// A property, or a member of a complex one: `a/b`.
    Property(String),
    /// Two operands.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `not`
    Not(Box<Expression>),
    /// `-`
    Negate(Box<Expression>),
    /// A function's call.
    Call(&'static str, Vec<Expression>),
}

/// An operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum Operator {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

impl Operator {
    const ALL: [(Operator, &'static str, u8); 13] = [
        (Self::Or, "or", 1),
        (Self::And, "and", 2),
        (Self::Eq, "eq", 3),
        (Self::Ne, "ne", 3),
        (Self::Lt, "lt", 4),
        (Self::Gt, "gt", 4),
        (Self::Le, "le", 4),
        (Self::Ge, "ge", 4),
        (Self::Add, "add", 5),
        (Self::Sub, "sub", 5),
        (Self::Mul, "mul", 6),
        (Self::Div, "div", 6),
        (Self::Mod, "mod", 6),
    ];

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text, _)| *text == word).map(|(operator, ..)| *operator)
    }

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(operator, ..)| *operator == self).map_or("", |(_, text, _)| text)
    }

    /// How tightly it binds; more is tighter.
    fn precedence(self) -> u8 {
        Self::ALL.iter().find(|(operator, ..)| *operator == self).map_or(0, |(.., precedence)| *precedence)
    }
}

/// Functions and how many arguments they take. Only the first two can be resolved, but the others are known,
/// since the API tells an unsupported function from text that it cannot read.
const FUNCTIONS: &[(&str, std::ops::RangeInclusive<usize>)] = &[
    ("startswith", 2..=2),
    ("substringof", 1..=2),
    ("endswith", 2..=2),
    ("indexof", 2..=2),
    ("replace", 3..=3),
    ("substring", 2..=3),
    ("concat", 2..=2),
    ("length", 1..=1),
    ("tolower", 1..=1),
    ("toupper", 1..=1),
    ("trim", 1..=1),
    ("year", 1..=1),
    ("month", 1..=1),
    ("day", 1..=1),
    ("hour", 1..=1),
    ("minute", 1..=1),
    ("second", 1..=1),
    ("round", 1..=1),
    ("floor", 1..=1),
    ("ceiling", 1..=1),
    ("cast", 1..=2),
    ("isof", 1..=2),
];

impl Expression {
    /// Whether it is a condition, and so can be joined by `and` and `or`.
    fn is_condition(&self) -> bool {
        match self {
            Expression::Binary(operator, ..) => operator.precedence() <= Operator::Lt.precedence(),
            Expression::Not(_) => true,
            Expression::Call(name, _) => {
                matches!(*name, "startswith" | "endswith" | "substringof" | "isof")
            }
            Expression::Literal(literal) => matches!(literal, Literal::Boolean(_)),
            Expression::Property(_) | Expression::Negate(_) => false,
        }
    }

    fn precedence(&self) -> u8 {
        match self {
            Expression::Binary(operator, ..) => operator.precedence(),
            Expression::Not(_) | Expression::Negate(_) => 7,
            _ => 8,
        }
    }
}

/// Writes it so that it parses to the same expression.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operand = |f: &mut fmt::Formatter<'_>, operand: &Expression, least: u8| {
            if operand.precedence() < least { write!(f, "({operand})") } else { write!(f, "{operand}") }
        };
        match self {
            Expression::Literal(literal) => literal.fmt(f),
            Expression::Property(name) => f.write_str(name),
            Expression::Binary(operator, left, right) => {
                operand(f, left, operator.precedence())?;
                write!(f, " {} ", operator.word())?;
                operand(f, right, operator.precedence() + 1)
            }
            Expression::Not(inner) => {
                f.write_str("not ")?;
                operand(f, inner, 7)
            }
            Expression::Negate(inner) => {
                f.write_str("-")?;
                // In front of a digit the sign would be the number's own.
                let least = if matches!(**inner, Expression::Literal(_)) { u8::MAX } else { 7 };
                operand(f, inner, least)
            }
            Expression::Call(name, arguments) => {
                write!(f, "{name}(")?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if i > 0 { "," } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests;
