//! A document as a workbook for people who go on computing: one table on each sheet, from its first cell on, real numbers
//! with their units, no merged or hidden cells, and a reason in every cell that has no number.

use std::collections::BTreeSet;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Table as NamedTable, TableColumn, Workbook, Worksheet,
    XlsxError,
};
use uplift_core::error::{Error, Result};
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;

use super::separated::signs;
use crate::document::{Cell, Document, Figure, Mark, Table};

/// Where nothing is missing: no target was set, no year before.
const NOT_APPLICABLE: &str = "[z]";
/// Characters of a sheet's name.
const MAX_SHEET_NAME: usize = 31;

/// Points of a line, and lines of the highest row that a spreadsheet has.
const LINE_HEIGHT: f64 = 15.0;
const MAX_LINES: f64 = 27.0;
/// As Excel counts sizes of paper.
const A4: u8 = 9;

/// One column of a sheet, and how wide it is.
struct SheetColumn {
    head: String,
    width: f64,
}

/// What stands in a cell of a sheet.
enum SheetCell {
    Text(String),
    Number(f64, &'static str),
}

impl SheetCell {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(..) => "",
        }
    }
}

/// Rows below heads that are a named table.
struct SheetTable {
    name: String,
    columns: Vec<SheetColumn>,
    rows: Vec<Vec<SheetCell>>,
}

/// The workbook in a language.
pub(super) fn render(document: &Document, language: Language) -> Result<Vec<u8>> {
    let failed = |e: XlsxError| Error::internal("writing the report as a workbook", e);
    // The date of its newest records, so that the same records give the same bytes.
    let date = document.records_time.unwrap_or_default();
    let date = ExcelDateTime::from_timestamp(date.timestamp()).map_err(failed)?;
    let mut workbook = Workbook::new();
    workbook.set_properties(
        &DocProperties::new()
            .set_title(document.title.text(language))
            .set_subject(document.subject.text(language))
            .set_comment(language.choose("Written by Uplift.", "由Uplift生成。"))
            .set_creation_datetime(&date),
    );
    let mut names = BTreeSet::new();
    let mut sheets =
        vec![cover(document, language), SheetTable::default_contents(language), notes(document, language)];
    let mut titles = Vec::new();
    for table in document.tables() {
        let sheet = data(document, table, language, &mut names);
        titles.push((sheet.name.clone(), table.title.plain().text(language).to_owned(), sheet.rows.len()));
        sheets.push(sheet);
    }
    if !document.figures.is_empty() {
        let sheet = sources(document, language);
        let title = language.choose("Sources: a trace for every figure", "来源：每个数据的追溯码");
        titles.push((sheet.name.clone(), title.to_owned(), sheet.rows.len()));
        sheets.push(sheet);
    }
    sheets[1].rows = titles
        .into_iter()
        .map(|(name, title, rows)| {
            vec![SheetCell::Text(name), SheetCell::Text(title), SheetCell::Number(rows as f64, "0")]
        })
        .collect();
    for sheet in sheets {
        write(workbook.add_worksheet(), &sheet).map_err(failed)?;
    }
    workbook.save_to_buffer().map_err(failed)
}

