//! From names to fields: type checks a `$filter` and an `$orderby` against the properties of an entity set
//! and makes of them what a store understands.
//!
//! What may be compared is the API's own matrix (pages 403 and 405 of the API reference): every property
//! compares with literals of its type alone, and conditions have their property on the left.

use saibo_model::edm::{DATETIME_MAX, DATETIME_MIN, SimpleType, Value};
use saibo_model::query::{self, Comparison, Field, Filter, OrderBy};
use saibo_model::{ErrorCode, Result};

use crate::filter::{Expression, Literal, Operator};
use crate::options::OrderTerm;

/// The longest text that `startswith` takes, in characters.
const STARTS_WITH_MAX: usize = 1000;

/// A property of an entity set, as a query sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Where its value is.
    pub field: Field,
    /// Its simple type, or its items'; `None` for a complex type, which compares with nothing.
    pub ty: Option<SimpleType>,
    /// Whether it is a list.
    pub is_list: bool,
}

/// Knows the properties of an entity set.
pub trait Resolve {
    /// The property of that name, or the member of a complex one: the path's names from the outside in.
    fn resolve(&self, path: &[&str]) -> Option<Property>;
}

impl<F: Fn(&[&str]) -> Option<Property>> Resolve for F {
    fn resolve(&self, path: &[&str]) -> Option<Property> {
        self(path)
    }
}

/// Resolves a filter. A condition that is a function's call may be compared with `true` or `false`: many clients
/// write `startswith(a,'b') eq true`.
///
/// # Errors
/// 400-OD-0045 for an unknown property, 0046 for a literal of another type, 0047 for one out of its range,
/// 0048 for a string with a broken escape, 0051 for one that is too long, 0043 and 0044 for an operator or a
/// function that is known but not supported, and 0003 for any other operands.
pub fn filter(expression: &Expression, properties: &dyn Resolve) -> Result<Filter> {
    let nested = |expression: &Expression| filter(expression, properties).map(Box::new);
    match expression {
        Expression::Binary(Operator::And, left, right) => Ok(Filter::And(nested(left)?, nested(right)?)),
        Expression::Binary(Operator::Or, left, right) => Ok(Filter::Or(nested(left)?, nested(right)?)),
        Expression::Binary(operator @ (Operator::Eq | Operator::Ne), call, flag)
            if let (Expression::Call(..), Expression::Literal(Literal::Boolean(flag))) =
                (&**call, &**flag) =>
        {
            let is = *flag == (*operator == Operator::Eq);
            nested(call).map(|call| if is { *call } else { Filter::Not(call) })
        }
        Expression::Binary(operator, left, right) => match comparison(*operator) {
            Some(comparison) => compare(left, comparison, right, properties),
            None => Err(ErrorCode::UnsupportedOperator.into()),
        },
        Expression::Call("startswith", arguments) => match arguments.as_slice() {
            [target, text] => starts_with(target, text, properties),
            _ => Err(ErrorCode::FilterParse.into()),
        },
        Expression::Call("substringof", arguments) => match arguments.as_slice() {
            [text, target] => contains(target, text, properties),
            _ => Err(ErrorCode::FilterParse.into()),
        },
        Expression::Call(..) => Err(ErrorCode::UnsupportedFunction.into()),
        Expression::Not(inner) => Ok(Filter::Not(nested(inner)?)),
        Expression::Negate(_) | Expression::Property(_) | Expression::Literal(_) => {
            Err(ErrorCode::UnsupportedOperator.into())
        }
    }
}

/// Resolves an `$orderby`. A property that the entity set does not have orders nothing, and neither does a
/// complex one.
///
/// # Errors
/// 400-OD-0003 for a term that is no property, 400-OD-0040 for a list.
pub fn order_by(terms: &[OrderTerm], properties: &dyn Resolve) -> Result<Vec<OrderBy>> {
    let mut resolved = Vec::with_capacity(terms.len());
    for term in terms {
        let Expression::Property(name) = &term.expression else { return Err(ErrorCode::FilterParse.into()) };
        let Some(property) = lookup(name, properties) else { continue };
        if property.is_list {
            return Err(ErrorCode::OrderByList.into());
        }
        if property.ty.is_some() {
            resolved.push(OrderBy { field: property.field, descending: term.descending });
        }
    }
    Ok(resolved)
}

fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Equal,
        Operator::Ne => Comparison::NotEqual,
        Operator::Lt => Comparison::Less,
        Operator::Gt => Comparison::Greater,
        Operator::Le => Comparison::LessOrEqual,
        Operator::Ge => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn lookup(name: &str, properties: &dyn Resolve) -> Option<Property> {
    properties.resolve(&name.split('/').collect::<Vec<_>>())
}

