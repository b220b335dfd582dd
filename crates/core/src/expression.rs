//! Arithmetic over statements, as checks declare it: `overview.social + overview.credit`,
//! `tourism.households * tourism.per_household`, `100 * more / (total - more)`. An id that is not a plain name, as
//! `a-b` or `5`, is written in quotes: `total - "a-b"`.

use std::collections::BTreeSet;
use std::fmt;

use rust_decimal::Decimal;

use crate::interval::{Interval, IntervalError};

/// An arithmetic expression whose names are statement ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A number, exactly.
    Number(Decimal),
    /// A statement, by its id.
    Name(String),
    /// Two expressions joined by an operator.
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// The four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// Where an expression cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at character {at} of {text:?}")]
pub struct ExpressionError {
    /// The whole expression.
    pub text: String,
    /// The first character that does not fit, counted from 1.
    pub at: usize,
    /// What would fit there.
    pub expected: &'static str,
}

/// Nested brackets deeper than this are refused, so that no input can exhaust the stack.
const MAX_DEPTH: usize = 32;

/// Operators of one expression. A chain of them is a tree as deep as it is long.
const MAX_OPERATORS: usize = 200;

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser { text, rest: text, depth: 0, operators: 0 };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(_) => Err(parser.expected("an operator")),
        }
    }

    /// The statement ids it names.
    pub fn names(&self) -> BTreeSet<&str> {
        match self {
            Self::Number(_) => BTreeSet::new(),
            Self::Name(name) => BTreeSet::from([name.as_str()]),
            Self::Binary(_, left, right) => left.names().into_iter().chain(right.names()).collect(),
        }
    }

    /// The same with other names.
    pub fn renamed(&self, name: &impl Fn(&str) -> String) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Name(old) => Self::Name(name(old)),
            Self::Binary(operator, left, right) => {
                Self::Binary(*operator, left.renamed(name).into(), right.renamed(name).into())
            }
        }
    }

    /// Whether it only adds and subtracts: then all that it names has one unit.
    pub fn is_sum(&self) -> bool {
        match self {
            Self::Number(_) | Self::Name(_) => true,
            Self::Binary(Operator::Add | Operator::Subtract, left, right) => left.is_sum() && right.is_sum(),
            Self::Binary(..) => false,
        }
    }

    /// The interval it comes to. `value` answers for every name that `names` lists.
    ///
    /// A name used twice counts as two independent figures: the interval may be wider than
    /// needed and is never too narrow, so it can hide a contradiction but not invent one.
    pub fn evaluate(&self, value: &impl Fn(&str) -> Interval) -> Result<Interval, IntervalError> {
        match self {
            Self::Number(number) => Ok(Interval::exact(*number)),
            Self::Name(name) => Ok(value(name)),
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.evaluate(value)?, right.evaluate(value)?);
                match operator {
                    Operator::Add => left.add(&right),
                    Operator::Subtract => left.subtract(&right),
                    Operator::Multiply => left.multiply(&right),
                    Operator::Divide => left.divide(&right),
                }
            }
        }
    }

    /// The expression with every name replaced by what `show` makes of it: the arithmetic written out.
    pub fn display_with(&self, show: &impl Fn(&str) -> String) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => show(name),
            Self::Binary(operator, left, right) => {
                let side = |e: &Self, bracket: bool| {
                    let text = e.display_with(show);
                    if bracket { format!("({text})") } else { text }
                };
                let loose = |e: &Self| matches!(e, Self::Binary(Operator::Add | Operator::Subtract, ..));
                let tight = matches!(operator, Operator::Multiply | Operator::Divide);
                let right_bracket = match operator {
                    Operator::Add => false,
                    Operator::Subtract | Operator::Multiply => loose(right),
                    Operator::Divide => matches!(**right, Self::Binary(..)),
                };
                format!("{} {operator} {}", side(left, tight && loose(left)), side(right, right_bracket))
            }
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "−",
            Self::Multiply => "×",
            Self::Divide => "÷",
        })
    }
}

const QUOTE: char = '"';

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_')
}

