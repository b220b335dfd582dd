//! The rejected rows of a file as a file of the same kind, for the sender to correct and submit.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use csv::StringRecord;
use rust_xlsxwriter::{Color, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use uplift_core::cell;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::ingest::Rejection;

use crate::headings::REASON;
use crate::row::{CellKind, Row};
use crate::source::Source;
use crate::source::columnar::Columnar;
use crate::upload::UploadedFile;

/// Why a row was rejected: the headings at fault, and everything in one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowReasons {
    /// Headings whose cells are at fault.
    pub headings: Vec<String>,
    /// The reasons.
    pub text: String,
}

/// Reasons by line of the file.
pub type Reasons = BTreeMap<i64, RowReasons>;

/// What a service says of each row, in one text.
pub fn reasons(rejections: &[Rejection], language: Language) -> Reasons {
    let mut reasons = Reasons::new();
    for rejection in rejections {
        let RowReasons { headings, text } = reasons.entry(rejection.row).or_default();
        if !text.is_empty() {
            text.push_str(language.choose("; ", "；"));
        }
        let said = match language {
            Language::Zh if !rejection.message_zh.is_empty() => &rejection.message_zh,
            _ => &rejection.message,
        };
        match rejection.field.as_str() {
            "" => text.push_str(said),
            field => {
                headings.push(field.to_owned());
                text.push_str(&format!("{field}{}{said}", language.choose(": ", "：")));
            }
        }
    }
    reasons
}

/// Background of a cell at fault.
const FAULT: Color = Color::RGB(0xff_c7_ce);

impl UploadedFile {
    /// The rows that have a reason, as they are written in the file and in its form, with what is above them, each
    /// with its reason in a last column.
    pub fn rejected_rows(&self, reasons: &Reasons) -> Result<Vec<u8>> {
        match &self.sheet.source {
            Source::Separated(file) => file.write(self.rejected_texts(reasons)?.iter()),
            Source::JsonLines(file) => Ok(file.with(REASON, |line| Some(reasons.get(&line)?.text.as_str()))),
            Source::Columnar(file) => rejected_columns(file, reasons),
            Source::Workbook(_) => self.rejected_sheet(reasons).map_err(|e| writing(e.to_string())),
        }
    }

