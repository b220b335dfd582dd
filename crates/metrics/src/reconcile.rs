//! Judging checks: what an expression over printed figures comes to, against the figure printed.

use std::collections::HashMap;

use uplift_core::error::FieldViolation;
use uplift_core::expression::Expression;
use uplift_core::interval::Interval;
use uplift_core::number::{Language, readable};
use uplift_core::printed::PERCENT;
use uplift_core::verdict::{Relation, Verdict};
use uplift_proto::v1::records::{Qualifier, StatementCheck};

use crate::figures::PublishedFigure;

/// A check, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The check as declared.
    pub check: StatementCheck,
    /// The judgement.
    pub verdict: Verdict,
    /// The figure that is checked, if it was handed in.
    pub statement: Option<PublishedFigure>,
    /// What the expression comes to, if it can be computed.
    pub computed: Option<Interval>,
    /// The arithmetic written out with printed figures.
    pub arithmetic: String,
    /// The judgement in words, in English.
    pub explanation_en: String,
    /// The judgement in words, in Chinese.
    pub explanation_zh: String,
    /// The figures that the expression names.
    pub operands: Vec<PublishedFigure>,
}

/// Judges checks over the statements of their documents. A statement handed in twice counts as
/// it was handed in last.
pub fn judge_all(checks: Vec<StatementCheck>, figures: &[PublishedFigure]) -> Vec<Judged> {
    let by_id: HashMap<_, _> = figures
        .iter()
        .map(|f| ((f.statement.document_id.as_str(), f.statement.statement_id.as_str()), f))
        .collect();
    checks.into_iter().map(|check| judge(check, &by_id)).collect()
}

type ById<'a> = HashMap<(&'a str, &'a str), &'a PublishedFigure>;

fn judge(check: StatementCheck, by_id: &ById<'_>) -> Judged {
    let document = check.document_id.clone();
    let find = |id: &str| by_id.get(&(document.as_str(), id)).copied();
    let statement = find(&check.statement_id);
    let undetermined = |check: StatementCheck, arithmetic, operands, en: String, zh: String| Judged {
        check,
        verdict: Verdict::Undetermined,
        statement: statement.cloned(),
        computed: None,
        arithmetic,
        explanation_en: en,
        explanation_zh: zh,
        operands,
    };

    let expression = match Expression::parse(&check.expression) {
        Ok(expression) => expression,
        Err(e) => {
            let zh = format!("算式无法读取：{e}");
            return undetermined(
                check,
                String::new(),
                Vec::new(),
                format!("the expression cannot be read: {e}"),
                zh,
            );
        }
    };
    let names = expression.names();
    let operands: Vec<_> = names.iter().filter_map(|name| find(name)).cloned().collect();
    let mut missing: Vec<_> = names.iter().copied().filter(|name| find(name).is_none()).collect();
    if statement.is_none() {
        missing.insert(0, &check.statement_id);
    }
    let arithmetic = expression.display_with(&|name| find(name).map_or_else(|| name.to_owned(), shown));
    let (Some(statement), true) = (statement, missing.is_empty()) else {
        let names = missing.join(", ");
        let en = format!("not handed in: {names}");
        return undetermined(check, arithmetic, operands, en, format!("尚未填报：{names}"));
    };
    let value = |name: &str| find(name).map(|f| f.interval).unwrap_or_default();
    let computed = match expression.evaluate(&value) {
        Ok(computed) => computed,
        Err(e) => {
            let zh = format!("无法计算：{e}");
            return undetermined(check, arithmetic, operands, format!("cannot be computed: {e}"), zh);
        }
    };
    let relation = match Relation::try_from(check.relation()) {
        Ok(relation) => relation,
        Err(FieldViolation { description, .. }) => {
            return undetermined(
                check,
                arithmetic,
                operands,
                format!("relation {description}"),
                "关系未填".to_owned(),
            );
        }
    };
    let verdict = relation.judge(&statement.interval, &computed);
    let explain = |language| explanation(relation, verdict, statement, &computed, &arithmetic, language);
    Judged {
        verdict,
        explanation_en: explain(Language::En),
        explanation_zh: explain(Language::Zh),
        statement: Some(statement.clone()),
        computed: Some(computed),
        arithmetic,
        operands,
        check,
    }
}

/// A figure as the document has it, its qualifier in a sign.
fn shown(figure: &PublishedFigure) -> String {
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
    let (printed, interval) = (shown(statement), words(&statement.interval, language));
    let computed = words(computed, language);
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
pub fn words(interval: &Interval, language: Language) -> String {
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
