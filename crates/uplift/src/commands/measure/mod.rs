//! `uplift measure`: poverty and inequality in anyone's file, without a service.

mod file;
mod grouped;
mod measures;
pub mod options;
mod people;

use uplift_core::error::{Error, Result};
use uplift_measures::distribution::{Distribution, Refused};
use uplift_measures::estimate::{Estimate, Sample};
use uplift_measures::line::{Unit, named, relative, societal};
use uplift_measures::measure::Measure as Kind;
use uplift_measures::options::Options as Conventions;
use uplift_measures::quantile::median;
use uplift_measures::{curve, poverty};

use self::file::Table;
use self::options::Measure;
use self::people::People;
use crate::cli::{Format, Language};
use crate::commands::Outcome;
use crate::terminal::{Listing, say};

/// Points of the printed Lorenz curve.
const TWENTIETHS: u32 = 20;
/// Characters of the longest bar.
const BAR: f64 = 40.0;

/// Reads the file, measures, prints.
pub fn run(options: &Measure, language: Language) -> Result<Outcome> {
    let table = Table::read(&options.file)?;
    if options.grouped {
        return grouped::run(options, &table, language);
    }
    let conventions = options.conventions()?;
    if !(options.confidence > 0.0 && options.confidence < 1.0) {
        return Err(Error::invalid_field("--confidence", "is a share above 0 and below 1, as 0.95"));
    }
    let people = People::read(options, &table)?;
    let of = Distribution::new(&people.values, &people.weights).map_err(refused)?;
    let line = line(options, &of, &conventions)?;
    let mut found = Found { language, rows: Vec::new(), weighed: None };
    for (group, weights) in people.groups() {
        let sample = Sample {
            weights: &weights,
            design: &people.design,
            lonely: options.lonely(),
            confidence: options.confidence,
        };
        let of = Distribution::new(&people.values, &weights).map_err(refused)?;
        for (title, measure) in measures::of_income(line) {
            let told = sample.measure_of(&measure, &people.values, &of, &conventions).map_err(refused)?;
            found.add(&group, title, people.told(told));
        }
        measures::of_deprivation(options, &people, &sample, &group, &mut found)?;
        measures::of_change(options, &people, &weights, line, &conventions, &group, &mut found)?;
    }
    let grouped = options.by.is_some();
    found.print(options.format, grouped)?;
    if options.format == Format::Table {
        notes(options, &people, line, &of, language);
        if options.curve {
            lorenz(&of, language);
        }
    }
    Ok(Outcome::Done)
}

/// What was measured, in the order of measuring.
pub(crate) struct Found {
    language: Language,
    rows: Vec<(String, String, Estimate)>,
    /// M0 of all by people, once it is known.
    weighed: Option<f64>,
}

/// A title in English and in Chinese.
pub(crate) type Title = (&'static str, &'static str);

impl Found {
    pub(crate) fn add(&mut self, group: &str, (en, zh): Title, told: Estimate) {
        self.rows.push((group.to_owned(), self.language.of(en, zh).to_owned(), told));
    }

    /// One of several values of the same kind, told apart by name.
    pub(crate) fn add_named(&mut self, group: &str, (en, zh): Title, name: &str, value: Option<f64>) {
        let title = format!("{}: {name}", self.language.of(en, zh));
        self.rows.push((group.to_owned(), title, Estimate { value, ..Estimate::default() }));
    }

    /// A value without an interval.
    pub(crate) fn add_value(&mut self, group: &str, title: Title, value: Option<f64>) {
        self.add(group, title, Estimate { value, ..Estimate::default() });
    }

