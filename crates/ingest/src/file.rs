//! A county's file to columns: its encoding found, its headings recognised, its units applied.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_store::schema::column;

use crate::builder::Builder;
use crate::decode::Decoded;
use crate::fault::{Fault, Rule};

/// A file as it was sent.
#[derive(Debug, Clone)]
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Units of money columns that differ from yuan, by field name or heading: amount and 万元.
    pub units: Vec<(String, String)>,
}

/// One column of the file and the field it fills.
struct Mapped<'d> {
    field: &'d Field,
    /// Place among the dataset's fields.
    index: usize,
    heading: String,
    scale: Decimal,
}

impl File {
    /// Decodes the rows. Faults name the file's own headings.
    pub fn decode(&self, dataset: &'static Dataset) -> Result<Decoded> {
        let text = self.text()?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|e| Error::invalid_field("file", e))?.clone();
        let mapped = self.map(dataset, &headings)?;
        let mut builders: Vec<_> = dataset.fields.iter().map(|f| Builder::new(&f.kind)).collect();
        let mut faults = Vec::new();
        // Where each field's cell stands, looked up once and not for every row.
        let places: Vec<_> = (0..builders.len())
            .map(|index| mapped.iter().position(|m| m.as_ref().is_some_and(|m| m.index == index)))
            .collect();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|e| Error::invalid_field(format!("file, row {}", row + 1), e))?;
            if record.len() != headings.len() {
                let message = format!(
                    "has {} cells, the head has {}; add or quote what is missing",
                    record.len(),
                    headings.len()
                );
                faults.push(Fault::new(row, "", Rule::Format, "", message));
            }
            for (builder, place) in builders.iter_mut().zip(&places) {
                let own = place.and_then(|place| Some((mapped[place].as_ref()?, record.get(place)?)));
                let (cell, scale) = own.map_or(("", Decimal::ONE), |(m, cell)| (cell, m.scale));
                if let Err((rule, value, message)) = builder.append_text(cell, scale) {
                    let heading = own.map(|(m, _)| m.heading.as_str()).unwrap_or_default();
                    faults.push(Fault::new(row, heading, rule, &value, message));
                }
            }
        }
        let schema = Arc::new(Schema::new(dataset.fields.iter().map(column).collect::<Vec<_>>()));
        let arrays: Vec<ArrayRef> = builders.into_iter().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(schema, arrays);
        Ok(Decoded { batch: batch.map_err(|e| Error::internal("building columns", e))?, faults })
    }

    /// Puts faults found after decoding into the file's own words: its heading, and the cell as it
    /// stands there.
    pub fn own_words(&self, dataset: &'static Dataset, faults: &mut [Fault]) -> Result<()> {
        if faults.is_empty() {
            return Ok(());
        }
        let text = self.text()?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|e| Error::invalid_field("file", e))?.clone();
        let mapped = self.map(dataset, &headings)?;
        let mut records = reader.records().enumerate();
        let mut at = None;
        for fault in faults {
            while at.as_ref().is_none_or(|(row, _)| *row < fault.row) {
                match records.next() {
                    Some((row, Ok(record))) => at = Some((row, record)),
                    _ => return Ok(()),
                }
            }
            let place = mapped.iter().position(|m| m.as_ref().is_some_and(|m| m.field.name == fault.field));
            if let (Some(place), Some((_, record))) = (place, &at) {
                fault.value = record.get(place).unwrap_or_default().to_owned();
                fault.field = headings[place].trim().to_owned();
            }
        }
        Ok(())
    }

    /// The heading of a field, or its name where the file has no column for it.
    pub fn heading_of(&self, dataset: &'static Dataset, name: &str) -> Result<String> {
        let text = self.text()?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|e| Error::invalid_field("file", e))?.clone();
        let mapped = self.map(dataset, &headings)?;
        Ok(mapped
            .into_iter()
            .flatten()
            .find(|m| m.field.name == name)
            .map_or_else(|| name.to_owned(), |m| m.heading))
    }

    fn text(&self) -> Result<Cow<'_, str>> {
        let encoding = encoding_of(&self.bytes);
        let (text, _, broken) = encoding.decode(&self.bytes);
        if broken {
            let message = format!(
                "is no text in UTF-8, UTF-16 or GB18030 (read as {}); save it as CSV again",
                encoding.name()
            );
            return Err(Error::invalid_field("file", message));
        }
        Ok(text)
    }

    /// Which field each column fills. A heading may be a field's name or either title, with its
    /// unit in brackets.
    fn map<'d>(&self, dataset: &'d Dataset, headings: &csv::StringRecord) -> Result<Vec<Option<Mapped<'d>>>> {
        let mut violations = Vec::new();
        let mut mapped: Vec<Option<Mapped<'d>>> = Vec::new();
        for heading in headings {
            let heading = heading.trim();
            let (name, unit) = split_unit(heading);
            let found = dataset.fields.iter().enumerate().find(|(_, f)| is_called(f, name));
            let Some((index, field)) = found else {
                // A column of reasons is what a rejects file adds; it may come back with it.
                if !heading.is_empty() && heading != REASON {
                    violations
                        .push(FieldViolation::new(format!("file, column {heading:?}"), unknown(dataset)));
                }
                mapped.push(None);
                continue;
            };
            if mapped.iter().flatten().any(|m| m.index == index) {
                let message = format!("is a second column for {}; keep one", field.name);
                violations.push(FieldViolation::new(format!("file, column {heading:?}"), message));
            }
            let asked = self.units.iter().find(|(n, _)| is_called(field, n) || n == heading);
            let unit = asked.map(|(_, unit)| unit.as_str()).or(unit).unwrap_or_default();
            match scale(field, unit) {
                Some(scale) => mapped.push(Some(Mapped { field, index, heading: heading.to_owned(), scale })),
                None => {
                    let message =
                        format!("{unit:?} is no unit of it; write 分, 元, 千元, 万元 or 亿元 for money");
                    violations.push(FieldViolation::new(format!("file, column {heading:?}"), message));
                    mapped.push(None);
                }
            }
        }
        let has = |field: &Field| mapped.iter().flatten().any(|m| m.field.name == field.name);
        for field in dataset.fields.iter().filter(|f| f.required && !has(f)) {
            let message = format!("is missing; add a column {:?} or {:?}", field.title.zh, field.name);
            violations.push(FieldViolation::new(format!("file, column {}", field.name), message));
        }
        for (name, _) in &self.units {
            if !dataset.fields.iter().any(|f| is_called(f, name))
                && !headings.iter().any(|h| h.trim() == name)
            {
                violations.push(FieldViolation::new("units", format!("{name:?} is no column of the file")));
            }
        }
        if violations.is_empty() { Ok(mapped) } else { Err(Error::invalid(violations)) }
    }
}

