//! What is wrong with a template, each problem with its file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use uplift_core::dataset::Kind;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::nearest::nearest;
use uplift_proto::v1::metrics::Indicator;

use super::annex::{Annex, PREFIX};
use super::condition::Condition;
use super::files::{Problems, SourceFile, SourceFiles};
use super::model::{ChartDeclaration, Content, Section, TableDeclaration, Template};
use super::reference::FigureReference;
use super::structure::{Breakdown, ChartKind, Structure};
use super::text::{Form, Part, names, parse};

/// Words that every text may mention.
const WORDS: [&str; 4] = ["area", "period", "year", "previous-year"];
/// What the title of a chart with a breakdown may mention beside them: its greatest and its smallest part, a figure and
/// its name, and how many there are.
const CHART_NAMES: [&str; 5] = ["first", "first-name", "last", "last-name", "count"];

/// Sheets of a workbook beside those of tables.
const SHEETS: [&str; 4] = ["cover", "contents", "notes", "sources"];

/// The indicators that a template may name.
pub(crate) type Indicators = BTreeMap<String, Indicator>;

impl Template {
    /// A template from its files, checked against the indicators that there are.
    pub(crate) fn read(files: &SourceFiles, indicators: &Indicators) -> Result<Self> {
        let mut check = Check { files, indicators, problems: Problems::default() };
        let structure = check.structure()?;
        let template = check.template(&structure);
        if check.problems.0.is_empty() { Ok(template) } else { Err(Error::invalid(check.problems.0)) }
    }
}

struct Check<'c> {
    files: &'c SourceFiles,
    indicators: &'c Indicators,
    problems: Problems,
}

