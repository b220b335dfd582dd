//! Declared tables to tables of figures: rows are the figures themselves, the areas of a level, or codes of a dimension.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::dataset::Dataset;
use uplift_core::language::{Bilingual, Language};
use uplift_proto::dataset::code_title;
use uplift_proto::figure::change;
use uplift_proto::v1::metrics::Figure as Answer;
use uplift_proto::v1::records::AreaLevel;

use crate::document::{Cell, Column, Mark, Table, TableRow};
use crate::scale::scales;
use crate::template::{Breakdown, ChartDeclaration, ChartKind, FigureReference, Form, TableDeclaration};
use crate::words;
use crate::writer::{Local, Writer, dataset_of};

/// A row before its numbers have a scale.
struct OpenRow<'a> {
    label: Bilingual,
    answers: Vec<Option<&'a Answer>>,
    total: bool,
}

/// A table; none if it has no value at all.
pub(crate) fn table(writer: &mut Writer<'_>, declared: &TableDeclaration) -> Option<Table> {
    let references = references(writer, &declared.figures);
    let (mut rows, left_out) = rows(writer, &references, declared.by.as_ref())?;
    if let Some(sort) =
        declared.sort.as_ref().and_then(|sort| declared.figures.iter().position(|f| f == sort))
    {
        let key = |row: &OpenRow<'_>| row.answers[sort].and_then(words::value);
        rows.sort_by(|a, b| a.total.cmp(&b.total).then_with(|| key(b).cmp(&key(a))));
    }
    let title = writer.sentence(&declared.id, &Local::new());
    let mut table = match &declared.by {
        None => table_of_figures(writer, rows, &declared.show),
        Some(_) => table_of_parts(writer, &references, rows, &declared.show),
    };
    table.id = declared.id.clone();
    table.title = title;
    table.rows_head = rows_head(declared.by.as_ref(), dataset(writer, &references));
    table.left_out = left_out;
    Some(table)
}

/// The figures of a chart, as a table. Without a breakdown each figure is a row with this year, the year before and the
/// target.
pub(crate) fn chart_data<'a>(writer: &mut Writer<'a>, declared: &ChartDeclaration) -> Option<ChartData<'a>> {
    let references = references(writer, &declared.figures);
    let (mut rows, left_out) = rows(writer, &references, declared.by.as_ref())?;
    let answered = || rows.iter().filter_map(|row| row.answers[0]).filter(|answer| answer.value.is_some());
    let drawable = match declared.kind {
        ChartKind::Slope => answered().any(|answer| answer.previous.is_some_and(|previous| previous != 0.0)),
        ChartKind::Bullet => answered().any(|answer| answer.target.is_some_and(|target| target > 0.0)),
        ChartKind::Stacked | ChartKind::Sankey => answered().any(|answer| answer.value > Some(0.0)),
        ChartKind::Lorenz => answered().count() == declared.figures.len(),
        ChartKind::Ranked | ChartKind::Tiles => true,
    };
    if !drawable {
        return None;
    }
    if let Some(Breakdown::Level(_) | Breakdown::Dimensions(_)) = declared.by {
        let key = |row: &OpenRow<'_>| row.answers[0].and_then(words::value);
        rows.sort_by(|a, b| a.total.cmp(&b.total).then_with(|| key(b).cmp(&key(a))));
    }
    let answers: Vec<_> = rows.iter().map(|row| (row.label.clone(), row.answers[0], row.total)).collect();
    let mut table = match &declared.by {
        None => table_of_figures(writer, rows, &[Form::Value, Form::Previous, Form::Target]),
        Some(_) => table_of_parts(writer, &references, rows, &[Form::Value]),
    };
    table.id = format!("{}-data", declared.id);
    table.rows_head = rows_head(declared.by.as_ref(), dataset(writer, &references));
    table.left_out = left_out;
    let codes = match &declared.by {
        Some(Breakdown::Dimensions(names)) => answers
            .iter()
            .map(|(_, answer, _)| {
                let dataset =
                    references[0].and_then(|r| writer.indicators.get(r.indicator_id())).and_then(dataset_of);
                let code =
                    |name: &String| answer.and_then(|a| a.dimensions.get(name)).cloned().unwrap_or_default();
                names.iter().map(|name| writer.label(dataset.as_deref(), name, &code(name))).collect()
            })
            .collect(),
        _ => vec![Vec::new(); answers.len()],
    };
    let scaled: Vec<_> = table.rows.iter().map(|row| row.cells[0].text.clone()).collect();
    let unit = table.columns[0].unit.clone();
    let parts = answers.into_iter().zip(codes).zip(scaled);
    let parts = parts.map(|(((label, answer, total), codes), scaled)| DataPart {
        label,
        codes,
        answer,
        scaled,
        total,
    });
    let mut parts: Vec<_> = parts.collect();
    if let Some(Breakdown::Level(level)) = declared.by {
        // Areas without any record are on the map too.
        for area in writer.answers.areas(level) {
            let known = |part: &DataPart<'_>| part.answer.is_some_and(|answer| answer.area_code == area.code);
            if !parts.iter().any(known) {
                let label = Bilingual::new(&area.en, &area.zh);
                let answer = writer.answers.figure(references[0]?, &area.code, &BTreeMap::new());
                parts.push(DataPart {
                    label,
                    codes: Vec::new(),
                    answer,
                    scaled: Bilingual::default(),
                    total: false,
                });
            }
        }
    }
    Some(ChartData { table, parts, unit })
}