/// Heading of the column that a rejects file adds.
pub const REASON: &str = "reason 原因";

/// The encoding of a file: its mark if it has one, UTF-8 if it fits, GB18030 otherwise.
pub fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        // Every other byte of Western text in UTF-16 is zero, and no other encoding holds zeros.
        None if bytes.iter().step_by(2).take(8).any(|b| *b == 0) => UTF_16BE,
        None if bytes.iter().skip(1).step_by(2).take(8).any(|b| *b == 0) => UTF_16LE,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => GB18030,
    }
}

/// A CSV template: the headings in a language, money with its unit, as UTF-8 with a mark so that
/// spreadsheets show Chinese.
pub fn template(dataset: &Dataset, chinese: bool) -> String {
    let heading = |f: &Field| {
        let title = if chinese { &f.title.zh } else { &f.title.en };
        match (f.kind == Kind::Money, chinese) {
            (true, true) => format!("{title}（元）"),
            (true, false) => format!("{title} (yuan)"),
            _ => title.clone(),
        }
    };
    let headings: Vec<_> = dataset.fields.iter().map(heading).collect();
    format!("\u{feff}{}\r\n", headings.join(","))
}

fn is_called(field: &Field, name: &str) -> bool {
    let names = [field.name.as_str(), field.column(), &field.title.en, &field.title.zh];
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// A heading and the unit in its brackets: 金额（万元）.
fn split_unit(heading: &str) -> (&str, Option<&str>) {
    let inner = heading.strip_suffix(['）', ')']);
    let parts = inner.and_then(|h| h.rsplit_once(['（', '(']));
    match parts {
        // Titles may have brackets of their own: Name (English).
        Some((name, unit)) if money_scale(unit.trim()).is_some() => (name.trim(), Some(unit.trim())),
        _ => (heading, None),
    }
}

fn scale(field: &Field, unit: &str) -> Option<Decimal> {
    match (&field.kind, unit) {
        (Kind::Money, "") => money_scale("元"),
        (Kind::Money, unit) => money_scale(unit),
        (_, "") => Some(Decimal::ONE),
        _ => None,
    }
}

/// Fen in one unit of money.
fn money_scale(unit: &str) -> Option<Decimal> {
    let fen: i64 = match unit {
        "分" | "fen" => 1,
        "元" | "yuan" | "CNY" => 100,
        "千元" => 100_000,
        "万元" => 1_000_000,
        "百万元" | "million yuan" => 100_000_000,
        "亿元" => 10_000_000_000,
        _ => return None,
    };
    Some(fen.into())
}

fn unknown(dataset: &Dataset) -> String {
    let names: Vec<_> = dataset.fields.iter().map(|f| f.title.zh.as_str()).collect();
    format!("is no field of {}; its columns are {}", dataset.name, names.join(", "))
}
