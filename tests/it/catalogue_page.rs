//! docs/indicators.md: every indicator with what it means, as the service tells it. To write it again:
//!
//!     WRITE_PAGE=1 cargo test --workspace --test it -- catalogue_page

use std::fmt::Write;
use std::path::Path;

use uplift_proto::v1::metrics::{Component, GetIndicatorRequest, Indicator, ListIndicatorsRequest};
use uplift_testkit::Uplift;

const HEAD: &str = "# Indicators

What each indicator means, how it is computed, where the definition comes from, and since when. Written by a test from
what the service tells; `uplift indicators` shows the same of a running one, with those that an office declares.

A figure is of one kind of records: real ones and simulated ones, a register and a survey are never added. A whole year
is that of the record's date or year, or its budget year where that is told; *to date* counts from the beginning of the
budget year; a *stock* counts everything up to the end of the period. What is added up first, as the records of a loan,
a household or a person, counts in the area of its latest record, a loan in that of the lending. `sum_conserved` is money that
passes levels of areas, of each what an area records or the areas inside do, whichever is more: so the quarters of a year need not add up to it. In a formula, `$year` is the year and `$period_end`
the last day of the period, and `$line[2010]` the poverty line of that standard in the year and area of the record.
";

fn component(component: &Component) -> String {
    let Component { measure, dataset, .. } = component;
    let mut text = format!("`{measure}` of `{dataset}`");
    if !component.r#where.is_empty() {
        let _ = write!(text, " where `{}`", component.r#where);
    }
    if !component.per_key.is_empty() {
        let columns = component.per_columns.iter().collect::<std::collections::BTreeMap<_, _>>();
        let columns: Vec<_> = columns.iter().map(|(name, sql)| format!("`{name}` = `{sql}`")).collect();
        let _ = write!(text, ", records added up first by `{}`: {}", component.per_key, columns.join(", "));
    }
    for (flag, word) in [
        (component.stock, "stock"),
        (component.budget_year, "by budget year"),
        (component.to_date, "to date"),
        (component.county, "with the county that the area lies in"),
    ] {
        if flag {
            let _ = write!(text, "; {word}");
        }
    }
    if !component.join.is_empty() {
        let _ = write!(text, "; with the record that `{}` names", component.join.join("`, `"));
    }
    text
}

fn entry(page: &mut String, indicator: &Indicator, history: &[Indicator]) {
    let Indicator { indicator_id, title_en, title_zh, definition_en, definition_zh, unit, .. } = indicator;
    let _ = write!(page, "\n### {title_en} · {title_zh}\n\n`{indicator_id}`, {unit}");
    if indicator.scale > 1 {
        let _ = write!(page, ", times {}", indicator.scale);
    }
    let _ = write!(page, ". {definition_en}\n{definition_zh}\n\n");
    for (name, part) in [
        ("Value", &indicator.value),
        ("Numerator", &indicator.numerator),
        ("Denominator", &indicator.denominator),
    ] {
        if let Some(part) = part {
            let _ = writeln!(page, "- {name}: {}.", component(part));
        }
    }
    if !indicator.source.is_empty() {
        let _ = writeln!(page, "- Source of the definition: {}.", indicator.source);
    }
    if !indicator.dimensions.is_empty() {
        let _ = writeln!(page, "- By: `{}`.", indicator.dimensions.join("`, `"));
    }
    for version in history.iter().filter(|version| !version.changed.is_empty()) {
        let _ = writeln!(page, "- Version {}: {}", version.version, version.changed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_indicators_says_what_the_service_does() {
    let uplift = Uplift::start().await;
    let mut metrics = uplift.metrics().await;
    let listed =
        metrics.list_indicators(ListIndicatorsRequest::default()).await.unwrap().into_inner().indicators;
    let mut page = HEAD.to_owned();
    let mut section = String::new();
    for indicator in &listed {
        if indicator.section != section {
            section.clone_from(&indicator.section);
            let _ = write!(page, "\n## {section}\n");
        }
        let request = GetIndicatorRequest { indicator: indicator.indicator_id.clone() };
        let history = metrics.get_indicator(request).await.unwrap().into_inner().history;
        entry(&mut page, indicator, &history);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/indicators.md");
    if std::env::var_os("WRITE_PAGE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/indicators.md is not what the service tells; write it again as this file says"
    );
}