    pub(crate) fn print(&self, format: Format, grouped: bool) -> Result<()> {
        let digits = |x: Option<f64>| match (x, format) {
            (None, Format::Table) => "–".to_owned(),
            (None, _) => String::new(),
            (Some(x), Format::Table) => six_digits(x),
            (Some(x), _) => x.to_string(),
        };
        let mut columns = match self.language {
            Language::En => vec!["group", "measure", "value", "standard error", "low", "high", "n"],
            Language::Zh => vec!["分组", "指标", "数值", "标准误", "下限", "上限", "样本量"],
        };
        let row = |(group, title, told): &(String, String, Estimate)| {
            let Estimate { value, standard_error, low, high, rows, .. } = told;
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
        // People need no columns of dashes.
        let told = self.rows.iter().any(|(.., told)| told.standard_error.is_some());
        if !told && format == Format::Table {
            columns.drain(first + 1..first + 4);
            rows.iter_mut().for_each(|row| drop(row.drain(first + 1..first + 4)));
        }
        Listing { numbers: (first..columns.len()).collect(), columns, rows }.print(format)
    }
}

/// As many digits as people read: six that count, but every digit before the point.
fn six_digits(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let before = x.abs().log10().floor() as i32 + 1;
    let text = format!("{:.*}", (6 - before).clamp(0, 10) as usize, x);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The poverty line in the unit of the data.
fn line(options: &Measure, of: &Distribution, conventions: &Conventions) -> Result<f64> {
    let text = options.line.as_str();
    let invalid = |said: String| Error::invalid_field("--line", said);
    let no_median = || invalid("is a share of the median, which is not above 0 here; give an amount".into());
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().map_err(|_| invalid(format!("{text:?} is no share, as 60%")))?;
        let found = relative(of, percent / 100.0, conventions).map_err(refused)?;
        return found.ok_or_else(no_median);
    }
    let parity = || {
        let needed =
            || Error::invalid_field("--parity", "is needed for a line in dollars; give units a dollar");
        options.parity.filter(|p| *p > 0.0).ok_or_else(needed)
    };
    if let Some(year) = text.strip_prefix("societal") {
        let year = year.parse().map_err(|_| invalid("write societal2011 or societal2017".into()))?;
        let median = median(of, conventions).map_err(refused)?.ok_or_else(no_median)?;
        let day = 365.0 * parity()? * options.deflator;
        return Ok(societal(median / day, year).map_err(refused)? * day);
    }
    if let Ok(amount) = text.parse::<f64>() {
        let amount = amount * options.deflator;
        poverty::check_line(amount).map_err(|e| invalid(e.message))?;
        return Ok(amount);
    }
    let known = named(text).map_err(|e| invalid(format!("{}, an amount, and shares as 60%", e.message)))?;
    let parity = if known.unit == Unit::DollarsPerDay { parity()? } else { 1.0 };
    known.per_year(options.deflator, parity).map_err(|e| invalid(e.message))
}

/// What the numbers are of: the file is named, since its name may say that it was made up.
fn notes(options: &Measure, people: &People, line: f64, of: &Distribution, language: Language) {
    let file = options.file.display();
    let (n, left_out) = (people.values.len(), people.left_out);
    let (line, population) = (six_digits(line), six_digits(of.population()));
    say!(
        "{}",
        match language {
            Language::En => {
                format!("{file}: {n} rows stand for {population}; {left_out} left out. Poverty line {line}.")
            }
            Language::Zh => {
                format!("{file}：{n} 行代表 {population}；剔除 {left_out} 行。贫困线 {line}。")
            }
        }
    );
    if !people.designed {
        let en = "No standard errors: name the sample's --stratum and --cluster to have them.";
        say!("{}", language.of(en, "无标准误：用 --stratum 和 --cluster 指明抽样设计即可得出。"));
    }
}

/// The Lorenz curve as bars: the share of income of the poorest.
fn lorenz(of: &Distribution, language: Language) {
    let Some(points) = curve::lorenz_curve(of, TWENTIETHS) else { return };
    say!("\n{}", language.of("Lorenz curve: income of the poorest", "洛伦兹曲线：最贫困人口的收入份额"));
    for point in points.iter().skip(1) {
        let bar = "▇".repeat((point.value * BAR).max(0.0).round() as usize);
        say!("{:>4.0}% {:>6.1}% {bar}", point.people * 100.0, point.value * 100.0);
    }
}

/// What cannot be measured is a fault of what was asked.
pub(crate) fn refused(refused: Refused) -> Error {
    Error::invalid_field("measure", refused.to_string())
}

/// A measure by title.
pub(crate) type Titled = (Title, Kind);
