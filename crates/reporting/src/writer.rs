//! Texts of a template with the answers of the metrics service in place, and the figures that they show.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uplift_core::language::{Bilingual, Language};
use uplift_core::period::Period;
use uplift_core::quantity::Direction;
use uplift_proto::dataset::stored_title;
use uplift_proto::figure::change;
use uplift_proto::v1::metrics::Figure as Answer;

use crate::answers::Answers;
use crate::document::{Figure, Inline, Mark, MarkMeaning, Section, Sentence};
use crate::evidence::Evidence;
use crate::figure_key::{EarlierFigures, FigureKey};
use crate::template::{Form, Indicators, Part, Selector, Template};
use crate::words;

/// Writes texts, and keeps every figure that is shown.
pub(crate) struct Writer<'c> {
    pub(crate) template: &'c Template,
    pub(crate) answers: &'c Answers,
    pub(crate) indicators: &'c Indicators,
    pub(crate) area_code: &'c str,
    pub(crate) period: Period,
    /// Whether more records of the period may still come.
    pub(crate) period_open: bool,
    /// Those of the edition before.
    earlier: &'c EarlierFigures,
    /// Figures that are shown so far, and their positions by trace.
    pub(crate) figures: Vec<Figure>,
    positions: HashMap<String, usize>,
    /// Marks that were shown beside those of the figures.
    marks: BTreeSet<Mark>,
}

/// What a name in the title of a chart means: the parts of its data.
pub(crate) type Local<'l> = BTreeMap<&'static str, LocalName<'l>>;

/// A name of a chart's title.
pub(crate) enum LocalName<'l> {
    Figure(&'l Answer),
    Words(Bilingual),
}

impl<'c> Writer<'c> {
    pub(crate) fn new(
        template: &'c Template,
        answers: &'c Answers,
        indicators: &'c Indicators,
        area_code: &'c str,
        period: Period,
        period_open: bool,
        earlier: &'c EarlierFigures,
    ) -> Self {
        let (figures, positions, marks) = (Vec::new(), HashMap::new(), BTreeSet::new());
        Self {
            template,
            answers,
            indicators,
            area_code,
            period,
            period_open,
            earlier,
            figures,
            positions,
            marks,
        }
    }

    /// The title of the report.
    pub(crate) fn title(&mut self) -> Bilingual {
        self.sentence("title", &Local::new()).plain()
    }

