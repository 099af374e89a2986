use proptest::prelude::*;
use saibo_model::ErrorCode;

use super::*;

fn code(text: &str) -> ErrorCode {
    parse(text).unwrap_err().code()
}

#[test]
fn precedence() {
    for (text, printed) in [
        ("a eq 1 or b eq 2 and c eq 3", "a eq 1 or b eq 2 and c eq 3"),
        ("(a eq 1 or b eq 2) and c eq 3", "(a eq 1 or b eq 2) and c eq 3"),
        ("((a eq 1))", "a eq 1"),
        ("((a eq 1)", "a eq 1"),
        ("a eq 1 and (b eq 2 or c eq 3", "a eq 1 and b eq 2 or c eq 3"),
        (
            "(substringof('s',s) and (b eq false)) or (i le 5000)",
            "substringof('s',s) and b eq false or i le 5000",
        ),
        ("a  eq\t'it''s'", "a eq 'it''s'"),
        ("not (a eq 1)", "not (a eq 1)"),
        ("not startswith(a,'b')", "not startswith(a,'b')"),
        ("not eq 1", "not eq 1"),
        ("a/b ne null", "a/b ne null"),
        ("_Box.Name eq 'b'", "_Box.Name eq 'b'"),
        ("na-me eq 'po-chi'", "na-me eq 'po-chi'"),
        ("日本語 eq '値'", "日本語 eq '値'"),
        ("a add 2 mul 3 eq 1", "a add 2 mul 3 eq 1"),
        ("-a eq 1", "-a eq 1"),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), printed, "{text}");
    }
}

#[test]
fn literals() {
    for (text, literal) in [
        ("null", Literal::Null),
        ("true", Literal::Boolean(true)),
        ("''", Literal::String(String::new())),
        ("1111", Literal::Integer(1111)),
        ("-2147483649", Literal::Integer(-2_147_483_649)),
        ("1111L", Literal::Integer(1111)),
        ("1111.11", Literal::Double(1111.11)),
        ("5E-1", Literal::Double(0.5)),
        ("1.5E+3", Literal::Double(1500.0)),
        ("5d", Literal::Double(5.0)),
        ("1111.11f", Literal::Single(1111.11)),
        ("1111.11m", Literal::Foreign("1111.11m".into())),
        ("datetime'1970-01-01T00:00:01.5'", Literal::DateTime(1500)),
        ("datetime'2015-01-07T00:19:16.172'", Literal::DateTime(1_420_589_956_172)),
        ("datetime'2015-01-07T00:19'", Literal::DateTime(1_420_589_940_000)),
        ("datetime'1752-12-31T23:59:59.999'", Literal::DateTime(-6_847_804_800_001)),
        ("datetimeoffset'2015-01-07T09:19:16.172+09:00'", Literal::DateTime(1_420_589_956_172)),
        ("datetimeoffset'2015-01-07T00:19:16.172Z'", Literal::DateTime(1_420_589_956_172)),
        ("datetimeoffset'9999-12-31T23:59:59.999-00:01'", Literal::DateTime(253_402_300_859_999)),
        ("guid'x'", Literal::Foreign("guid'x'".into())),
    ] {
        let right = Box::new(Expression::Literal(literal));
        let expected = Expression::Binary(Operator::Eq, Box::new(Expression::Property("a".into())), right);
        assert_eq!(parse(&format!("a eq {text}")).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_no_filter() {
    for text in [
        "",
        " ",
        "a eq",
        "test ge ",
        "and a eq 'b'",
        "a eq 'b' and",
        "a eq 'b' or ",
        "a eq 'b",
        "a eq 1 b",
        "startswith(a,'b'",
        "a eq 1)",
        "na.me eq 'x'",
        "na~me eq 'x'",
        "startswith()",
        "startswith(a)",
        "startswith('test'),'test'",
        "unknown(a)",
        "a and b eq 1",
        "a eq datetime'2015-01-07T09:19:16.172+09:00'",
        "a eq datetime'20150107T001916172'",
        "a eq datetime'2015-02-29T00:00:00'",
        "a eq datetimeoffset'20150107T001916172'",
        "a eq eq'b'",
        "a eq 99999999999999999999",
        "a eq 1x",
        "a eq 1.",
    ] {
        assert_eq!(code(text), ErrorCode::FilterParse, "{text}");
    }
    assert_eq!(code(&format!("{}a eq 1{}", "(".repeat(100), ")".repeat(100))), ErrorCode::FilterParse);
    assert_eq!(code(&"a eq 1 or ".repeat(100_000)), ErrorCode::FilterParse);
}

#[test]
fn what_is_no_condition() {
    assert_eq!(code("tolower(a)"), ErrorCode::UnsupportedFunction);
    assert_eq!(code("a add 1"), ErrorCode::UnsupportedOperator);
    assert_eq!(code("a"), ErrorCode::UnsupportedOperator);
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        ".{0,10}".prop_map(Literal::String),
        any::<i64>().prop_map(Literal::Integer),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Literal::Double),
        (-6_847_804_800_000_i64..253_402_300_799_999).prop_map(Literal::DateTime),
    ]
}

fn condition() -> impl Strategy<Value = Expression> {
    let name = || "[a-z][a-z0-9]{0,5}x(/[a-z]{1,3}x)?".prop_map(Expression::Property);
    let comparison = (0_usize..6, name(), literal()).prop_map(|(at, left, right)| {
        let operator = Operator::ALL[2 + at].0;
        Expression::Binary(operator, Box::new(left), Box::new(Expression::Literal(right)))
    });
    let call = (name(), ".{0,8}").prop_map(|(target, text)| {
        Expression::Call("startswith", vec![target, Expression::Literal(Literal::String(text))])
    });
    prop_oneof![comparison, call].prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (any::<bool>(), inner.clone(), inner.clone()).prop_map(|(or, left, right)| {
                let operator = if or { Operator::Or } else { Operator::And };
                Expression::Binary(operator, Box::new(left), Box::new(right))
            }),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_filter_parses_to_itself(expression in condition()) {
        let text = expression.to_string();
        prop_assert_eq!(parse(&text).map_err(|e| format!("{e}: {text}")), Ok(expression));
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_likely_text_panics(text in "[a-z0-9 '(),.eE+_/-]{0,60}") {
        let _ = parse(&text);
    }
}
