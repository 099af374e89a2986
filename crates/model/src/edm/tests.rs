use super::*;

fn stored(value: &Value) -> String {
    value.to_stored().to_string()
}

fn shown(value: &Value) -> String {
    let mut out = String::new();
    value.write_lexical(&mut out);
    out
}

#[test]
fn doubles_are_stored_as_java_writes_them_and_shown_plainly() {
    for (sent, java, plain) in [
        ("0", "0.0", "0"),
        ("0.0", "0.0", "0"),
        ("0.1", "0.1", "0.1"),
        ("-0.5", "-0.5", "-0.5"),
        ("6", "6.0", "6"),
        ("4.333333333333333", "4.333333333333333", "4.333333333333333"),
        ("1e10", "1.0E10", "10000000000"),
        ("10000000", "1.0E7", "10000000"),
        ("9999999", "9999999.0", "9999999"),
        ("0.001", "0.001", "0.001"),
        ("0.0001", "1.0E-4", "0.0001"),
        ("1.23456789012345E9", "1.23456789012345E9", "1234567890.12345"),
        ("1234567890.12345d", "1.23456789012345E9", "1234567890.12345"),
        ("9223372036854775807", "9.223372036854776E18", "9.223372036854776E18"),
        ("1.79e308", "1.79E308", "1.79E308"),
        ("-2.23E-308", "-2.23E-308", "-2.23E-308"),
    ] {
        let value = SimpleType::Double.parse(sent, 0).unwrap();
        assert_eq!(stored(&value), format!("\"{java}\""), "{sent}");
        assert_eq!(shown(&value), plain, "{sent}");
        assert_eq!(SimpleType::Double.from_stored(&value.to_stored()), value, "{sent}");
    }
}

#[test]
fn singles_have_at_most_five_digits_on_either_side() {
    for (sent, java) in [
        ("0.0", "0.0"),
        ("1", "1.0"),
        ("0.99999", "0.99999"),
        ("99999.9", "99999.9"),
        ("-0.1", "-0.1"),
        ("100000", "100000.0"),
    ] {
        assert_eq!(stored(&SimpleType::Single.parse(sent, 0).unwrap()), format!("\"{java}\""), "{sent}");
    }
    for sent in ["0.999991", "100000.0", "-100000.0", "1.", "x", "", "1e39", "nan", "inf"] {
        assert_eq!(SimpleType::Single.parse(sent, 0), Err(InvalidValue), "{sent}");
    }
}

#[test]
fn what_a_type_does_not_allow() {
    let long = "x".repeat(STRING_MAX + 1);
    for (ty, sent) in [
        (SimpleType::String, long.as_str()),
        (SimpleType::Boolean, "True"),
        (SimpleType::Boolean, "1"),
        (SimpleType::Int32, "2147483648"),
        (SimpleType::Int32, "-2147483649"),
        (SimpleType::Int32, "1.0"),
        (SimpleType::Double, "1.791e308"),
        (SimpleType::Double, "2.22e-308"),
        (SimpleType::Double, "test"),
        (SimpleType::Double, "inf"),
        (SimpleType::Double, "d"),
        (SimpleType::DateTime, ""),
        (SimpleType::DateTime, "/Date(253402300800000)/"),
        (SimpleType::DateTime, "/Date(-6847804800001)/"),
        (SimpleType::DateTime, "/Date(1359340262406)"),
        (SimpleType::DateTime, "/Date()/"),
    ] {
        assert_eq!(ty.parse(sent, 0), Err(InvalidValue), "{} {sent}", ty.name());
    }
}

#[test]
fn dates_and_the_moment_of_the_request() {
    for (sent, ms) in [(NOW, 42), ("/Date(922)/", 922), ("/Date(-6847804800000)/", DATETIME_MIN)] {
        let value = SimpleType::DateTime.parse(sent, 42).unwrap();
        assert_eq!(value, Value::DateTime(ms));
        assert_eq!(shown(&value), format!("/Date({ms})/"));
        assert_eq!(stored(&value), ms.to_string());
    }
}

#[test]
fn defaults() {
    assert_eq!(SimpleType::String.default_value("null", 0), Value::Null);
    assert_eq!(SimpleType::String.default_value("x", 0), Value::String("x".into()));
    assert_eq!(SimpleType::Boolean.default_value("false", 0), Value::Boolean(false));
    assert_eq!(SimpleType::Int32.default_value("3", 0), Value::Int32(3));
    assert_eq!(SimpleType::DateTime.default_value(NOW, 7), Value::DateTime(7));
    assert_eq!(SimpleType::DateTime.default_value("null", 7), Value::Null);
}

#[test]
fn stored_values_that_do_not_fit_are_null() {
    use serde_json::json;
    assert_eq!(SimpleType::Boolean.from_stored(&json!("false")), Value::Boolean(false));
    assert_eq!(SimpleType::Boolean.from_stored(&json!(true)), Value::Boolean(true));
    assert_eq!(SimpleType::Double.from_stored(&json!(1.5)), Value::Double(1.5));
    assert_eq!(SimpleType::Int32.from_stored(&json!({})), Value::Null);
    assert_eq!(SimpleType::DateTime.from_stored(&json!([1])), Value::Null);
}

#[test]
fn names() {
    for ty in SimpleType::ALL {
        assert_eq!(SimpleType::from_name(ty.name()), Some(ty));
        assert_eq!(PropertyType::from_name(ty.name()).simple(), Some(ty));
    }
    assert_eq!(PropertyType::from_name("address"), PropertyType::Complex("address".into()));
    assert_eq!(Multiplicity::from_symbol("0..1"), Some(Multiplicity::ZeroOrOne));
    assert_eq!(CollectionKind::from_name("List"), Some(CollectionKind::List));
}