fn write(worksheet: &mut Worksheet, sheet: &SheetTable) -> std::result::Result<(), XlsxError> {
    worksheet.set_name(&sheet.name)?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    for (n, column) in sheet.columns.iter().enumerate() {
        worksheet.set_column_width(n as u16, column.width)?;
    }
    for (y, row) in sheet.rows.iter().enumerate() {
        for (x, cell) in row.iter().enumerate() {
            let (y, x) = (y as u32 + 1, x as u16);
            match cell {
                SheetCell::Text(text) => worksheet.write_string_with_format(y, x, text, &wrapped)?,
                SheetCell::Number(number, format) => worksheet.write_number_with_format(
                    y,
                    x,
                    *number,
                    &Format::new().set_num_format(*format).set_align(FormatAlign::Top),
                )?,
            };
        }
    }
    // Not every program makes room for lines that are broken.
    let heads: Vec<_> = sheet.columns.iter().map(|column| column.head.as_str()).collect();
    worksheet.set_row_height(0, LINE_HEIGHT * lines(&heads, &sheet.columns))?;
    for (y, row) in sheet.rows.iter().enumerate() {
        let texts: Vec<_> = row.iter().map(SheetCell::text).collect();
        worksheet.set_row_height(y as u32 + 1, LINE_HEIGHT * lines(&texts, &sheet.columns))?;
    }
    let columns: Vec<_> = unique(&sheet.columns)
        .iter()
        .map(|title| TableColumn::new().set_header(title).set_header_format(&head))
        .collect();
    let table =
        NamedTable::new().set_name(table_name(&sheet.name)).set_columns(&columns).set_autofilter(false);
    let (last_row, last_column) = (sheet.rows.len().max(1) as u32, columns.len() as u16 - 1);
    worksheet.add_table(0, 0, last_row, last_column, &table)?;
    worksheet.set_freeze_panes(1, 1)?;
    // Printed, a table keeps its columns together and its heads on every page.
    worksheet.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0).set_footer("&L&A&R&P / &N");
    worksheet.set_repeat_rows(0, 0)?;
    Ok(())
}

/// Lines of a row: those of its longest cell, in the width of its column. A Chinese character is as wide as two others.
fn lines(texts: &[&str], columns: &[SheetColumn]) -> f64 {
    let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
    let needed = texts.iter().zip(columns).map(|(text, column)| (width(text) * 1.1 / column.width).ceil());
    needed.fold(1.0, f64::max).min(MAX_LINES)
}

/// Heads of a table, each of its own.
fn unique(columns: &[SheetColumn]) -> Vec<String> {
    let mut heads: Vec<String> = Vec::new();
    for column in columns {
        let mut head = column.head.clone();
        while heads.iter().any(|known| known.to_lowercase() == head.to_lowercase()) {
            head.push('\'');
        }
        heads.push(head);
    }
    heads
}

/// The name of a table: a letter, then letters, digits and underscores.
fn table_name(sheet: &str) -> String {
    let fits = |c: char| if c.is_alphanumeric() { c } else { '_' };
    format!("table_{}", sheet.chars().map(fits).collect::<String>())
}

fn column(head: impl Into<String>, width: f64) -> SheetColumn {
    SheetColumn { head: head.into(), width }
}

fn text(text: impl Into<String>) -> SheetCell {
    SheetCell::Text(text.into())
}

fn cover(document: &Document, language: Language) -> SheetTable {
    let say = |en: &str, zh: &str| language.choose(en, zh).to_owned();
    let mut rows = vec![
        (say("Title", "标题"), document.title.text(language).to_owned()),
        (say("Figures computed from records", "由记录计算的数据项数"), document.figures.len().to_string()),
    ];
    if let Some(time) = document.records_time {
        rows.push((say("Records up to (UTC)", "数据截至（UTC）"), time.format("%F %R").to_string()));
    }
    if let Some(edition) = &document.edition {
        rows.push((say("Edition", "版本"), edition.edition_id.clone()));
        rows.push((say("Published by", "发布人"), edition.author.clone()));
        rows.push((
            say("Published (UTC)", "发布时间（UTC）"),
            edition.publish_time.format("%F %R").to_string(),
        ));
    }
    if let Some(amendment) = document.edition.as_ref().and_then(|edition| edition.amendment.as_ref()) {
        let kind = amendment.kind.text(language);
        let figures = amendment.changes.len();
        rows.push((
            say("Changes", "变动"),
            match language {
                Language::En => {
                    format!("{kind} of {}: {} ({figures} figures)", amendment.before, amendment.cause.en)
                }
                Language::Zh => {
                    format!("{}版{kind}：{}（数据{figures}项）", amendment.before, amendment.cause.zh)
                }
            },
        ));
    }
    for note in document.edition.iter().flat_map(|edition| &edition.notes) {
        let words = |text: &Bilingual| text.text(language).to_owned();
        rows.push((say("Note", "说明"), format!("{}: {}", words(&note.item), words(&note.text))));
    }
    if !document.period.is_empty() {
        rows.push((say("Area", "地区"), document.subject.text(language).to_owned()));
        rows.push((say("Period", "时期"), document.period.clone()));
    }
    if !document.document_id.is_empty() {
        rows.push((say("Document compared", "核对的文献"), document.document_id.clone()));
    }
    if document.simulated {
        let meaning = say(
            "Simulated data: not the figures of any real area",
            "模拟数据，仅供试用，不代表任何地区的实际情况",
        );
        rows.push((say("Caution", "注意"), meaning));
    }
    for (table, version) in &document.table_versions {
        rows.push((format!("{}{table}", say("Version of table ", "数据版本：")), version.to_string()));
    }
    SheetTable {
        name: say("Cover", "封面"),
        columns: vec![column(say("About", "项目"), 32.0), column(say("Content", "内容"), 80.0)],
        rows: rows.into_iter().map(|(name, content)| vec![text(name), text(content)]).collect(),
    }
}

