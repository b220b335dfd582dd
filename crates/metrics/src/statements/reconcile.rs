//! Checks between statements: the value of an expression over printed figures, against the figure
//! printed.

use std::collections::HashMap;

use uplift_core::error::FieldViolation;
use uplift_core::expression::Expression;
use uplift_core::format::readable;
use uplift_core::interval::Interval;
use uplift_core::language::{Bilingual, Language};
use uplift_core::printed::PERCENT;
use uplift_core::verdict::{Relation, Verdict};
use uplift_proto::v1::records::{Qualifier, StatementCheck};

use super::read::PublishedFigure;

/// A check with its verdict.
#[derive(Debug, Clone)]
pub(crate) struct CheckResult {
    pub(crate) check: StatementCheck,
    pub(crate) verdict: Verdict,
    /// The statement that is checked, if it was handed in.
    pub(crate) statement: Option<PublishedFigure>,
    /// The value of the expression, if it can be computed.
    pub(crate) computed: Option<Interval>,
    /// The arithmetic written out with printed figures.
    pub(crate) arithmetic: String,
    /// The verdict in words.
    pub(crate) explanation: Bilingual,
    /// The figures that the expression names.
    pub(crate) operands: Vec<PublishedFigure>,
}

/// Judges checks over the statements of their documents. Of a statement handed in twice the later one
/// counts.
pub(crate) fn check_all(checks: Vec<StatementCheck>, figures: &[PublishedFigure]) -> Vec<CheckResult> {
    let by_id: HashMap<_, _> = figures
        .iter()
        .map(|f| ((f.statement.document_id.as_str(), f.statement.statement_id.as_str()), f))
        .collect();
    checks.into_iter().map(|check| judge(check, &by_id)).collect()
}

type ById<'a> = HashMap<(&'a str, &'a str), &'a PublishedFigure>;

fn judge(check: StatementCheck, by_id: &ById<'_>) -> CheckResult {
    let document = check.document_id.clone();
    let find = |id: &str| by_id.get(&(document.as_str(), id)).copied();
    let undetermined = |check: StatementCheck, explanation: Bilingual| CheckResult {
        statement: find(&check.statement_id).cloned(),
        check,
        verdict: Verdict::Undetermined,
        computed: None,
        arithmetic: String::new(),
        explanation,
        operands: Vec::new(),
    };
    let expression = match Expression::parse(&check.expression) {
        Ok(expression) => expression,
        Err(e) => {
            let explanation =
                Bilingual::new(format!("the expression cannot be read: {e}"), format!("算式无法读取：{e}"));
            return undetermined(check, explanation);
        }
    };
    let names = expression.names();
    let operands = names.iter().filter_map(|name| find(name)).cloned().collect();
    let arithmetic =
        expression.display_with(&|name| find(name).map_or_else(|| name.to_owned(), printed_figure));
    let undetermined = |check, explanation| CheckResult {
        arithmetic: arithmetic.clone(),
        operands,
        ..undetermined(check, explanation)
    };

    let mut missing: Vec<_> = names.iter().copied().filter(|name| find(name).is_none()).collect();
    let statement = find(&check.statement_id);
    if statement.is_none() {
        missing.insert(0, &check.statement_id);
    }
    let (Some(statement), true) = (statement, missing.is_empty()) else {
        let names = missing.join(", ");
        let explanation = Bilingual::new(format!("not handed in: {names}"), format!("尚未填报：{names}"));
        return undetermined(check, explanation);
    };
    let value = |name: &str| find(name).map(|f| f.interval).unwrap_or_default();
    let computed = match expression.evaluate(&value) {
        Ok(computed) => computed,
        Err(e) => {
            let explanation = Bilingual::new(format!("cannot be computed: {e}"), format!("无法计算：{e}"));
            return undetermined(check, explanation);
        }
    };
    let relation = match Relation::try_from(check.relation()) {
        Ok(relation) => relation,
        Err(FieldViolation { description, .. }) => {
            return undetermined(check, Bilingual::new(format!("relation {description}"), "关系未填"));
        }
    };
    let verdict = relation.judge(&statement.interval, &computed);
    let explain = |language| explanation(relation, verdict, statement, &computed, &arithmetic, language);
    CheckResult {
        verdict,
        explanation: Bilingual::new(explain(Language::En), explain(Language::Zh)),
        statement: Some(statement.clone()),
        computed: Some(computed),
        operands: names.iter().filter_map(|name| find(name)).cloned().collect(),
        arithmetic,
        check,
    }
}

/// A figure as the document prints it, its qualifier as a sign.
fn printed_figure(figure: &PublishedFigure) -> String {
    let printed = match figure.statement.unit.as_str() {
        PERCENT => format!("{}%", figure.statement.printed),
        _ => figure.statement.printed.clone(),
    };
    match figure.statement.qualifier() {
        Qualifier::MoreThan => format!(">{printed}"),
        Qualifier::LessThan | Qualifier::Nearly => format!("<{printed}"),
        Qualifier::About => format!("~{printed}"),
        Qualifier::Unspecified | Qualifier::Rounded | Qualifier::Exact | Qualifier::Range => printed,
    }
}

fn explanation(
    relation: Relation,
    verdict: Verdict,
    statement: &PublishedFigure,
    computed: &Interval,
    arithmetic: &str,
    language: Language,
) -> String {
    let (printed, interval) = (printed_figure(statement), interval_words(&statement.interval, language));
    let computed = interval_words(computed, language);
    match language {
        Language::En => {
            let should = match relation {
                Relation::Equals => "should equal",
                Relation::AtMost => "should be at most",
                Relation::AtLeast => "should be at least",
                Relation::Contains => "should contain",
            };
            let judgement = match verdict {
                Verdict::Consistent => "and does",
                Verdict::Inconsistent => "and cannot",
                Verdict::Undetermined => "and may or may not: the figures are printed too loosely to tell",
            };
            format!("{printed} ({interval}) {should} {arithmetic} = {computed}, {judgement}")
        }
        Language::Zh => {
            let should = match relation {
                Relation::Equals => "应等于",
                Relation::AtMost => "应不大于",
                Relation::AtLeast => "应不小于",
                Relation::Contains => "应包含",
            };
            let judgement = match verdict {
                Verdict::Consistent => "相符",
                Verdict::Inconsistent => "不可能相符",
                Verdict::Undetermined => "公布精度不足，无法判定",
            };
            format!("{printed}（{interval}）{should} {arithmetic} = {computed}，{judgement}")
        }
    }
}

/// An interval for reading.
fn interval_words(interval: &Interval, language: Language) -> String {
    let number = |value| readable(value, language);
    match (interval.low, interval.high, language) {
        (Some(low), Some(high), _) if low.value == high.value => number(low.value),
        (Some(low), Some(high), Language::En) => format!("{} to {}", number(low.value), number(high.value)),
        (Some(low), Some(high), Language::Zh) => format!("{}至{}", number(low.value), number(high.value)),
        (Some(low), None, Language::En) => format!("above {}", number(low.value)),
        (Some(low), None, Language::Zh) => format!("{}以上", number(low.value)),
        (None, Some(high), Language::En) => format!("below {}", number(high.value)),
        (None, Some(high), Language::Zh) => format!("{}以下", number(high.value)),
        (None, None, Language::En) => "any value".to_owned(),
        (None, None, Language::Zh) => "任意值".to_owned(),
    }
}