    /// What names of such files end in.
    pub fn extension(&self) -> &'static str {
        match &self.sheet.source {
            Source::Separated(_) => "csv",
            Source::JsonLines(_) => "ndjson",
            Source::Workbook(_) => "xlsx",
            Source::Columnar(file) => file.extension(),
        }
    }

    /// The column of reasons: the one that the file has, or the next.
    fn reason_column(&self) -> usize {
        let headings = &self.sheet.head.headings;
        headings.iter().position(|heading| heading == REASON).unwrap_or(headings.len())
    }

    fn rejected_texts(&self, reasons: &Reasons) -> Result<Vec<StringRecord>> {
        let reason_column = self.reason_column();
        let mut written = Vec::new();
        written.extend(self.sheet.head.above.iter().map(|row| row.texts.clone()));
        let headings = StringRecord::from(self.sheet.head.headings.clone());
        written.push(with_reason(&headings, reason_column, self.has_reasons(), REASON));
        self.records(&mut |row| {
            if let Some(reason) = reasons.get(&(row.line as i64)) {
                let texts: StringRecord =
                    row.texts.iter().map(|text| cell::shown(text).into_owned()).collect();
                let reason = cell::shown(&reason.text);
                written.push(with_reason(&texts, reason_column, self.has_reasons(), &reason));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(written)
    }

    fn rejected_sheet(&self, reasons: &Reasons) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let reason_column = self.reason_column() as u16;
        let bold = Format::new().set_bold();
        let mut line = 0;
        // What is above the head keeps its place, so that the file looks as its writer knows it.
        for row in &self.sheet.head.above {
            line = row.line.saturating_sub(1) as u32;
            write_row(sheet, line, row, &|_| false)?;
            line += 1;
        }
        let headings = &self.sheet.head.headings;
        for (column, heading) in headings.iter().enumerate() {
            sheet.write_string_with_format(line, column as u16, heading, &bold)?;
        }
        sheet.write_string_with_format(line, reason_column, REASON, &bold)?;
        sheet.set_freeze_panes(line + 1, 0)?;
        sheet.set_column_width(reason_column, 80)?;
        let mut written = Ok(());
        let _ = self.records(&mut |row| {
            if let Some(reason) = reasons.get(&(row.line as i64)) {
                line += 1;
                let at_fault =
                    |column: usize| headings.get(column).is_some_and(|h| reason.headings.contains(h));
                written = write_row(sheet, line, row, &at_fault)
                    .and_then(|()| sheet.write_string(line, reason_column, &reason.text).map(drop));
            }
            Ok(if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        });
        written?;
        workbook.save_to_buffer()
    }
}

/// Writes the cells of a row as what they are; those at fault are coloured.
fn write_row(
    sheet: &mut Worksheet,
    line: u32,
    row: &Row,
    at_fault: &dyn Fn(usize) -> bool,
) -> Result<(), XlsxError> {
    for (column, text) in row.texts.iter().enumerate() {
        let mut format = Format::new();
        if at_fault(column) {
            format = format.set_background_color(FAULT);
        }
        let at = column as u16;
        let kind = row.kinds.get(column).copied().unwrap_or(CellKind::Written);
        let number = text.parse::<f64>();
        let date = ExcelDateTime::parse_from_str(text);
        match (kind, number, date) {
            (CellKind::Number | CellKind::Single, Ok(number), _) => {
                sheet.write_number_with_format(line, at, number, &format)?
            }
            (CellKind::Boolean, ..) => sheet.write_boolean_with_format(line, at, text == "true", &format)?,
            (CellKind::Date, _, Ok(date)) => {
                sheet.write_datetime_with_format(line, at, &date, &format.set_num_format("yyyy-mm-dd"))?
            }
            _ if text.is_empty() => sheet.write_blank(line, at, &format)?,
            // A string is never run as a formula.
            _ => sheet.write_string_with_format(line, at, text, &format)?,
        };
    }
    Ok(())
}

/// A row with the reason in its column, in place of the one that is there or before cells beyond the headings.
fn with_reason(texts: &StringRecord, column: usize, replaces: bool, reason: &str) -> StringRecord {
    let mut cells: Vec<&str> = texts.iter().collect();
    cells.resize(cells.len().max(column + usize::from(replaces)), "");
    if replaces {
        cells[column] = reason
    } else {
        cells.insert(column, reason)
    }
    cells.into()
}

/// The rows of a file of columns, with a column of reasons.
fn rejected_columns(file: &Columnar, reasons: &Reasons) -> Result<Vec<u8>> {
    let arrow = |e: arrow::error::ArrowError| writing(e.to_string());
    let own = file.schema();
    let kept: Vec<usize> = (0..own.fields().len()).filter(|n| own.field(*n).name() != REASON).collect();
    let mut fields: Vec<_> = kept.iter().map(|n| own.fields()[*n].clone()).collect();
    fields.push(Arc::new(Field::new(REASON, DataType::Utf8, true)));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    let mut row = 0;
    file.record_batches(|batch| {
        let texts = (1..=batch.num_rows() as i64).map(|n| reasons.get(&(row + n)).map(|r| r.text.as_str()));
        let texts: StringArray = texts.collect();
        row += batch.num_rows() as i64;
        let rejected: BooleanArray = texts.iter().map(|text| Some(text.is_some())).collect();
        let mut columns: Vec<ArrayRef> = kept.iter().map(|n| batch.column(*n).clone()).collect();
        columns.push(Arc::new(texts));
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(arrow)?;
        batches.push(filter_record_batch(&batch, &rejected).map_err(arrow)?);
        Ok(ControlFlow::Continue(()))
    })?;
    file.write(&schema, &batches)
}

fn writing(reason: String) -> Error {
    Error::internal("writing rejected rows", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Upload;

    const HEAD: &str = "flow_id,date,kind,source,amount,area_code";

    fn open(bytes: &[u8]) -> UploadedFile {
        let upload = Upload { bytes: bytes.to_vec(), ..Upload::default() };
        upload.open(uplift_proto::dataset::find("fund_flow").unwrap()).unwrap()
    }

    fn reasons(lines: &[(i64, &str)]) -> Reasons {
        let reason = |text: &str| RowReasons { headings: vec!["amount".to_owned()], text: text.to_owned() };
        lines.iter().map(|(line, text)| (*line, reason(text))).collect()
    }

    #[test]
    fn rejected_rows_go_back_once_with_the_newest_reason_and_what_is_above_them() {
        let file = format!("sep=;\n2011年\n{HEAD}\na;;;;x;50\n\nb;;;;y;50\nc;;;;\"z; z\";50;surplus\n")
            .replace(',', ";");
        let rejected =
            open(file.as_bytes()).rejected_rows(&reasons(&[(4, "x: wrong"), (7, "z: wrong")])).unwrap();
        let head = HEAD.replace(',', ";");
        assert_eq!(
            String::from_utf8(rejected.clone()).unwrap(),
            format!(
                "sep=;\n2011年\n{head};reason 原因\na;;;;x;50;x: wrong\nc;;;;\"z; z\";50;z: wrong;surplus\n"
            )
        );
        let repeated = open(&rejected).rejected_rows(&reasons(&[(5, "z: still")])).unwrap();
        assert_eq!(
            String::from_utf8(repeated).unwrap(),
            format!("sep=;\n2011年\n{head};reason 原因\nc;;;;\"z; z\";50;z: still;surplus\n")
        );
    }

    #[test]
    fn each_form_goes_back_in_its_own_form() {
        let line = |id: &str| {
            format!(
                "{{\"flow_id\":{id:?},\"date\":\"2011-03-05\",\"kind\":\"x\",\"source\":\"x\",\"amount\":1,\"area_code\":\"50\"}}\n"
            )
        };
        let lines = format!("{}{}", line("a"), line("b"));
        let rejected = open(lines.as_bytes()).rejected_rows(&reasons(&[(2, "wrong")])).unwrap();
        let expected = line("b").replace("}\n", ",\"reason 原因\":\"wrong\"}\n");
        assert_eq!(String::from_utf8(rejected).unwrap(), expected);

        let csv = format!("单位：万元\n{HEAD}\na,,,,x,50\nb,,,,=1+1,50\n");
        let mut sheet = Workbook::new();
        let worksheet = sheet.add_worksheet();
        for (row, text) in csv.lines().enumerate() {
            for (column, text) in text.split(',').enumerate() {
                worksheet.write_string(row as u32, column as u16, text).unwrap();
            }
        }
        let file = open(&sheet.save_to_buffer().unwrap());
        assert_eq!((file.reading().kind, file.reading().head_line, file.extension()), ("XLSX", 2, "xlsx"));
        let rejected = file.rejected_rows(&reasons(&[(4, "wrong")])).unwrap();
        let again = open(&rejected);
        assert!(again.has_reasons() && again.reading().units == [("amount".to_owned(), "万元".to_owned())]);
        let mut rows = Vec::new();
        again
            .records(&mut |row| {
                rows.push((row.line, row.texts.iter().map(str::to_owned).collect::<Vec<_>>()));
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].0, rows[0].1.join("|")), (3, "b||||=1+1|50|wrong".to_owned()));
    }
}
