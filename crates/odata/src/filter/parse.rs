//! From tokens to the expression, by operator precedence.

use saibo_model::{ErrorCode, Result};

use super::lexer::{Token, tokenize};
use super::{Expression, FUNCTIONS, Literal, Operator};

/// How deep parentheses and arguments may nest.
const MAX_DEPTH: usize = 50;
/// How many tokens a filter may have, so that no expression grows deeper than a stack or a database allows.
const MAX_TOKENS: usize = 2_000;

/// Parses a filter.
///
/// # Errors
/// 400-OD-0003 if it is not one, 400-OD-0044 if it is a function's value and 400-OD-0043 if it is any other
/// expression that is no condition.
pub fn parse(text: &str) -> Result<Expression> {
    let tokens = tokenize(text).filter(|tokens| tokens.len() <= MAX_TOKENS).ok_or(ErrorCode::FilterParse)?;
    let tokens = without_unclosed(tokens);
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let expression = parser.expression(0).ok_or(ErrorCode::FilterParse)?;
    if parser.peek().is_some() {
        return Err(ErrorCode::FilterParse.into());
    }
    match expression {
        Expression::Call(..) if !expression.is_condition() => Err(ErrorCode::UnsupportedFunction.into()),
        _ if !expression.is_condition() => Err(ErrorCode::UnsupportedOperator.into()),
        condition => Ok(condition),
    }
}

/// As recorded, a parenthesis that is never closed means nothing.
fn without_unclosed(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => open.push(at),
            Token::Close => drop(open.pop()),
            _ => {}
        }
    }
    for at in open.into_iter().rev() {
        tokens.remove(at);
    }
    tokens
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn accept(&mut self, token: &Token) -> Option<()> {
        (self.next()? == token).then_some(())
    }

    /// The operator that comes next, if one does.
    fn operator(&self) -> Option<Operator> {
        match self.peek()? {
            Token::Word(word) => Operator::from_word(word),
            _ => None,
        }
    }

    /// An expression of operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Option<Expression> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let mut left = self.operand()?;
        while let Some(operator) = self.operator().filter(|operator| operator.precedence() >= least) {
            self.at += 1;
            let right = self.expression(operator.precedence() + 1)?;
            let joins = matches!(operator, Operator::And | Operator::Or);
            if joins && !(left.is_condition() && right.is_condition()) {
                return None;
            }
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Some(left)
    }

    fn operand(&mut self) -> Option<Expression> {
        match self.next()? {
            Token::Literal(literal) => Some(Expression::Literal(literal.clone())),
            Token::Open => {
                let inner = self.expression(0)?;
                self.accept(&Token::Close)?;
                Some(inner)
            }
            Token::Minus => Some(Expression::Negate(Box::new(self.expression(7)?))),
            Token::Word(word) => match word.as_str() {
                "null" => Some(Expression::Literal(Literal::Null)),
                "true" => Some(Expression::Literal(Literal::Boolean(true))),
                "false" => Some(Expression::Literal(Literal::Boolean(false))),
                // Before an operator it is a property of that name.
                "not" if self.operator().is_none() => Some(Expression::Not(Box::new(self.expression(7)?))),
                name if self.peek() == Some(&Token::Open) => self.call(name),
                name => Some(Expression::Property(name.to_owned())),
            },
            Token::Close | Token::Comma => None,
        }
    }

    fn call(&mut self, name: &str) -> Option<Expression> {
        let (name, arity) = FUNCTIONS.iter().find(|(known, _)| *known == name)?;
        self.accept(&Token::Open)?;
        let mut arguments = vec![self.expression(0)?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            arguments.push(self.expression(0)?);
        }
        self.accept(&Token::Close)?;
        arity.contains(&arguments.len()).then_some(Expression::Call(name, arguments))
    }
}
