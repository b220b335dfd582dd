//! Checks between statements: the value of an expression over printed figures, against the figure
//! printed.

use uplift_core::error::FieldViolation;
use uplift_core::expression::{Expression, written};
use uplift_core::format::{printed, readable};
use uplift_core::interval::Interval;
use uplift_core::language::{Bilingual, Language};
use uplift_core::printed::PERCENT;
use uplift_core::unit::unit_code;
use uplift_core::verdict::{Relation, Verdict};
use uplift_proto::v1::records::{Qualifier, StatementCheck};

use super::documents::Documents;
use super::read::PublishedFigure;

/// A check with its verdict.
#[derive(Debug, Clone)]
pub(crate) struct CheckResult {
    pub(crate) check: StatementCheck,
    pub(crate) verdict: Verdict,
    /// The statement that is checked, if it was submitted.
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

/// Decides a check over the statements of its document.
pub(crate) fn judge(check: StatementCheck, documents: &Documents<'_>) -> CheckResult {
    let document = check.document_id.clone();
    let find = |name: &str| documents.find(&document, name);
    let statement = find(&check.statement_id).cloned();
    let (mut operands, mut arithmetic) = (Vec::new(), Bilingual::default());
    let result = parse(&check).and_then(|expression| {
        operands = expression.names().into_iter().filter_map(find).cloned().collect();
        let shown = |language| {
            let figure =
                |name: &str| find(name).map_or_else(|| written(name), |f| printed_figure(f, language));
            expression.display_with(&figure)
        };
        arithmetic = Bilingual::new(shown(Language::En), shown(Language::Zh));
        evaluate(&check, &expression, &find)
    });
    let (verdict, computed, explanation) = match result {
        Ok((statement, relation, computed)) => {
            let verdict = relation.judge(&statement.interval, &computed);
            let explain = |language| {
                explanation(relation, verdict, statement, &computed, arithmetic.text(language), language)
            };
            (verdict, Some(computed), Bilingual::new(explain(Language::En), explain(Language::Zh)))
        }
        Err(reason) => (Verdict::Undetermined, None, reason),
    };
    CheckResult { verdict, explanation, statement, computed, operands, arithmetic: arithmetic.en, check }
}

fn parse(check: &StatementCheck) -> Result<Expression, Bilingual> {
    Expression::parse(&check.expression)
        .map_err(|e| Bilingual::new(format!("the expression cannot be read: {e}"), format!("算式有误：{e}")))
}

/// The checked statement, the relation and the value of the expression; or why a check cannot be decided.
fn evaluate<'a>(
    check: &StatementCheck,
    expression: &Expression,
    find: &dyn Fn(&str) -> Option<&'a PublishedFigure>,
) -> Result<(&'a PublishedFigure, Relation, Interval), Bilingual> {
    let statement = find(&check.statement_id);
    let named = std::iter::once(check.statement_id.as_str()).chain(expression.names());
    let missing: Vec<_> = named.filter(|name| find(name).is_none()).collect();
    let (Some(statement), true) = (statement, missing.is_empty()) else {
        let names = missing.join(", ");
        return Err(Bilingual::new(format!("not submitted: {names}"), format!("尚未填报：{names}")));
    };
    if let Some(other) = of_another_unit(statement, expression, find) {
        let (own, unit) = (&statement.statement.unit, &other.statement.unit);
        let id = &other.statement.statement_id;
        return Err(Bilingual::new(
            format!("{id} is in {unit}, and the figure that is checked in {own}"),
            format!("{id}的单位为{unit}，而被核对的数单位为{own}"),
        ));
    }
    let value = |name: &str| find(name).map(|f| f.interval).unwrap_or_default();
    let computed = expression
        .evaluate(&value)
        .map_err(|e| Bilingual::new(format!("cannot be computed: {e}"), format!("无法计算：{e}")))?;
    let relation =
        Relation::try_from(check.relation()).map_err(|FieldViolation { description, .. }| {
            Bilingual::new(format!("relation {description}"), "未填写比较关系")
        })?;
    Ok((statement, relation, computed))
}

/// A figure that a sum adds to what has another unit: such a check says nothing.
pub(crate) fn of_another_unit<'a>(
    statement: &PublishedFigure,
    expression: &Expression,
    find: &dyn Fn(&str) -> Option<&'a PublishedFigure>,
) -> Option<&'a PublishedFigure> {
    let unit = |f: &PublishedFigure| unit_code(&f.statement.unit).to_owned();
    let mut named = expression.names().into_iter().filter_map(find);
    expression.is_sum().then(|| named.find(|other| unit(other) != unit(statement))).flatten()
}

/// A figure as the document prints it, its qualifier as a sign.
pub(crate) fn printed_figure(figure: &PublishedFigure, language: Language) -> String {
    let printed = printed(&figure.statement.printed, language);
    let printed = match figure.statement.unit.as_str() {
        PERCENT if !printed.ends_with(['%', '％']) => format!("{printed}%"),
        _ => printed,
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
    let (printed, interval) =
        (printed_figure(statement, language), interval_words(&statement.interval, language));
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
                Verdict::Inconsistent => "but cannot",
                Verdict::Undetermined => "but the printed figures are too imprecise to decide",
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
                Verdict::Inconsistent => "两者矛盾",
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
        (Some(low), None, Language::Zh) => format!("大于{}", number(low.value)),
        (None, Some(high), Language::En) => format!("below {}", number(high.value)),
        (None, Some(high), Language::Zh) => format!("小于{}", number(high.value)),
        (None, None, Language::En) => "any value".to_owned(),
        (None, None, Language::Zh) => "任意值".to_owned(),
    }
}