/// What a chart draws.
pub(crate) struct ChartData<'a> {
    pub(crate) table: Table,
    /// Unit of the scaled numbers.
    pub(crate) unit: Bilingual,
    pub(crate) parts: Vec<DataPart<'a>>,
}

/// A part of what a chart draws.
pub(crate) struct DataPart<'a> {
    pub(crate) label: Bilingual,
    /// The names of its codes, one for each dimension.
    pub(crate) codes: Vec<Bilingual>,
    pub(crate) answer: Option<&'a Answer>,
    /// Its number in the unit of all.
    pub(crate) scaled: Bilingual,
    pub(crate) total: bool,
}

impl DataPart<'_> {
    pub(crate) fn value(&self) -> Option<Decimal> {
        self.answer.and_then(words::value)
    }
}

fn references<'a>(writer: &Writer<'a>, names: &[String]) -> Vec<Option<&'a FigureReference>> {
    names.iter().map(|name| writer.template.figures.get(name)).collect()
}

/// The rows of a table, and what is left out of it for want of any record.
fn rows<'a>(
    writer: &Writer<'a>,
    references: &[Option<&'a FigureReference>],
    by: Option<&Breakdown>,
) -> Option<(Vec<OpenRow<'a>>, Option<Bilingual>)> {
    let answers = |area: &str, dimensions: &BTreeMap<String, String>| -> Vec<Option<&'a Answer>> {
        let answer =
            |reference: &Option<&FigureReference>| writer.answers.figure((*reference)?, area, dimensions);
        references.iter().map(answer).collect()
    };
    let none = BTreeMap::new();
    let has_value = |row: &OpenRow<'_>| row.answers.iter().flatten().any(|answer| answer.value.is_some());
    let (mut rows, left_out) = match by {
        None => {
            let row = |reference: &Option<&'a FigureReference>| {
                let answer = writer.answers.figure((*reference)?, writer.area_code, &none)?;
                Some(OpenRow {
                    label: figure_label(writer, answer),
                    answers: vec![Some(answer)],
                    total: false,
                })
            };
            (references.iter().filter_map(row).collect::<Vec<_>>(), None)
        }
        Some(Breakdown::Level(level)) => {
            let areas = writer.answers.areas(*level);
            let row = |area: &crate::answers::Area| OpenRow {
                label: Bilingual::new(&area.en, &area.zh),
                answers: answers(&area.code, &none),
                total: false,
            };
            let (rows, without): (Vec<_>, Vec<_>) = areas.map(row).partition(has_value);
            (rows, names_of(&without))
        }
        Some(Breakdown::Dimensions(names)) => {
            let first = references.first().copied().flatten()?;
            let dataset = writer.indicators.get(first.indicator_id()).and_then(dataset_of);
            let each = references.iter().flatten();
            let codes = each.flat_map(|reference| writer.answers.codes(reference, writer.area_code, names));
            let codes: std::collections::BTreeSet<_> = codes.collect();
            let row = |codes: &Vec<String>| {
                let label = |(name, code): (&String, &String)| writer.label(dataset.as_deref(), name, code);
                let labels: Vec<_> = names.iter().zip(codes).map(label).collect();
                let join = |language: Language| {
                    labels
                        .iter()
                        .map(|l| l.text(language))
                        .collect::<Vec<_>>()
                        .join(language.choose(", ", "，"))
                };
                let dimensions = names.iter().cloned().zip(codes.iter().cloned()).collect();
                OpenRow {
                    label: Bilingual { en: join(Language::En), zh: join(Language::Zh) },
                    answers: answers(writer.area_code, &dimensions),
                    total: false,
                }
            };
            (codes.iter().map(row).filter(has_value).collect(), None)
        }
    };
    if by.is_some() && !rows.is_empty() {
        let total = OpenRow {
            label: writer.area_name(writer.area_code),
            answers: answers(writer.area_code, &none),
            total: true,
        };
        rows.extend(Some(total).filter(has_value));
    }
    (rows.iter().any(has_value)).then_some((rows, left_out))
}

