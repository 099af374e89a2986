//! The tokens of filters and of the other options that are written in the same words.

use winnow::combinator::{alt, delimited, opt, preceded, repeat, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::{any, literal, one_of, take_while};

use super::Literal;

/// A token; white space between tokens is gone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name, an operator or a function.
    Word(String),
    /// A constant, except those that are words.
    Literal(Literal),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `-` that is not a number's sign
    Minus,
}

/// Splits text into tokens. `None` if some of it is none.
pub(crate) fn tokenize(text: &str) -> Option<Vec<Token>> {
    let space = || take_while::<_, _, EmptyError>(0.., char::is_whitespace);
    delimited(space(), repeat(0.., terminated(token, space())), space()).parse(text).ok()
}

type Parsed<T> = Result<T, EmptyError>;

fn token(input: &mut &str) -> Parsed<Token> {
    alt((
        '('.value(Token::Open),
        ')'.value(Token::Close),
        ','.value(Token::Comma),
        quoted.map(|text| Token::Literal(Literal::String(text))),
        number.map(Token::Literal),
        '-'.value(Token::Minus),
        prefixed_or_word,
    ))
    .parse_next(input)
}

/// A string in quotes; a doubled quote is one of the string's.
fn quoted(input: &mut &str) -> Parsed<String> {
    '\''.parse_next(input)?;
    let (text, rest) = crate::key::quoted(input).ok_or(EmptyError)?;
    *input = rest;
    Ok(text)
}

/// A number with its sign, fraction, exponent and type suffix. A letter must not follow it.
fn number(input: &mut &str) -> Parsed<Literal> {
    let digits = || take_while::<_, _, EmptyError>(1.., |c: char| c.is_ascii_digit());
    let whole = (
        opt('-'),
        digits(),
        opt(('.', digits())),
        opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digits())),
    );
    let (text, fractional) = whole
        .with_taken()
        .map(|((_, _, fraction, exponent), text)| (text, fraction.is_some() || exponent.is_some()))
        .parse_next(input)?;
    let suffix = opt(one_of(['L', 'l', 'f', 'F', 'd', 'D', 'm', 'M'])).parse_next(input)?;
    if input.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '.')) {
        return Err(EmptyError);
    }
    let finite = |number: f64| number.is_finite().then_some(Literal::Double(number));
    match suffix {
        None if fractional => text.parse().ok().and_then(finite),
        Some('d' | 'D') => text.parse().ok().and_then(finite),
        Some('f' | 'F') => text.parse().ok().filter(|number: &f32| number.is_finite()).map(Literal::Single),
        Some('m' | 'M') => Some(Literal::Foreign(format!("{text}m"))),
        _ if !fractional => text.parse().ok().map(Literal::Integer),
        _ => None,
    }
    .ok_or(EmptyError)
}

/// A word, or a prefix with the quoted text that follows it at once: `datetime'…'`.
fn prefixed_or_word(input: &mut &str) -> Parsed<Token> {
    let word = word.parse_next(input)?;
    match opt(quoted).parse_next(input)? {
        None if input.starts_with('\'') => Err(EmptyError),
        None => Ok(Token::Word(word)),
        Some(text) => Literal::prefixed(&word, &text).map(Token::Literal).ok_or(EmptyError),
    }
}

/// A name: letters, digits, `_`, `-` and, between the members of a path, `/`. Only names that begin with an
/// underscore (`_Box.Name`) have dots.
fn word(input: &mut &str) -> Parsed<String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    alt((
        preceded(literal("_"), take_while(0.., move |c: char| plain(c) || c == '.')).take(),
        (any.verify(|c: &char| c.is_alphabetic()), take_while(0.., plain)).take(),
    ))
    .map(str::to_owned)
    .parse_next(input)
}
