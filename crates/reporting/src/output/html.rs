//! A document as an HTML page: one file, no script, readable in both languages, the evidence of every figure in it.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use rust_decimal::Decimal;
use uplift_core::error::{Error, Result};
use uplift_core::format::grouped;
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;

use crate::document::{Block, Document, Figure, Mark};

pub(super) fn render(document: &Document, languages: &[Language]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let failed = |e| Error::internal("rendering the report", e);
    environment.add_template("report.html", include_str!("../../templates/report.html")).map_err(failed)?;
    let template = environment.get_template("report.html").map_err(failed)?;
    let style = Value::from_safe_string(include_str!("../../templates/style.css").to_owned());
    let languages: Vec<_> = languages.iter().map(|language| language.choose("en", "zh")).collect();
    let blocks = || document.sections.iter().flat_map(|section| &section.blocks);
    let mut drawings: BTreeMap<&str, &Bilingual> = BTreeMap::new();
    let mut check_drawings: BTreeMap<&str, &Bilingual> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> =
        [("consistent", 0), ("inconsistent", 0), ("undetermined", 0)].into_iter().collect();
    let mut groups_shown = false;
    for block in blocks() {
        match block {
            Block::Chart { chart } => {
                drawings.insert(&chart.id, &chart.drawing);
            }
            Block::Checks { checks, .. } => {
                for check in checks {
                    check_drawings.insert(&check.id, &check.drawing);
                    *counts.entry(check.verdict).or_default() += 1;
                }
            }
            Block::Statements { .. } => groups_shown = true,
            Block::Paragraph { .. } | Block::Note { .. } | Block::Table { .. } => {}
        }
    }
    let definition: BTreeMap<&str, _> =
        document.definitions.iter().map(|d| (d.indicator.as_str(), d)).collect();
    let sign: BTreeMap<String, &str> = document
        .marks
        .iter()
        .map(|meaning| {
            (
                serde_json::to_value(meaning.mark)
                    .ok()
                    .and_then(|v| v.as_str().map(str::to_owned))
                    .unwrap_or_default(),
                meaning.sign,
            )
        })
        .collect();
    let amount: BTreeMap<&str, Bilingual> =
        document.figures.iter().map(|f| (f.id.as_str(), exact(f))).collect();
    let part_name: BTreeMap<&str, Bilingual> = [
        ("value", Bilingual::new("Value", "数值")),
        ("numerator", Bilingual::new("Numerator", "分子")),
        ("denominator", Bilingual::new("Denominator", "分母")),
    ]
    .into();
    let page = template.render(context! {
        style,
        languages,
        counts,
        groups_shown,
        drawings => Value::from(Serde(&drawings)),
        check_drawings => Value::from(Serde(&check_drawings)),
        definition => Value::from(Serde(&definition)),
        sign,
        amount => Value::from(Serde(&amount)),
        part_name => Value::from(Serde(&part_name)),
        ..Value::from(Serde(document))
    });
    page.map_err(failed)
}

/// A figure with all its digits and its unit.
fn exact(figure: &Figure) -> Bilingual {
    let Some(value) = &figure.value else {
        let sign = Mark::NotAvailable.sign();
        return Bilingual::new(sign, sign);
    };
    let digits = value.parse::<Decimal>().map_or_else(|_| value.clone(), grouped);
    let words = |language: Language| {
        format!("{digits}{}{}", language.choose(" ", ""), unit_name(&figure.unit, language))
    };
    Bilingual { en: words(Language::En), zh: words(Language::Zh) }
}
