//! Charts of figures as SVG, drawn on the server, so that every format shows the same picture.

mod bars;
mod flows;
pub(crate) mod funds;
pub(crate) mod intervals;
mod lines;
mod shown;
mod svg;
mod tiles;

use rust_decimal::prelude::ToPrimitive;
use uplift_core::language::{Bilingual, Language};

use self::flows::Flow;
use self::shown::{Shown, shown};
use crate::document::{Chart, Sentence};
use crate::scale::Scale;
use crate::table::{ChartData, DataPart};
use crate::template::{ChartDeclaration, ChartKind};
use crate::words;
use crate::writer::{Local, LocalName, Writer};

/// Parts that are told in words beside a drawing.
const MAX_TOLD: usize = 6;

/// Draws a chart in both languages.
pub(crate) fn draw(writer: &mut Writer<'_>, declared: &ChartDeclaration, data: ChartData<'_>) -> Chart {
    let title = title(writer, declared, &data);
    let years = [writer.period.year_before().to_string(), writer.period.to_string()];
    let [en, zh] = [Language::En, Language::Zh].map(|language| {
        let words = in_words(title.plain().text(language), &data, language);
        (picture(declared, &data, &words, language, [&years[0], &years[1]]), words)
    });
    let ChartData { mut table, .. } = data;
    table.title = title.clone();
    Chart {
        id: declared.id.clone(),
        title,
        alternative: Bilingual { en: en.1, zh: zh.1 },
        drawing: Bilingual { en: en.0, zh: zh.0 },
        data: table,
    }
}

/// The title, which may name the greatest and the smallest part.
fn title(writer: &mut Writer<'_>, declared: &ChartDeclaration, data: &ChartData<'_>) -> Sentence {
    let mut local = Local::new();
    if declared.by.is_some() {
        let parts: Vec<_> = data.parts.iter().filter(|part| !part.total && part.value().is_some()).collect();
        let count = parts.len().to_string();
        local.insert("count", LocalName::Words(Bilingual::new(count.clone(), count)));
        for (name, label, part) in
            [("first", "first-name", parts.first()), ("last", "last-name", parts.last())]
        {
            let Some((part, answer)) = part.and_then(|part| Some((part, part.answer?))) else { continue };
            local.insert(name, LocalName::Figure(answer));
            local.insert(label, LocalName::Words(part.label.clone()));
        }
    }
    writer.sentence(&declared.id, &local)
}

fn picture(
    declared: &ChartDeclaration,
    data: &ChartData<'_>,
    words: &str,
    language: Language,
    years: [&str; 2],
) -> String {
    let parts = || data.parts.iter().filter(|part| !part.total);
    let all: Vec<_> = parts().map(|part| shown(part, language)).collect();
    match declared.kind {
        ChartKind::Ranked => bars::ranked(&known(all), words),
        ChartKind::Stacked => bars::stacked(&positive(all), words),
        ChartKind::Bullet => bars::bullet(&all, words, language),
        ChartKind::Slope => lines::slope(&all, words, years),
        ChartKind::Lorenz => {
            lines::lorenz(&all.iter().map(|part| part.value).collect::<Vec<_>>(), words, language)
        }
        ChartKind::Tiles => tiles::tiles(&all, &declared.grid, data.unit.text(language), words),
        ChartKind::Sankey => {
            let flow = |part: &DataPart<'_>| {
                let [from, to] = part.codes.as_slice() else { return None };
                let (from, to) = (from.text(language).to_owned(), to.text(language).to_owned());
                Some(Flow { from, to, value: part.value()?.to_f64()? })
            };
            let flows: Vec<_> = parts().filter_map(flow).collect();
            let unit =
                data.parts.iter().find_map(|part| part.answer).map_or("", |answer| answer.unit.as_str());
            let numbers: Vec<_> = data.parts.iter().filter_map(DataPart::value).collect();
            let (scale, name) = Scale::of_numbers(unit, &numbers, language);
            flows::sankey(&flows, &name, words, |value| {
                words::decimal(value).map(|value| scale.print(value)).unwrap_or_default()
            })
        }
    }
}

/// The parts of a whole: what is taken back is none.
fn positive(parts: Vec<Shown>) -> Vec<Shown> {
    parts.into_iter().filter(|part| part.value > 0.0).collect()
}

/// The parts that have a value.
fn known(parts: Vec<Shown>) -> Vec<Shown> {
    parts.into_iter().filter(|part| part.known).collect()
}

/// What a chart shows, for those who do not see it: its finding, and its first parts.
fn in_words(title: &str, data: &ChartData<'_>, language: Language) -> String {
    let parts: Vec<_> = data.parts.iter().filter(|part| !part.total && part.value().is_some()).collect();
    let told = parts.iter().take(MAX_TOLD).map(|part| {
        let part = shown(part, language);
        format!("{}{}{}", part.label, language.choose(" ", ""), part.text)
    });
    let told: Vec<_> = told.collect();
    let rest = parts.len().saturating_sub(MAX_TOLD);
    let rest = match (rest, language) {
        (0, _) => String::new(),
        (n, Language::En) => format!("; {n} more in the table"),
        (n, Language::Zh) => format!("；其余{n}项见表"),
    };
    let (colon, join, end) = match language {
        Language::En => (": ", "; ", "."),
        Language::Zh => ("：", "；", "。"),
    };
    format!("{}{colon}{}{rest}{end}", title.trim_end_matches(['.', '。']), told.join(join))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(label: &str, value: f64, previous: Option<f64>, target: Option<f64>) -> Shown {
        Shown {
            label: label.to_owned(),
            code: label.to_owned(),
            text: format!("{value} yuan"),
            scaled: value.to_string(),
            value,
            previous,
            target,
            known: true,
        }
    }

    #[test]
    fn drawings_of_any_numbers_have_finite_places_and_escaped_texts() {
        let unknown = Shown { known: false, ..part("e", 0.0, None, None) };
        for parts in [
            Vec::new(),
            vec![part("<b>", 0.0, Some(0.0), Some(0.0))],
            vec![part("a", -5.0, Some(3.0), Some(-1.0)), part("b", 1e300, Some(1e-300), Some(1e-300))],
            vec![part("a", 1.0, Some(1.0), None), part("b", 1.0, None, Some(1.0)), unknown],
            (0..60).map(|n| part(&"very long name ".repeat(n), n as f64, Some(60.0), Some(30.0))).collect(),
        ] {
            let values: Vec<_> = parts.iter().map(|part| part.value).collect();
            let flow =
                |part: &Shown| Flow { from: part.label.clone(), to: "use".to_owned(), value: part.value };
            let flows: Vec<_> = parts.iter().map(flow).collect();
            let language = Language::En;
            for drawing in [
                bars::ranked(&parts, "words"),
                bars::stacked(&parts, "words"),
                bars::bullet(&parts, "words", language),
                lines::slope(&parts, "words", ["2010", "2011"]),
                lines::lorenz(&values, "words", language),
                tiles::tiles(&parts, ". a\n<b> .", "yuan", "words"),
                flows::sankey(&flows, "yuan", "words & signs", |value| value.to_string()),
            ] {
                assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
                assert!(!drawing.contains("<b>"), "{drawing}");
                assert!(drawing.starts_with("<svg") && drawing.ends_with("</svg>"), "{drawing}");
            }
        }
    }
}
