//! Charts of figures: what a declared chart shows of its data, in both languages.

pub(crate) mod funds;

use rust_decimal::prelude::ToPrimitive;
use uplift_charts::{Flow, Part, bullet, lorenz, ranked, sankey, slope, stacked, tiles};
use uplift_core::language::{Bilingual, Language};
use uplift_core::quantity::quantity;

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
        ChartKind::Ranked => ranked(&known(all), words),
        ChartKind::Stacked => stacked(&positive(all), words),
        ChartKind::Bullet => bullet(&all, words, language),
        ChartKind::Slope => slope(&all, words, years),
        ChartKind::Lorenz => lorenz(&all.iter().map(|part| part.value).collect::<Vec<_>>(), words, language),
        ChartKind::Tiles => tiles(&all, &declared.grid, data.unit.text(language), words),
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
            sankey(&flows, &name, words, |value| {
                words::decimal(value).map(|value| scale.print(value)).unwrap_or_default()
            })
        }
    }
}

/// The parts of a whole: what is taken back is none.
fn positive(parts: Vec<Part>) -> Vec<Part> {
    parts.into_iter().filter(|part| part.value > 0.0).collect()
}

/// The parts that have a value.
fn known(parts: Vec<Part>) -> Vec<Part> {
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

/// A part in the words of a language.
fn shown(part: &DataPart<'_>, language: Language) -> Part {
    let value = part.value();
    let unit = part.answer.map(|answer| answer.unit.as_str()).unwrap_or_default();
    Part {
        label: part.label.text(language).to_owned(),
        code: part.answer.map(|answer| answer.area_code.clone()).unwrap_or_default(),
        text: value.map(|value| quantity(value, unit, language)).unwrap_or_default(),
        scaled: part.scaled.text(language).to_owned(),
        value: value.and_then(|value| value.to_f64()).unwrap_or_default(),
        previous: part.answer.and_then(|answer| answer.previous),
        target: part.answer.and_then(|answer| answer.target),
        known: value.is_some(),
    }
}
