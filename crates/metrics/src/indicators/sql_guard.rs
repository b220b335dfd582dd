//! What SQL of a declaration may be: one expression of bounded size over columns, with functions from a list.
//! Its words are looked at before it is planned, its plan before it is run.

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use uplift_core::error::DeclarationError;
use uplift_measures::engine;

/// Characters of one expression, `$names` filled in.
pub(crate) const MAX_SQL: usize = 4_000;
/// Words, numbers and signs of one expression, and brackets within each other. A plan is as deep as its
/// operators are many.
const MAX_TOKENS: usize = 400;
const MAX_DEPTH: usize = 16;

/// Words that begin what is not an expression.
const STATEMENTS: [&str; 12] = [
    "select", "with", "from", "union", "values", "insert", "update", "delete", "over", "unnest", "lateral",
    "exists",
];

/// Functions beside the measures, by the name that the engine knows them by. None makes more than it is
/// given: what repeats, pads or generates is not among them.
const FUNCTIONS: [&str; 35] = [
    "period_end",
    "sum_once",
    "sum_conserved",
    "first_value",
    "last_value",
    "concat",
    "sum",
    "count",
    "avg",
    "min",
    "max",
    "bool_and",
    "bool_or",
    "median",
    "stddev",
    "greatest",
    "least",
    "coalesce",
    "nullif",
    "abs",
    "round",
    "floor",
    "ceil",
    "ln",
    "log10",
    "sqrt",
    "power",
    "length",
    "character_length",
    "date_part",
    "split_part",
    "left",
    "right",
    "lower",
    "upper",
];

/// Refuses text that is not one bounded expression.
pub(crate) fn check_text(part: &str, sql: &str) -> Result<(), DeclarationError> {
    let wrong = |remedy: String| Err(DeclarationError::new(part, remedy));
    if sql.chars().count() > MAX_SQL {
        return wrong(format!("is longer than {MAX_SQL} characters; declare several indicators"));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize();
    let tokens = tokens.map_err(|e| DeclarationError::new(part, e))?;
    let (mut count, mut depth) = (0_usize, 0_usize);
    for token in &tokens {
        match token {
            Token::Whitespace(space) if space.to_string().trim().is_empty() => continue,
            Token::Whitespace(_) => return wrong("has a comment; write it in the definition".to_owned()),
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => {
                return wrong("closes a bracket that it has not opened".to_owned());
            }
            Token::RParen => depth -= 1,
            Token::SemiColon => return wrong("has a semicolon; write one expression".to_owned()),
            Token::Word(word)
                if word.quote_style.is_none()
                    && STATEMENTS.iter().any(|s| word.value.eq_ignore_ascii_case(s)) =>
            {
                return wrong(format!("has {}; write an expression, not a query", word.value));
            }
            _ => {}
        }
        count += 1;
        if count > MAX_TOKENS || depth > MAX_DEPTH {
            let remedy = format!(
                "has more than {MAX_TOKENS} words and signs, or brackets {MAX_DEPTH} deep; declare several indicators"
            );
            return wrong(remedy);
        }
    }
    if depth > 0 { wrong("opens a bracket that it does not close".to_owned()) } else { Ok(()) }
}

/// Refuses an expression with a function that is not on the list, or that shows what is personal: a column
/// of that kind may be counted, and asked whether it is empty.
pub(crate) fn check_expression(
    part: &str,
    expression: &Expr,
    personal: &dyn Fn(&str) -> bool,
) -> Result<(), DeclarationError> {
    let mut found = None;
    // Conditions of counts, which are looked at as expressions of their own.
    let mut inner = Vec::new();
    let mut refuse = |remedy: String| {
        found.get_or_insert(DeclarationError::new(part, remedy));
    };
    let walked = expression.apply(|expr| {
        let name = match expr {
            Expr::ScalarFunction(f) => Some(f.name().to_owned()),
            Expr::AggregateFunction(f) => Some(f.func.name().to_owned()),
            Expr::Column(column) if personal(&column.name) => {
                refuse(format!("{} is personal; it can be counted, and nothing else", column.name));
                None
            }
            Expr::Column(_)
            | Expr::Literal(..)
            | Expr::BinaryExpr(_)
            | Expr::Not(_)
            | Expr::Negative(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::Between(_)
            | Expr::InList(_)
            | Expr::Like(_)
            | Expr::Case(_)
            | Expr::Cast(_)
            | Expr::TryCast(_)
            | Expr::Alias(_) => None,
            _ => {
                refuse(
                    "has what is not an expression over columns; use comparisons and functions".to_owned(),
                );
                None
            }
        };
        if let Some(name) = &name
            && !FUNCTIONS.contains(&name.as_str())
            && !engine::is_measure(name)
        {
            refuse(format!(
                "{name} is not a function of declarations; use {} or a measure",
                FUNCTIONS.join(", ")
            ));
        }
        // A column that is counted, or asked whether it is empty, is not shown; what stands beside it is looked at.
        let bare = |e: &Expr| matches!(e, Expr::Column(_));
        match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) if bare(inner) => {
                return Ok(TreeNodeRecursion::Jump);
            }
            Expr::AggregateFunction(f) if f.func.name() == "count" && f.params.args.iter().all(bare) => {
                inner.extend(f.params.filter.iter().map(|filter| filter.as_ref().clone()));
                return Ok(TreeNodeRecursion::Jump);
            }
            _ => {}
        }
        Ok::<_, DataFusionError>(TreeNodeRecursion::Continue)
    });
    walked.map_err(|e| DeclarationError::new(part, e))?;
    if let Some(found) = found {
        return Err(found);
    }
    inner.iter().try_for_each(|filter| check_expression(part, filter, personal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bounded_expression_passes() {
        for sql in ["sum(amount)", "kind = 'select'", "a IN ('x', 'y') AND (b > 1 OR c IS NULL)", ""] {
            assert!(check_text("where", sql).is_ok(), "{sql}");
        }
        let chain = vec!["1"; 500].join("+");
        for sql in [
            "1=1) OR (1=1",
            "(1",
            "a = 1 -- rest",
            "a /* b */ = 1",
            "a; b",
            "(SELECT 1)",
            "a IN (select b from c)",
            "sum(a) OVER ()",
            &"(".repeat(200),
            &chain,
            &"a".repeat(MAX_SQL + 1),
        ] {
            assert!(check_text("where", sql).is_err(), "{sql}");
        }
    }
}