/// A statement id as an expression writes it: in quotes unless it is a plain name.
pub fn written(id: &str) -> String {
    let plain = id.starts_with(|c: char| c.is_ascii_alphabetic()) && id.chars().all(is_plain);
    if plain { id.to_owned() } else { format!("{QUOTE}{id}{QUOTE}") }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
    operators: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, operators: &[(char, Operator)]) -> Result<Option<Operator>, ExpressionError> {
        let Some(next) = self.peek() else { return Ok(None) };
        let Some((_, operator)) = operators.iter().find(|(c, _)| *c == next) else { return Ok(None) };
        if self.operators == MAX_OPERATORS {
            return Err(self.expected("the end: at most 200 operators are allowed;"));
        }
        self.operators += 1;
        self.rest = &self.rest[next.len_utf8()..];
        Ok(Some(*operator))
    }

    fn expected(&self, expected: &'static str) -> ExpressionError {
        let at = self.text[..self.text.len() - self.rest.len()].chars().count() + 1;
        ExpressionError { text: self.text.to_owned(), at, expected }
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.product()?;
        while let Some(operator) = self.take(&[('+', Operator::Add), ('-', Operator::Subtract)])? {
            left = Expression::Binary(operator, left.into(), self.product()?.into());
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.atom()?;
        while let Some(operator) = self.take(&[('*', Operator::Multiply), ('/', Operator::Divide)])? {
            left = Expression::Binary(operator, left.into(), self.atom()?.into());
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expression, ExpressionError> {
        match self.peek() {
            Some('(') if self.depth < MAX_DEPTH => {
                self.depth += 1;
                self.rest = &self.rest[1..];
                let inner = self.sum()?;
                if self.peek() != Some(')') {
                    return Err(self.expected("')'"));
                }
                self.rest = &self.rest[1..];
                self.depth -= 1;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() => {
                let word = self.word(|c| c.is_ascii_digit() || c == '.');
                word.parse().map(Expression::Number).map_err(|_| self.expected("a number before here"))
            }
            Some(c) if c.is_ascii_alphabetic() => Ok(Expression::Name(self.word(is_plain).to_owned())),
            Some(QUOTE) => {
                self.rest = &self.rest[1..];
                let name = self.word(|c| c != QUOTE).to_owned();
                if name.is_empty() || !self.rest.starts_with(QUOTE) {
                    return Err(self.expected("a statement id and a closing quote"));
                }
                self.rest = &self.rest[1..];
                Ok(Expression::Name(name))
            }
            _ => Err(self.expected("a statement id, a number or '('")),
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let figure = |name: &str| Interval::exact(if name == "a" { 6.into() } else { 2.into() });
        Expression::parse(text).unwrap().evaluate(&figure).unwrap().to_string()
    }

    #[test]
    fn multiplication_binds_tighter_and_subtraction_runs_left_to_right() {
        assert_eq!(value("a + b * 10"), "26");
        assert_eq!(value("a - b - 1"), "3");
        assert_eq!(value("100 * b / (a - b)"), "50");
    }

    #[test]
    fn the_arithmetic_written_out_reads_back_to_the_same_value() {
        for text in ["a - (b - 1)", "(a + b) * b", "a / (b * 3)", "a - b + 1", "a / b / 3"] {
            let shown = Expression::parse(text).unwrap().display_with(&str::to_owned);
            let ascii = shown.replace('−', "-").replace('×', "*").replace('÷', "/");
            assert_eq!(value(&ascii), value(text), "{shown}");
        }
    }

    #[test]
    fn errors_give_their_position() {
        let error = Expression::parse("a + ").unwrap_err();
        assert_eq!(error.to_string(), "a statement id, a number or '(' expected at character 5 of \"a + \"");
        assert!(Expression::parse("a b").is_err());
        assert!(Expression::parse("(a").is_err());
        assert!(Expression::parse("1.2.3").is_err());
        assert!(Expression::parse(&"(".repeat(1000)).is_err());
        let chain = |terms: usize| vec!["a"; terms].join("+");
        assert!(Expression::parse(&chain(MAX_OPERATORS + 1)).is_ok());
        assert!(Expression::parse(&chain(10_000)).is_err());
    }

    #[test]
    fn any_id_can_be_named() {
        for id in ["a", "c.d_1", "a-b", "5", "2011.total", "总量", "a b"] {
            let expression = Expression::parse(&format!("{} - a", written(id))).unwrap();
            assert_eq!(expression.names(), BTreeSet::from([id, "a"]));
        }
        for wrong in ["\"", "\"\"", "\"a", "a\"b\""] {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_listed_once() {
        let expression = Expression::parse("a * a + c.d_1").unwrap();
        assert_eq!(expression.names().into_iter().collect::<Vec<_>>(), ["a", "c.d_1"]);
    }
}