fn names_of(rows: &[OpenRow<'_>]) -> Option<Bilingual> {
    let names = |language: Language| {
        rows.iter().map(|row| row.label.text(language)).collect::<Vec<_>>().join(language.choose(", ", "、"))
    };
    (!rows.is_empty()).then(|| {
        Bilingual::new(
            format!("No records: {}.", names(Language::En)),
            format!("无记录的地区：{}。", names(Language::Zh)),
        )
    })
}

fn figure_label(writer: &Writer<'_>, answer: &Answer) -> Bilingual {
    let indicator = writer.indicators.get(&answer.indicator_id);
    let mut label = indicator.map(|i| Bilingual::new(&i.title_en, &i.title_zh)).unwrap_or_default();
    if let Some(kind) = code_title("household", "record", answer.household_record) {
        label.en += &format!(" ({})", kind.en);
        label.zh += &format!("（{}）", kind.zh);
    }
    // Another version of the definition than the newest is another figure.
    if indicator.is_some_and(|i| i.version != answer.definition_version) {
        label.en += &format!(" (definition {})", answer.definition_version);
        label.zh += &format!("（第{}版定义）", answer.definition_version);
    }
    let dataset = indicator.and_then(dataset_of);
    let mut dimensions: Vec<_> = answer.dimensions.iter().collect();
    dimensions.sort();
    for (name, code) in dimensions {
        let code = writer.label(dataset.as_deref(), name, code);
        label.en += &format!(", {}", code.en);
        label.zh += &format!("（{}）", code.zh);
    }
    label
}

/// The dataset whose records the figures of a table count.
fn dataset(writer: &Writer<'_>, references: &[Option<&FigureReference>]) -> Option<&'static Dataset> {
    let reference = references.iter().flatten().next()?;
    let indicator = writer.indicators.get(reference.indicator_id())?;
    uplift_proto::dataset::find(&dataset_of(indicator)?)
}

fn rows_head(by: Option<&Breakdown>, dataset: Option<&Dataset>) -> Bilingual {
    match by {
        None => Bilingual::new("Indicator", "指标"),
        Some(Breakdown::Level(AreaLevel::County)) => Bilingual::new("County", "区县"),
        Some(Breakdown::Level(AreaLevel::Township)) => Bilingual::new("Township", "乡镇"),
        Some(Breakdown::Level(AreaLevel::Village)) => Bilingual::new("Village", "村"),
        Some(Breakdown::Level(_)) => Bilingual::new("Area", "地区"),
        Some(Breakdown::Dimensions(names)) => {
            let title = |name: &String| match name.as_str() {
                // Its rows are lines of work by name, and not their codes.
                "programme_id" => Bilingual::new("Programme", "工作类别"),
                name => dataset
                    .and_then(|dataset| dataset.field(name))
                    .map_or_else(|| Bilingual::new(name, name), |field| field.title.clone()),
            };
            let titles: Vec<_> = names.iter().map(title).collect();
            let join = |language: Language| {
                titles.iter().map(|t| t.text(language)).collect::<Vec<_>>().join(language.choose(", ", "，"))
            };
            Bilingual { en: join(Language::En), zh: join(Language::Zh) }
        }
    }
}

/// A table whose rows are figures, each in its own unit.
fn table_of_figures(writer: &mut Writer<'_>, rows: Vec<OpenRow<'_>>, show: &[Form]) -> Table {
    let rows = rows.into_iter().map(|row| {
        let cells = show.iter().map(|form| cell_in_words(writer, row.answers[0], *form)).collect();
        TableRow { label: row.label, cells, total: false }
    });
    let rows: Vec<TableRow> = rows.collect();
    // A column in which nothing stands is left out: no target, no year before.
    let kept: Vec<usize> = (0..show.len())
        .filter(|n| *n == 0 || rows.iter().any(|row| !row.cells[*n].text.en.is_empty()))
        .collect();
    let columns = kept.iter().map(|n| Column {
        title: form_title(show[*n]),
        unit: Bilingual::default(),
        numeric: !matches!(show[*n], Form::Published | Form::Interval),
    });
    let columns = columns.collect();
    let rows = rows
        .into_iter()
        .map(|row| TableRow { cells: kept.iter().map(|n| row.cells[*n].clone()).collect(), ..row });
    Table { rows: rows.collect(), columns, ..empty_table() }
}

/// A table whose rows are parts of an area or of a total, and whose columns are figures.
fn table_of_parts(
    writer: &mut Writer<'_>,
    references: &[Option<&FigureReference>],
    rows: Vec<OpenRow<'_>>,
    show: &[Form],
) -> Table {
    let mut columns = Vec::new();
    let mut cells: Vec<Vec<Cell>> = rows.iter().map(|_| Vec::new()).collect();
    for (position, reference) in references.iter().enumerate() {
        let indicator = reference.and_then(|r| writer.indicators.get(r.indicator_id()));
        let title = indicator.map(|i| Bilingual::new(&i.title_en, &i.title_zh)).unwrap_or_default();
        for form in show {
            let amounts: Vec<_> =
                rows.iter().map(|row| row.answers[position].and_then(|a| words::amount(a, *form))).collect();
            let unit = amounts.iter().flatten().map(|(_, unit)| *unit).next();
            let unit = unit.or(indicator.map(|i| i.unit.as_str())).unwrap_or_default().to_owned();
            let parts =
                amounts.iter().zip(&rows).filter(|(_, row)| !row.total).filter_map(|(amount, _)| *amount);
            let parts: Vec<Decimal> = parts.map(|(amount, _)| amount).collect();
            let (scales, unit_name) = scales(&unit, &parts);
            let greatest = parts.iter().copied().max().unwrap_or_default();
            let signed = *form == Form::Change;
            if matches!(form, Form::Interval | Form::Published) {
                for (row, cells) in rows.iter().zip(&mut cells) {
                    cells.push(cell_in_words(writer, row.answers[position], *form));
                }
                let form = form_title(*form);
                let title = Bilingual::new(
                    format!("{}, {}", title.en, form.en.to_lowercase()),
                    format!("{}（{}）", title.zh, form.zh),
                );
                columns.push(Column { title, unit: Bilingual::default(), numeric: false });
                continue;
            }
            for ((row, amount), cells) in rows.iter().zip(amounts).zip(&mut cells) {
                cells.push(part_cell(
                    writer,
                    row,
                    row.answers[position],
                    amount,
                    &scales,
                    greatest,
                    signed,
                    &unit,
                ));
            }
            let title = match form {
                Form::Value | Form::Number => title.clone(),
                other => {
                    let form = form_title(*other);
                    Bilingual::new(
                        format!("{}, {}", title.en, form.en.to_lowercase()),
                        format!("{}（{}）", title.zh, form.zh),
                    )
                }
            };
            columns.push(Column { title, unit: unit_name, numeric: true });
        }
    }
    let rows = rows.into_iter().zip(cells);
    let rows = rows.map(|(row, cells)| TableRow { label: row.label, cells, total: row.total }).collect();
    Table { columns, rows, ..empty_table() }
}

#[expect(clippy::too_many_arguments, reason = "a cell needs its row, its column and what is shown of it")]
fn part_cell(
    writer: &mut Writer<'_>,
    row: &OpenRow<'_>,
    answer: Option<&Answer>,
    amount: Option<(Decimal, &str)>,
    scales: &[crate::scale::Scale; 2],
    greatest: Decimal,
    signed: bool,
    unit: &str,
) -> Cell {
    let Some(((number, _), answer)) = amount.zip(answer) else { return not_available(unit) };
    let figure = writer.figure(answer);
    let level = signed && change(answer).within_margin();
    let print = |scale: crate::scale::Scale| match (level, signed && number > Decimal::ZERO) {
        (true, _) => "≈".to_owned(),
        (_, true) => format!("+{}", scale.print(number)),
        _ => scale.print(number),
    };
    let share =
        (!row.total && !signed && greatest > Decimal::ZERO).then(|| number * Decimal::ONE_HUNDRED / greatest);
    Cell {
        text: Bilingual::new(print(scales[0]), print(scales[1])),
        value: Some(number.normalize().to_string()),
        unit: unit.to_owned(),
        figure: Some(figure),
        bar: share.and_then(|share| share.round().to_u8()),
        marks: if signed { writer.marks(answer, Form::Change) } else { writer.figures[figure].marks.clone() },
    }
}

/// A form of a figure with its unit, in a table of figures of several units.
fn cell_in_words(writer: &mut Writer<'_>, answer: Option<&Answer>, form: Form) -> Cell {
    let Some(answer) = answer else { return not_available("") };
    let text = |language: Language| match form {
        Form::Change => change(answer).signed(&answer.unit, language),
        form => words::in_words(answer, form, language),
    };
    let (Some(en), Some(zh)) = (text(Language::En), text(Language::Zh)) else {
        // No target, no year before: nothing is missing.
        let unit = answer.unit.clone();
        return if form == Form::Value {
            not_available(&unit)
        } else {
            Cell { marks: Vec::new(), text: Bilingual::default(), ..not_available(&unit) }
        };
    };
    let amount = words::amount(answer, form);
    let figure = writer.figure(answer);
    let marks = match form {
        Form::Value | Form::Change => writer.marks(answer, form),
        _ => Vec::new(),
    };
    Cell {
        text: Bilingual { en, zh },
        value: amount.map(|(number, _)| number.normalize().to_string()),
        unit: amount.map_or(String::new(), |(_, unit)| unit.to_owned()),
        figure: Some(figure),
        bar: None,
        marks,
    }
}

fn not_available(unit: &str) -> Cell {
    let sign = Mark::NotAvailable.sign();
    Cell {
        text: Bilingual::new(sign, sign),
        value: None,
        unit: unit.to_owned(),
        figure: None,
        bar: None,
        marks: Vec::new(),
    }
}

fn form_title(form: Form) -> Bilingual {
    let (en, zh) = match form {
        Form::Value | Form::Number => ("Value", "数值"),
        Form::Change => ("Change", "增减"),
        Form::Previous => ("Year before", "上年"),
        Form::Target => ("Target", "目标"),
        Form::TargetShare => ("Achieved", "完成率"),
        Form::Interval => ("95 % interval", "95%置信区间"),
        Form::Published => ("Published", "公布值"),
    };
    Bilingual::new(en, zh)
}

fn empty_table() -> Table {
    Table {
        id: String::new(),
        title: crate::document::Sentence::default(),
        rows_head: Bilingual::default(),
        columns: Vec::new(),
        rows: Vec::new(),
        left_out: None,
    }
}