impl SheetTable {
    /// The list of sheets, filled when they are made.
    fn default_contents(language: Language) -> Self {
        let say = |en: &str, zh: &str| language.choose(en, zh).to_owned();
        Self {
            name: say("Contents", "目录"),
            columns: vec![
                column(say("Sheet", "工作表"), 28.0),
                column(say("Title", "标题"), 80.0),
                column(say("Rows", "行数"), 10.0),
            ],
            rows: Vec::new(),
        }
    }
}

fn notes(document: &Document, language: Language) -> SheetTable {
    let say = |en: &str, zh: &str| language.choose(en, zh).to_owned();
    let mut rows: Vec<(String, String)> =
        document.marks.iter().map(|m| (m.sign.to_owned(), m.meaning.text(language).to_owned())).collect();
    if !document.marks.iter().any(|m| m.mark == Mark::NotAvailable) {
        let meaning: Bilingual = Mark::NotAvailable.meaning();
        rows.push((Mark::NotAvailable.sign().to_owned(), meaning.text(language).to_owned()));
    }
    rows.push((
        NOT_APPLICABLE.to_owned(),
        say("does not apply: no target is set, or nothing to compare with", "不适用：未设目标，或无可比数据"),
    ));
    for definition in &document.definitions {
        let words = format!("{}: {}", definition.title.text(language), definition.definition.text(language));
        rows.push((format!("{}@{}", definition.indicator, definition.version), words));
    }
    SheetTable {
        name: say("Notes", "说明"),
        columns: vec![
            column(say("Sign or indicator", "标记或指标"), 32.0),
            column(say("Meaning", "含义"), 100.0),
        ],
        rows: rows.into_iter().map(|(sign, meaning)| vec![text(sign), text(meaning)]).collect(),
    }
}

