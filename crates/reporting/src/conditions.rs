//! The conditions of a template that a report does not meet.

use rust_decimal::Decimal;
use uplift_core::interval::Interval;
use uplift_core::language::Bilingual;

use crate::document::Unmet;
use crate::template::{Comparison, Condition};
use crate::words::exact;
use crate::writer::{Local, Writer};

/// Those that do not hold, or that cannot be decided.
pub(crate) fn unmet(writer: &mut Writer<'_>) -> Vec<Unmet> {
    let mut found = Vec::new();
    for (id, condition) in &writer.template.conditions {
        if let Some(reason) = why_not(writer, condition) {
            let text = writer.sentence(id, &Local::new()).plain();
            let message = Bilingual::new(
                format!("{} ({})", text.en, reason.en),
                format!("{}（{}）", text.zh, reason.zh),
            );
            found.push(Unmet { id: id.clone(), message });
        }
    }
    found
}

/// Why a condition does not hold: the figures that it names, with their values.
fn why_not(writer: &Writer<'_>, condition: &Condition) -> Option<Bilingual> {
    let value = |name: &str| {
        let answer = writer.named(name).filter(|answer| answer.value.is_some())?;
        answer.exact_value.parse::<Decimal>().ok()
    };
    let missing: Vec<&str> = condition.names().filter(|name| value(name).is_none()).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return Some(Bilingual::new(format!("no value of {names}"), format!("缺少数据：{names}")));
    }
    let figure = |name: &str| value(name).map(Interval::exact).unwrap_or_default();
    let sides = [&condition.left, &condition.right].map(|side| side.evaluate(&figure));
    let [Ok(left), Ok(right)] = sides else {
        return Some(Bilingual::new("cannot be computed", "无法计算"));
    };
    let holds = match condition.comparison {
        Comparison::AtLeast => right.is_at_most(&left),
        Comparison::AtMost => left.is_at_most(&right),
        Comparison::Equals => left == right,
    };
    (!holds).then(|| {
        let shown = |choose: &dyn Fn(Bilingual) -> String| {
            let figure = |name: &str| {
                let answer = writer.named(name);
                let words = answer.map(|answer| exact(&answer.exact_value, &answer.unit)).unwrap_or_default();
                format!("{name} = {}", choose(words))
            };
            condition.names().map(figure).collect::<Vec<_>>()
        };
        Bilingual::new(shown(&|words| words.en).join(", "), shown(&|words| words.zh).join("，"))
    })
}
