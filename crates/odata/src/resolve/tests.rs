use proptest::prelude::*;
use saibo_model::query::Stored;

use super::*;
use crate::filter::parse;

/// Properties named as their types, as the recorded checks have them.
fn properties(path: &[&str]) -> Option<Property> {
    let (name, is_list) = match path {
        [name] => name.strip_suffix("_list").map_or((*name, false), |name| (name, true)),
        ["complex", "street"] => ("string", false),
        _ => return None,
    };
    let ty = match name {
        "__id" => return Some(Property { field: Field::Key, ty: Some(SimpleType::String), is_list: false }),
        "string" => Some(SimpleType::String),
        "boolean" => Some(SimpleType::Boolean),
        "int32" => Some(SimpleType::Int32),
        "single" => Some(SimpleType::Single),
        "double" => Some(SimpleType::Double),
        "datetime" => Some(SimpleType::DateTime),
        "complex" => None,
        _ => return None,
    };
    let stored = if is_list { Stored::List } else { ty.map_or(Stored::Text, SimpleType::stored) };
    let field = Field::Body { path: path.iter().map(|&name| name.to_owned()).collect(), stored };
    Some(Property { field, ty, is_list })
}

fn resolve(text: &str) -> Result<Filter> {
    filter(&parse(text)?, &properties)
}

/// The constant that a comparison was resolved to.
fn constant_of(text: &str) -> query::Literal {
    match resolve(text).unwrap() {
        Filter::Compare(_, _, literal) => literal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_matrix_of_types() {
    let constants = [
        ("string eq 'a'", query::Literal::Text("a".into())),
        ("string eq null", query::Literal::Null),
        (r"string eq 'a\u0001b\\u0001\'", query::Literal::Text("a\u{1}b\\u0001\\".into())),
        ("boolean ne false", query::Literal::Boolean(false)),
        ("int32 eq 2147483647", query::Literal::Integer(2_147_483_647)),
        ("int32 eq 1111L", query::Literal::Integer(1111)),
        ("int32_list gt 5", query::Literal::Integer(5)),
        ("double eq 1", query::Literal::Float(1.0)),
        ("single eq 11111.11111", query::Literal::Float(11111.11111)),
        ("single eq 1111", query::Literal::Float(1111.0)),
        ("datetime eq 253402300799999", query::Literal::Integer(DATETIME_MAX)),
        ("datetime lt datetime'2015-01-07T00:19:16.172'", query::Literal::Integer(1_420_589_956_172)),
        ("datetime lt datetimeoffset'1753-01-01T00:00:00.000'", query::Literal::Integer(DATETIME_MIN)),
        ("complex/street eq 'x'", query::Literal::Text("x".into())),
    ];
    for (text, literal) in constants {
        assert_eq!(constant_of(text), literal, "{text}");
    }
}

#[test]
fn errors_as_recorded() {
    use ErrorCode::*;
    for (code, texts) in [
        (
            OperandTypeMismatch,
            &[
                "string eq 1111",
                "string gt 1111",
                "string eq 1111.11",
                "string eq true",
                "startswith(string,1111)",
                "substringof(1111,string)",
                "substringof(true,boolean)",
                "startswith(boolean,'x')",
                "startswith(string,string)",
                "substringof(null,string)",
                "int32 eq '1111'",
                "int32 eq 1111.11",
                "int32 eq true",
                "int32_list eq 'a'",
                "single eq '1111'",
                "single eq 1111.11f",
                "single eq 1111.11m",
                "double eq 1111.11f",
                "double le '1111'",
                "boolean eq 'true'",
                "boolean eq 1111",
                "datetime eq '/Date(1420589956172)/'",
                "datetime eq 1111.11",
                "datetime ne true",
                "string eq string",
            ][..],
        ),
        (
            OperandFormat,
            &[
                "int32 eq 2147483648",
                "int32 ne -2147483649",
                "single eq 111111.11111",
                "single eq 11111.111111",
                "datetime eq 253402300800000",
                "datetime eq -6847804800001",
                "datetime eq datetime'1752-12-31T23:59:59.999'",
                "datetime eq datetimeoffset'9999-12-31T23:59:59.999-00:01'",
                "datetime eq datetimeoffset'1753-01-01T00:00:00.000+00:01'",
            ],
        ),
        (
            FilterParse,
            &[
                "string ge null",
                "boolean lt true",
                "1 eq string",
                "startswith(null,null)",
                "substringof('test')",
                "complex eq 'x'",
                "tolower(string) eq 'x'",
            ],
        ),
        (
            UnknownQueryProperty,
            &["tes ge null", "__metadata eq 'x'", "startswith(none,1)", "complex/none eq 1"],
        ),
        (OperandParse, &[r"string eq 'value_\u001_value'"]),
        (UnsupportedFunction, &["endswith(string,'x')"]),
        (UnsupportedOperator, &["not string"]),
    ] {
        for text in texts {
            assert_eq!(resolve(text).unwrap_err().code(), code, "{text}");
        }
    }
    let call = |length: usize| resolve(&format!("startswith(string,'{}')", "x".repeat(length)));
    assert!(call(1000).is_ok());
    assert_eq!(call(1001).unwrap_err().code(), SearchQueryInvalid);
}

#[test]
fn calls_compared_with_a_truth() {
    for (compared, bare) in [
        ("startswith(string,'a') eq true", "startswith(string,'a')"),
        ("startswith(string,'a') ne false", "startswith(string,'a')"),
        ("substringof('a',string) eq false", "not substringof('a',string)"),
        ("int32 eq 1 and substringof('a',string) ne true", "int32 eq 1 and not substringof('a',string)"),
    ] {
        assert_eq!(resolve(compared).unwrap(), resolve(bare).unwrap(), "{compared}");
    }
    for text in
        ["startswith(string,'a') eq 1", "startswith(string,'a') gt true", "startswith(string,'a') eq null"]
    {
        assert_eq!(resolve(text).unwrap_err().code(), ErrorCode::FilterParse, "{text}");
    }
}

#[test]
fn order() {
    let terms = |text| crate::options::parse_order_by(text).unwrap();
    let resolved = order_by(&terms("int32 desc,none,__id"), &properties).unwrap();
    assert_eq!(resolved.iter().map(|term| term.descending).collect::<Vec<_>>(), [true, false]);
    assert_eq!(resolved[1].field, Field::Key);
    assert_eq!(order_by(&terms("int32_list"), &properties).unwrap_err().code(), ErrorCode::OrderByList);
    assert_eq!(order_by(&terms("'x'"), &properties).unwrap_err().code(), ErrorCode::FilterParse);
}

proptest! {
    #[test]
    fn no_string_panics(text in r"[a-fu0-9\\\PC]{0,20}") {
        let _ = unescape(&text);
    }
}