/// A table of the report. Where the cells of a column have several units, a column beside it tells them; where they have
/// marks, another does.
fn data(document: &Document, table: &Table, language: Language, names: &mut BTreeSet<String>) -> SheetTable {
    let mut columns = vec![column(table.rows_head.text(language), 30.0)];
    let mut rows: Vec<Vec<SheetCell>> =
        table.rows.iter().map(|row| vec![text(row.label.text(language))]).collect();
    for (n, declared) in table.columns.iter().enumerate() {
        let cells = || table.rows.iter().map(|row| &row.cells[n]);
        let units: BTreeSet<&str> =
            cells().filter(|cell| cell.value.is_some()).map(|cell| cell.unit.as_str()).collect();
        let title = declared.title.text(language);
        let sole = (units.len() == 1).then(|| units.first().map(|unit| unit_name(unit, language))).flatten();
        columns.push(column(sole.map_or(title.to_owned(), |unit| format!("{title} ({unit})")), 18.0));
        rows.iter_mut().zip(cells()).for_each(|(row, cell)| row.push(sheet_cell(cell, language)));
        if units.len() > 1 {
            columns.push(column(format!("{title}: {}", language.choose("unit", "单位")), 14.0));
            let unit = |cell: &Cell| match cell.value {
                Some(_) => unit_name(&cell.unit, language).to_owned(),
                None => NOT_APPLICABLE.to_owned(),
            };
            rows.iter_mut().zip(cells()).for_each(|(row, cell)| row.push(text(unit(cell))));
        }
        if cells().any(|cell| !cell.marks.is_empty()) {
            columns.push(column(format!("{title}: {}", language.choose("marks", "标记")), 14.0));
            let marks =
                |cell: &Cell| if cell.marks.is_empty() { "–".to_owned() } else { signs(&cell.marks) };
            rows.iter_mut().zip(cells()).for_each(|(row, cell)| row.push(text(marks(cell))));
        }
        if cells().any(|cell| cell.figure.is_some()) && n == 0 {
            columns.push(column(language.choose("Trace in Sources", "来源编号"), 10.0));
            let source = |cell: &Cell| {
                cell.figure.map_or("–".to_owned(), |figure| document.figures[figure].id.clone())
            };
            rows.iter_mut().zip(cells()).for_each(|(row, cell)| row.push(text(source(cell))));
        }
    }
    let mut name: String =
        table.id.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(MAX_SHEET_NAME).collect();
    while !names.insert(name.to_lowercase()) {
        name = format!("{}~{}", name.chars().take(MAX_SHEET_NAME - 4).collect::<String>(), names.len());
    }
    SheetTable { name, columns, rows }
}

fn sheet_cell(cell: &Cell, language: Language) -> SheetCell {
    match cell.value.as_deref().and_then(|value| value.parse::<f64>().ok()) {
        Some(number) => SheetCell::Number(number, number_format(&cell.unit)),
        None => match cell.text.text(language) {
            "" => text(NOT_APPLICABLE),
            words => text(words),
        },
    }
}

/// How a number of a unit is shown; it is kept to the last digit.
fn number_format(unit: &str) -> &'static str {
    match unit {
        "CNY" => "#,##0.00",
        "percent" | "percentage_point" => "0.0",
        "index" => "0.0000",
        "ratio" | "times" => "0.00",
        _ => "#,##0.##",
    }
}

/// Every figure with its exact value and the trace that opens its evidence.
fn sources(document: &Document, language: Language) -> SheetTable {
    let say = |en: &str, zh: &str| language.choose(en, zh).to_owned();
    let row = |figure: &Figure| {
        let dimensions: Vec<_> = figure.dimensions.values().map(|d| d.text(language)).collect();
        let value = match figure.value.as_deref().and_then(|value| value.parse::<f64>().ok()) {
            Some(number) => SheetCell::Number(number, "General"),
            None => text(Mark::NotAvailable.sign()),
        };
        let equal = if figure.evidence.equal { say("equal", "一致") } else { say("differs", "不一致") };
        vec![
            text(&figure.id),
            text(figure.title.text(language)),
            text(figure.area.text(language)),
            text(&figure.period),
            text(if dimensions.is_empty() { "–".to_owned() } else { dimensions.join(", ") }),
            value,
            text(unit_name(&figure.unit, language)),
            SheetCell::Number(figure.records as f64, "#,##0"),
            text(if figure.value.is_some() { equal } else { NOT_APPLICABLE.to_owned() }),
            text(format!("{}@{}", figure.indicator, figure.version)),
            text(&figure.evidence.trace),
        ]
    };
    SheetTable {
        name: say("Sources", "来源"),
        columns: vec![
            column(say("Source", "来源"), 10.0),
            column(say("Indicator", "指标"), 36.0),
            column(say("Area", "地区"), 22.0),
            column(say("Period", "时期"), 10.0),
            column(say("Breakdown", "分组"), 22.0),
            column(say("Value", "数值"), 20.0),
            column(say("Unit", "单位"), 12.0),
            column(say("Records", "记录数"), 12.0),
            column(say("Recomputed", "重新计算"), 14.0),
            column(say("Definition", "定义"), 36.0),
            column(say("Trace", "追溯码"), 60.0),
        ],
        rows: document.figures.iter().map(row).collect(),
    }
}