impl Check<'_> {
    fn structure(&self) -> Result<Structure> {
        let file = &self.files.structure;
        toml::from_str(&file.content).map_err(|e| {
            let line = e.span().map_or(1, |span| file.line_at(span.start));
            Error::invalid_field(format!("{}, line {line}", file.name), e.message())
        })
    }

    fn wrong(&mut self, value: &toml::Spanned<String>, message: impl fmt::Display) {
        let file = &self.files.structure;
        self.problems.add(file, file.line_at(value.span().start), message);
    }

    fn template(&mut self, structure: &Structure) -> Template {
        self.names(structure);
        let figures =
            structure.figures.iter().filter_map(|(name, text)| Some((name.clone(), self.figure(text)?)));
        let figures: BTreeMap<_, _> = figures.collect();
        let mut texts = [Language::En, Language::Zh].map(|language| {
            let file = language_file(self.files, language);
            parse(file, language, &mut self.problems)
        });
        let mut used = BTreeSet::new();
        let mut sections = Vec::new();
        for section in &structure.sections {
            let id = section.id.get_ref();
            self.text(&section.id, &texts, &mut used);
            let content = section.content.iter().filter_map(|id| {
                let content = self.content(id, structure, &figures)?;
                if !matches!(content, Content::Contradictions | Content::Statements | Content::Annex(_)) {
                    self.text(id, &texts, &mut used);
                }
                Some(content)
            });
            sections.push(Section { id: id.clone(), content: content.collect() });
        }
        let mut conditions = BTreeMap::new();
        for (id, text) in &structure.conditions {
            used.insert(id.clone());
            self.condition_texts(id, text, &texts);
            conditions.extend(self.condition(text, &figures).map(|condition| (id.clone(), condition)));
        }
        for id in ["title"] {
            used.insert(id.to_owned());
            for (language, texts) in [Language::En, Language::Zh].into_iter().zip(&texts) {
                if !texts.contains_key(id) {
                    self.problems.add(
                        language_file(self.files, language),
                        1,
                        format!("text {id:?} is missing"),
                    );
                }
            }
        }
        let charts: BTreeSet<_> = structure
            .charts
            .iter()
            .filter(|(_, chart)| chart.by.is_some())
            .map(|(id, _)| id.as_str())
            .collect();
        for (language, texts) in [Language::En, Language::Zh].into_iter().zip(&texts) {
            let file = language_file(self.files, language);
            for (id, (line, parts)) in texts {
                if !used.contains(id) && !id.starts_with("label-") {
                    self.problems.add(file, *line, format!("text {id:?} is in no section of report.toml"));
                }
                for (name, line) in names(parts) {
                    let known = figures.contains_key(name)
                        || WORDS.contains(&name)
                        || (charts.contains(id.as_str()) && CHART_NAMES.contains(&name));
                    if !known {
                        let names = figures.keys().map(String::as_str).chain(WORDS);
                        let message = format!("${name} is not a figure of report.toml{}", hint(name, names));
                        self.problems.add(file, line, message);
                    }
                }
            }
        }
        let take = |texts: &mut BTreeMap<String, (usize, Vec<Part>)>| {
            std::mem::take(texts).into_iter().map(|(id, (_, parts))| (id, parts)).collect()
        };
        let texts = texts.each_mut().map(take);
        let document = structure.document.clone();
        let source = self.files.clone();
        Template { id: self.files.id.clone(), figures, sections, document, conditions, texts, source }
    }

    /// Names that mean something already, and names that are there twice.
    fn names(&mut self, structure: &Structure) {
        for (name, text) in &structure.figures {
            if WORDS.contains(&name.as_str()) || CHART_NAMES.contains(&name.as_str()) {
                self.wrong(
                    text,
                    format!("{name:?} has a meaning of its own in texts; give the figure another name"),
                );
            }
        }
        // Sheets and files are told apart by these names, whatever their case.
        let form = |id: &str| id.to_lowercase().replace('_', "-");
        let mut seen: BTreeSet<String> = SHEETS.iter().map(|name| (*name).to_owned()).collect();
        let (mut sections, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for section in &structure.sections {
            if !sections.insert(form(section.id.get_ref())) {
                self.wrong(&section.id, format!("section {:?} is there twice", section.id.get_ref()));
            }
            for id in &section.content {
                let name = id.get_ref().as_str();
                let annex = Annex::of_content(name);
                let of_annex = annex.map(Annex::tables).unwrap_or_default().iter().map(|id| (*id).to_owned());
                let sheet = match name {
                    _ if structure.tables.contains_key(name) => Some(form(name)),
                    _ if structure.charts.contains_key(name) => Some(format!("{}-data", form(name))),
                    "contradictions" => Some("relations".to_owned()),
                    "statements" => Some(name.to_owned()),
                    _ => None,
                };
                if !ids.insert(form(name))
                    || sheet.into_iter().chain(of_annex).any(|sheet| !seen.insert(sheet))
                {
                    self.wrong(
                        id,
                        format!(
                            "{:?} is there twice, or is a name that a workbook needs; choose another",
                            id.get_ref()
                        ),
                    );
                }
            }
        }
    }

    fn figure(&mut self, text: &toml::Spanned<String>) -> Option<FigureReference> {
        let reference = match FigureReference::parse(text.get_ref()) {
            Ok(reference) => reference,
            Err(message) => {
                self.wrong(text, message);
                return None;
            }
        };
        let Some(indicator) = self.indicators.get(reference.indicator_id()) else {
            let hint = hint(reference.indicator_id(), self.indicators.keys().map(String::as_str));
            let message = format!(
                "{:?} is not an indicator{hint}; list them with: uplift indicators",
                reference.indicator_id()
            );
            self.wrong(text, message);
            return None;
        };
        let version = reference.indicator.split_once('@').map(|(_, version)| version);
        if let Some(version) = version
            && !version.parse::<i32>().is_ok_and(|version| (1..=indicator.version).contains(&version))
        {
            let message = format!(
                "{} has no definition {version:?}; its newest is {}",
                indicator.indicator_id, indicator.version
            );
            self.wrong(text, message);
        }
        for (dimension, code) in &reference.dimensions {
            let dataset =
                indicator.value.as_ref().or(indicator.numerator.as_ref()).map(|c| c.dataset.as_str());
            let field =
                dataset.and_then(uplift_proto::dataset::find).and_then(|dataset| dataset.field(dimension));
            if let Some(Kind::Code(codes)) = field.map(|field| &field.kind)
                && !codes.iter().any(|known| known.stored == *code)
            {
                let known: Vec<_> = codes.iter().map(|code| code.stored.as_str()).collect();
                self.wrong(
                    text,
                    format!("{code:?} is not a code of {dimension}; write one of {}", known.join(", ")),
                );
            }
            if !indicator.dimensions.contains(dimension) {
                let there = if indicator.dimensions.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("it has {}", indicator.dimensions.join(", "))
                };
                self.wrong(
                    text,
                    format!("{dimension:?} is not a dimension of {}; {there}", indicator.indicator_id),
                );
            }
        }
        Some(reference)
    }

    /// A condition over figures that are declared.
    fn condition(
        &mut self,
        text: &toml::Spanned<String>,
        figures: &BTreeMap<String, FigureReference>,
    ) -> Option<Condition> {
        match Condition::parse(text.get_ref()) {
            Ok(condition) => {
                for name in condition.names().filter(|name| !figures.contains_key(*name)) {
                    let hint = hint(name, figures.keys().map(String::as_str));
                    self.wrong(text, format!("{name:?} is not declared under [figures]{hint}"));
                }
                Some(condition)
            }
            Err(message) => {
                self.wrong(text, message);
                None
            }
        }
    }

    /// Readers of either language are told what should hold.
    fn condition_texts(
        &mut self,
        id: &str,
        text: &toml::Spanned<String>,
        texts: &[BTreeMap<String, (usize, Vec<Part>)>; 2],
    ) {
        for (language, texts) in [Language::En, Language::Zh].into_iter().zip(texts) {
            if !texts.contains_key(id) {
                let file = language_file(self.files, language).name.clone();
                self.wrong(text, format!("what should hold is not in {file}; write it as the text {id}"));
            }
        }
    }

    /// Notes that a text is used; it must be there in both languages.
    fn text(
        &mut self,
        id: &toml::Spanned<String>,
        texts: &[BTreeMap<String, (usize, Vec<Part>)>; 2],
        used: &mut BTreeSet<String>,
    ) {
        let id_text = id.get_ref().strip_prefix("note:").unwrap_or(id.get_ref());
        used.insert(id_text.to_owned());
        for (language, texts) in [Language::En, Language::Zh].into_iter().zip(texts) {
            if !texts.contains_key(id_text) {
                let file = &language_file(self.files, language).name;
                let hint = hint(id_text, texts.keys().map(String::as_str));
                self.wrong(id, format!("{id_text:?} is neither a table, a chart nor a text of {file}{hint}"));
            }
        }
    }

    fn content(
        &mut self,
        id: &toml::Spanned<String>,
        structure: &Structure,
        figures: &BTreeMap<String, FigureReference>,
    ) -> Option<Content> {
        let name = id.get_ref();
        if let Some(note) = name.strip_prefix("note:") {
            return Some(Content::Note(note.to_owned()));
        }
        match name.as_str() {
            "contradictions" => return Some(Content::Contradictions),
            "statements" => return Some(Content::Statements),
            _ => {}
        }
        if let Some(annex) = Annex::of_content(name) {
            return Some(Content::Annex(annex));
        }
        if name.starts_with(PREFIX) {
            let known: Vec<_> = Annex::ALL.map(Annex::name).to_vec();
            self.wrong(id, format!("{name:?} is no annex; write {PREFIX} and one of {}", known.join(", ")));
            return None;
        }
        if let Some(table) = structure.tables.get(name) {
            let by = table.by.as_ref().map(|by| Breakdown::parse(by.get_ref()));
            self.breakdown(&table.figures, table.by.as_ref(), by.as_ref(), figures);
            let show = table.show.iter().filter_map(|form| match Form::parse(form.get_ref()) {
                Ok(form) => Some(form),
                Err(message) => {
                    self.wrong(form, message);
                    None
                }
            });
            let mut show: Vec<_> = show.collect();
            if show.is_empty() {
                show.push(Form::Value);
            }
            if let Some(sort) = table
                .sort
                .as_ref()
                .filter(|sort| !table.figures.iter().any(|f| f.get_ref() == sort.get_ref()))
            {
                self.wrong(sort, "is not a figure of the table");
            }
            let sort = table.sort.as_ref().map(|sort| sort.get_ref().clone());
            let figures = table.figures.iter().map(|f| f.get_ref().clone()).collect();
            return Some(Content::Table(TableDeclaration { id: name.clone(), figures, by, show, sort }));
        }
        if let Some(chart) = structure.charts.get(name) {
            let by = chart.by.as_ref().map(|by| Breakdown::parse(by.get_ref()));
            self.breakdown(&chart.figures, chart.by.as_ref(), by.as_ref(), figures);
            let kind = match ChartKind::parse(chart.kind.get_ref()) {
                Ok(kind) => kind,
                Err(message) => {
                    self.wrong(&chart.kind, message);
                    return None;
                }
            };
            if let Some(message) = kind.unfit(by.as_ref(), chart.figures.len()) {
                self.wrong(&chart.kind, format!("a chart of kind {:?} {message}", chart.kind.get_ref()));
            }
            let figures = chart.figures.iter().map(|f| f.get_ref().clone()).collect();
            return Some(Content::Chart(ChartDeclaration {
                id: name.clone(),
                kind,
                figures,
                by,
                grid: chart.grid.clone(),
            }));
        }
        Some(Content::Text(name.clone()))
    }

    /// Every figure of a table or a chart must be declared, and have the dimensions that it is broken down by.
    fn breakdown(
        &mut self,
        named: &[toml::Spanned<String>],
        text: Option<&toml::Spanned<String>>,
        by: Option<&Breakdown>,
        figures: &BTreeMap<String, FigureReference>,
    ) {
        for name in named {
            let Some(reference) = figures.get(name.get_ref()) else {
                let hint = hint(name.get_ref(), figures.keys().map(String::as_str));
                self.wrong(name, format!("{:?} is not declared under [figures]{hint}", name.get_ref()));
                continue;
            };
            let (Some(indicator), Some(by), Some(text)) =
                (self.indicators.get(reference.indicator_id()), by, text)
            else {
                continue;
            };
            let dimensions: BTreeSet<_> = by.dimensions().iter().collect();
            if dimensions.len() < by.dimensions().len() {
                self.wrong(text, "names a dimension twice");
            }
            for dimension in by.dimensions() {
                if !indicator.dimensions.contains(dimension) {
                    let message = format!(
                        "{dimension:?} is neither a level of areas nor a dimension of {}",
                        indicator.indicator_id
                    );
                    self.wrong(text, message);
                }
            }
        }
    }
}

fn language_file(files: &SourceFiles, language: Language) -> &SourceFile {
    match language {
        Language::En => &files.en,
        Language::Zh => &files.zh,
    }
}

fn hint<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    nearest(name, names).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}
