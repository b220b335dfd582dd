//! What was measured, as rows to print.

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_measures::error::Error as MeasureError;
use uplift_measures::estimate::Estimate;

use crate::arguments::OutputFormat;
use crate::terminal::Listing;

/// Estimates in the order in which they were measured.
pub(crate) struct Estimates {
    language: Language,
    rows: Vec<(String, String, Estimate)>,
    /// M0 of all times its population, once it is known.
    pub(crate) weighted_m0: Option<f64>,
}

/// A title in English and Chinese.
pub(crate) type Title = (&'static str, &'static str);

impl Estimates {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, rows: Vec::new(), weighted_m0: None }
    }

    pub(crate) fn add(&mut self, group: &str, (en, zh): Title, estimate: Estimate) {
        self.rows.push((group.to_owned(), self.language.choose(en, zh).to_owned(), estimate));
    }

    /// One of several values of the same kind, by name.
    pub(crate) fn add_named(&mut self, group: &str, (en, zh): Title, name: &str, value: Option<f64>) {
        let title = format!("{}: {name}", self.language.choose(en, zh));
        self.rows.push((group.to_owned(), title, Estimate { value, ..Estimate::default() }));
    }

    /// A value without an interval.
    pub(crate) fn add_value(&mut self, group: &str, title: Title, value: Option<f64>) {
        self.add(group, title, Estimate { value, ..Estimate::default() });
    }

    pub(crate) fn print(&self, format: OutputFormat, grouped: bool) -> Result<()> {
        let digits = |x: Option<f64>| match (x, format) {
            (None, OutputFormat::Table) => "–".to_owned(),
            (None, _) => String::new(),
            (Some(x), OutputFormat::Table) => six_digits(x),
            (Some(x), _) => x.to_string(),
        };
        let mut columns = match self.language {
            Language::En => vec!["group", "measure", "value", "standard error", "low", "high", "n"],
            Language::Zh => vec!["分组", "指标", "数值", "标准误", "下限", "上限", "样本量"],
        };
        let row = |(group, title, estimate): &(String, String, Estimate)| {
            let Estimate { value, standard_error, low, high, rows, .. } = estimate;
            let n = if *rows > 0 { rows.to_string() } else { String::new() };
            let mut cells = vec![group.clone(), title.clone()];
            cells.extend([value, standard_error, low, high].map(|x| digits(*x)));
            cells.push(n);
            cells
        };
        let mut rows: Vec<_> = self.rows.iter().map(row).collect();
        if !grouped {
            columns.remove(0);
            rows.iter_mut().for_each(|row| drop(row.remove(0)));
        }
        let first = columns.len() - 5;
        // For reading, columns of dashes are left out.
        let uncertain = self.rows.iter().any(|(.., estimate)| estimate.standard_error.is_some());
        if !uncertain && format == OutputFormat::Table {
            columns.drain(first + 1..first + 4);
            rows.iter_mut().for_each(|row| drop(row.drain(first + 1..first + 4)));
        }
        Listing { numbers: (first..columns.len()).collect(), columns, rows }.print(format)
    }
}

/// A number for reading: six significant digits, and every digit before the point.
pub(crate) fn six_digits(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let before = x.abs().log10().floor() as i32 + 1;
    let text = format!("{:.*}", (6 - before).clamp(0, 10) as usize, x);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What cannot be measured is an error of the arguments or the file.
pub(crate) fn invalid(error: MeasureError) -> Error {
    Error::invalid_field("measure", error.to_string())
}
