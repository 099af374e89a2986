//! `$filter`, `$orderby` and the other options, and what they are resolved to.

use saibo_model::edm::SimpleType;
use saibo_model::query::{Field, Stored};
use saibo_odata::filter::{self, Expression};
use saibo_odata::options::{EntityOptions, ListOptions, Parameters, parse_order_by};
use saibo_odata::resolve::{self, Property};

use super::{fuzz, outcome};

/// Properties that are called as their types are.
fn properties(path: &[&str]) -> Option<Property> {
    let name = path.last()?;
    let (simple, is_list) = name.strip_suffix("_list").map_or((*name, false), |name| (name, true));
    let ty = match simple {
        "__id" => return Some(Property { field: Field::Key, ty: Some(SimpleType::String), is_list: false }),
        "string" | "street" | "a" => Some(SimpleType::String),
        "boolean" => Some(SimpleType::Boolean),
        "int32" => Some(SimpleType::Int32),
        "single" => Some(SimpleType::Single),
        "double" => Some(SimpleType::Double),
        "datetime" => Some(SimpleType::DateTime),
        "complex" => None,
        _ => return None,
    };
    let stored = if is_list { Stored::List } else { ty.map_or(Stored::Text, SimpleType::stored) };
    Some(Property { field: Field::Body { path: vec![simple.to_owned()], stored }, ty, is_list })
}

/// Which kinds of expressions an expression has.
fn shape(expression: &Expression) -> usize {
    match expression {
        Expression::Literal(literal) => 1 << (std::mem::discriminant(literal) == LITERAL_NULL) as usize,
        Expression::Property(name) => 4 << usize::from(name.contains('/')),
        Expression::Binary(operator, left, right) => {
            1 << (4 + *operator as usize) | shape(left) | shape(right)
        }
        Expression::Not(inner) => 1 << 18 | shape(inner),
        Expression::Negate(inner) => 1 << 19 | shape(inner),
        Expression::Call(name, arguments) => {
            arguments.iter().fold(1 << (20 + name.len() % 8), |all, one| all | shape(one))
        }
    }
}

const LITERAL_NULL: std::mem::Discriminant<filter::Literal> = std::mem::discriminant(&filter::Literal::Null);

#[test]
fn filters() {
    fuzz("filter").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let parsed = filter::parse(&text);
        let mut resolved = ("", 0);
        if let Ok(expression) = &parsed {
            let printed = expression.to_string();
            assert_eq!(filter::parse(&printed).ok().as_ref(), Some(expression), "{printed}");
            resolved = outcome(&resolve::filter(expression, &properties), |_| 1);
        }
        (outcome(&parsed, shape), resolved)
    });
}

#[test]
fn orders() {
    fuzz("orderby").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let parsed = parse_order_by(&text);
        let resolved =
            parsed.as_ref().ok().map(|terms| outcome(&resolve::order_by(terms, &properties), Vec::len));
        (outcome(&parsed, Vec::len), resolved)
    });
}

#[test]
fn options() {
    fuzz("query").by_line().run(|input| {
        let parameters = Parameters::parse(&String::from_utf8_lossy(input));
        let list = ListOptions::parse(&parameters);
        let one = EntityOptions::parse(&parameters.clone().page_only());
        assert!(one.is_ok(), "nothing of it is left");
        (
            outcome(&list, |list| list.order_by.len() + list.expand.len()),
            outcome(&EntityOptions::parse(&parameters), |_| 1),
        )
    });
}