    /// The answer for a figure of the report's area.
    pub(crate) fn named(&self, name: &str) -> Option<&'c Answer> {
        let reference = self.template.figures.get(name)?;
        self.answers.figure(reference, self.area_code, &BTreeMap::new())
    }

    /// The answer for an indicator of the report's area as a whole, where the template has it.
    pub(crate) fn whole(&self, indicator: &str) -> Option<&'c Answer> {
        let mut references = self.template.figures.values();
        let reference = references
            .find(|reference| reference.indicator == indicator && reference.dimensions.is_empty())?;
        self.answers.figure(reference, self.area_code, &BTreeMap::new())
    }

    /// A text in both languages.
    pub(crate) fn sentence(&mut self, id: &str, local: &Local<'_>) -> Sentence {
        let template = self.template;
        let [en, zh] = [Language::En, Language::Zh].map(|language| {
            let mut inlines = Vec::new();
            self.parts(template.text(language, id), language, local, &mut inlines);
            joined(inlines)
        });
        Sentence { en, zh }
    }

    fn parts(&mut self, parts: &[Part], language: Language, local: &Local<'_>, out: &mut Vec<Inline>) {
        for part in parts {
            match part {
                Part::Text(text) => out.push(Inline::Text(text.clone())),
                Part::Mention { form, name, .. } => {
                    let inline = self.mention(*form, name, language, local);
                    out.push(inline);
                }
                Part::Choice { selector, name, variants, otherwise, .. } => {
                    let keys = self.keys(*selector, name, local);
                    let fits = |(key, _): &&(String, Vec<Part>)| keys.contains(key);
                    let chosen = variants.iter().find(fits).map_or(otherwise, |(_, parts)| parts);
                    self.parts(chosen, language, local, out);
                }
            }
        }
    }

    fn mention(&mut self, form: Form, name: &str, language: Language, local: &Local<'_>) -> Inline {
        let answer = match local.get(name) {
            Some(LocalName::Words(words)) => return Inline::Text(words.text(language).to_owned()),
            Some(LocalName::Figure(answer)) => Some(*answer),
            None => match self.word(name) {
                Some(words) => return Inline::Text(words.text(language).to_owned()),
                None => self.named(name),
            },
        };
        let Some(answer) = answer else { return Inline::Missing };
        let Some(text) = words::in_words(answer, form, language) else { return Inline::Missing };
        let figure = self.figure(answer);
        Inline::Figure { figure, text, marks: self.marks(answer, form) }
    }

    /// The marks of what is shown of a figure; the legend explains them.
    pub(crate) fn marks(&mut self, answer: &Answer, form: Form) -> Vec<Mark> {
        let marks = self.marks_of(answer, form);
        self.marks.extend(&marks);
        marks
    }

    fn marks_of(&self, answer: &Answer, form: Form) -> Vec<Mark> {
        let mut marks = words::marks(answer, form, self.period_open);
        let value = answer.value.map(|_| answer.exact_value.as_str()).unwrap_or_default();
        if matches!(form, Form::Value | Form::Number)
            && self.earlier.revises(&FigureKey::of_answer(answer), value)
        {
            marks.push(Mark::Revised);
            marks.sort_unstable();
        }
        marks
    }

    /// Words that every text may mention.
    fn word(&self, name: &str) -> Option<Bilingual> {
        let same = |text: String| Bilingual::new(text.clone(), text);
        Some(match name {
            "area" => self.area_name(self.area_code),
            "period" => Bilingual::new(self.period.words(Language::En), self.period.words(Language::Zh)),
            "year" => same(self.period.year().to_string()),
            "previous-year" => same((self.period.year() - 1).to_string()),
            _ => return None,
        })
    }

    pub(crate) fn area_name(&self, code: &str) -> Bilingual {
        match self.answers.name(code) {
            Some(area) => Bilingual::new(&area.en, &area.zh),
            None if code.is_empty() => Bilingual::new("all areas", "全部地区"),
            None => Bilingual::new(code, code),
        }
    }

    /// The keys that fit a figure, by what is asked of it.
    fn keys(&self, selector: Selector, name: &str, local: &Local<'_>) -> Vec<String> {
        let answer = match local.get(name) {
            Some(LocalName::Figure(answer)) => Some(*answer),
            Some(LocalName::Words(words)) => return vec![words.en.clone()],
            None => self.named(name),
        };
        let value = answer.and_then(words::value);
        let key = match selector {
            Selector::Direction => match answer.map_or(Direction::Unknown, |a| change(a).direction()) {
                Direction::Up => "up",
                Direction::Down => "down",
                Direction::Level => "level",
                Direction::Unknown => "unknown",
            },
            Selector::Available => {
                if value.is_some() {
                    "yes"
                } else {
                    "no"
                }
            }
            Selector::Reached => match answer.and_then(|a| a.target_share_percent) {
                Some(share) if share >= 100.0 => "yes",
                Some(_) => "no",
                None => "none",
            },
            Selector::Count => {
                let value = value.map(|v| v.normalize().to_string()).unwrap_or_default();
                let plural = if value == "1" { "one" } else { "other" };
                return vec![value, plural.to_owned()];
            }
        };
        vec![key.to_owned()]
    }

    /// Adds a figure to those of the report, once, and returns its position.
    pub(crate) fn figure(&mut self, answer: &Answer) -> usize {
        if let Some(position) = self.positions.get(&answer.trace) {
            return *position;
        }
        let position = self.figures.len();
        let title =
            self.indicators.get(&answer.indicator_id).map(|i| Bilingual::new(&i.title_en, &i.title_zh));
        let dataset = self.indicators.get(&answer.indicator_id).and_then(dataset_of);
        let dimensions = answer
            .dimensions
            .iter()
            .map(|(name, code)| (name.clone(), self.label(dataset.as_deref(), name, code)));
        self.figures.push(Figure {
            id: format!("f{}", position + 1),
            key: FigureKey::of_answer(answer),
            simulated: answer.simulated,
            indicator: answer.indicator_id.clone(),
            version: answer.definition_version,
            title: title.unwrap_or_default(),
            area_code: answer.area_code.clone(),
            area: self.area_name(&answer.area_code),
            period: answer.period.clone(),
            dimensions: dimensions.collect(),
            unit: answer.unit.clone(),
            value: answer.value.map(|_| answer.exact_value.clone()),
            previous: answer.previous,
            target: answer.target,
            records: answer.records,
            published: words::in_words(answer, Form::Published, Language::En)
                .zip(words::in_words(answer, Form::Published, Language::Zh))
                .map(|(en, zh)| Bilingual { en, zh }),
            marks: self.marks_of(answer, Form::Value),
            evidence: Evidence { trace: answer.trace.clone(), ..Evidence::default() },
        });
        self.positions.insert(answer.trace.clone(), position);
        position
    }

    /// The name of a code of a dimension: as the template calls it, as its dataset does, or itself.
    pub(crate) fn label(&self, dataset: Option<&str>, dimension: &str, code: &str) -> Bilingual {
        let id = format!("label-{}", code.replace('.', "-"));
        let own = [Language::En, Language::Zh].map(|language| match self.template.text(language, &id) {
            [Part::Text(text)] => Some(text.clone()),
            _ => None,
        });
        if let [Some(en), Some(zh)] = own {
            return Bilingual { en, zh };
        }
        let title = dataset.and_then(|dataset| stored_title(dataset, dimension, code)).cloned();
        title.map_or_else(
            || Bilingual::new(code, code),
            |title| Bilingual { en: capitalised(&title.en), ..title },
        )
    }

    /// The marks of the figures that are shown, with their meanings; that of cells without any figure too.
    pub(crate) fn mark_meanings(&self, sections: &[Section]) -> Vec<MarkMeaning> {
        let of_figures = self.figures.iter().flat_map(|figure| figure.marks.iter().copied());
        let mut marks: BTreeSet<Mark> = of_figures.chain(self.marks.iter().copied()).collect();
        let rows = sections.iter().flat_map(Section::tables).flat_map(|table| &table.rows);
        for cell in rows.flat_map(|row| &row.cells) {
            marks.extend(&cell.marks);
            if cell.text.en == Mark::NotAvailable.sign() {
                marks.insert(Mark::NotAvailable);
            }
        }
        marks
            .into_iter()
            .map(|mark| MarkMeaning { mark, sign: mark.sign(), meaning: mark.meaning() })
            .collect()
    }
}

/// The dataset that an indicator counts records of.
pub(crate) fn dataset_of(indicator: &uplift_proto::v1::metrics::Indicator) -> Option<String> {
    indicator.value.as_ref().or(indicator.numerator.as_ref()).map(|component| component.dataset.clone())
}

/// A label as it stands at the beginning of a row.
fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Words beside each other as one.
fn joined(inlines: Vec<Inline>) -> Vec<Inline> {
    let mut joined: Vec<Inline> = Vec::new();
    for inline in inlines {
        match (joined.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => joined.push(inline),
        }
    }
    joined
}