/// The property that an operand names, and its name.
fn property<'a>(operand: &'a Expression, properties: &dyn Resolve) -> Result<(&'a str, Property)> {
    let Expression::Property(name) = operand else { return Err(ErrorCode::FilterParse.into()) };
    match lookup(name, properties) {
        Some(property) => Ok((name, property)),
        None => Err(ErrorCode::UnknownQueryProperty.with([name])),
    }
}

fn compare(
    left: &Expression,
    comparison: Comparison,
    right: &Expression,
    properties: &dyn Resolve,
) -> Result<Filter> {
    let (name, property) = property(left, properties)?;
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if !equality && matches!(right, Expression::Literal(Literal::Null | Literal::Boolean(_))) {
        return Err(ErrorCode::FilterParse.into());
    }
    let ty = property.ty.ok_or(ErrorCode::FilterParse)?;
    let Expression::Literal(literal) = right else { return Err(ErrorCode::OperandTypeMismatch.with([name])) };
    let constant = constant(name, ty, literal)?;
    Ok(Filter::Compare(property.field, comparison, constant))
}

/// The literal as a constant of the property's type.
fn constant(name: &str, ty: SimpleType, literal: &Literal) -> Result<query::Literal> {
    let mismatch = || ErrorCode::OperandTypeMismatch.with([name]);
    let in_range =
        |fits: bool, constant| if fits { Ok(constant) } else { Err(ErrorCode::OperandFormat.with([name])) };
    if *literal == Literal::Null {
        return Ok(query::Literal::Null);
    }
    match (ty, literal) {
        (SimpleType::String, Literal::String(text)) => unescape(text).map(query::Literal::Text),
        (SimpleType::Boolean, Literal::Boolean(flag)) => Ok(query::Literal::Boolean(*flag)),
        (SimpleType::Int32, Literal::Integer(number)) => {
            in_range(i32::try_from(*number).is_ok(), query::Literal::Integer(*number))
        }
        (SimpleType::DateTime, Literal::Integer(ms) | Literal::DateTime(ms)) => {
            in_range((DATETIME_MIN..=DATETIME_MAX).contains(ms), query::Literal::Integer(*ms))
        }
        (SimpleType::Double, literal) => number(literal).map(query::Literal::Float).ok_or_else(mismatch),
        (SimpleType::Single, literal) => {
            let number = number(literal).ok_or_else(mismatch)?;
            in_range(Value::is_single(number), query::Literal::Float(number))
        }
        _ => Err(mismatch()),
    }
}

fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Integer(number) => Some(*number as f64),
        Literal::Double(number) => Some(*number),
        _ => None,
    }
}

fn starts_with(target: &Expression, text: &Expression, properties: &dyn Resolve) -> Result<Filter> {
    let (field, text) = text_operands(target, text, properties)?;
    if text.chars().count() > STARTS_WITH_MAX {
        return Err(ErrorCode::SearchQueryInvalid.into());
    }
    Ok(Filter::StartsWith(field, text))
}

fn contains(target: &Expression, text: &Expression, properties: &dyn Resolve) -> Result<Filter> {
    let (field, text) = text_operands(target, text, properties)?;
    if text.is_empty() {
        // As recorded: nothing contains the empty text.
        let is = |comparison| Box::new(Filter::Compare(field.clone(), comparison, query::Literal::Null));
        return Ok(Filter::And(is(Comparison::Equal), is(Comparison::NotEqual)));
    }
    Ok(Filter::Contains(field, text))
}

fn text_operands(
    target: &Expression,
    text: &Expression,
    properties: &dyn Resolve,
) -> Result<(Field, String)> {
    let (name, property) = property(target, properties)?;
    match (property.ty, text) {
        (Some(SimpleType::String), Expression::Literal(Literal::String(text))) => {
            Ok((property.field, unescape(text)?))
        }
        _ => Err(ErrorCode::OperandTypeMismatch.with([name])),
    }
}

/// Strings of a filter have JavaScript's escapes.
fn unescape(text: &str) -> Result<String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    unescaped(text).ok_or_else(|| ErrorCode::OperandParse.with([text]))
}

fn unescaped(text: &str) -> Option<String> {
    let mut units = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let unit = if c != '\\' {
            c
        } else {
            match chars.next() {
                None => '\\',
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let hexadecimal = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                    units.push(hexadecimal.then(|| u16::from_str_radix(&digits, 16).ok())??);
                    continue;
                }
                Some(c) => c,
            }
        };
        units.extend_from_slice(unit.encode_utf16(&mut [0; 2]));
    }
    // Two escapes may make a surrogate pair; half of one is no character.
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests;
