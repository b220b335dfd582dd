//! The rows that are measured: those with an income, a weight and a size.

use std::collections::BTreeSet;

use uplift_core::error::{Error, Result};
use uplift_formats::Table;
use uplift_measures::design::Design;
use uplift_measures::estimate::Estimate;

use super::arguments::MeasureArgs;
use super::results::invalid;

/// The name of the group of rows whose group is not named.
const NO_GROUP: &str = "(none)";

/// Rows, a column each.
pub(crate) struct People {
    /// Income, per head where sizes are given.
    pub(crate) values: Vec<f64>,
    /// Income a year before; none where it is unknown.
    pub(crate) before: Vec<Option<f64>>,
    /// Number of people or households that each represents.
    pub(crate) weights: Vec<f64>,
    /// Whether each is deprived, by indicator; none where an answer is missing.
    pub(crate) deprived: Vec<Vec<Option<bool>>>,
    pub(crate) design: Design,
    /// Whether the design was given.
    pub(crate) has_design: bool,
    /// Rows that lack what measuring needs.
    pub(crate) left_out: usize,
    by: Option<Vec<String>>,
}

impl People {
    /// Reads the columns named.
    pub(crate) fn read(args: &MeasureArgs, table: &Table) -> Result<Self> {
        let rows = table.rows();
        let optional = |option: &str, name: &Option<String>| match name {
            Some(name) => table.numbers(option, name),
            None => Ok(vec![Some(1.0); rows]),
        };
        let income = table.numbers("--income", &args.income)?;
        let (weight, size) = (optional("--weight", &args.weight)?, optional("--size", &args.size)?);
        let before = match &args.before {
            Some(name) => table.numbers("--before", name)?,
            None => vec![None; rows],
        };
        let texts = |option: &str, name: &Option<String>| {
            name.as_ref().map(|name| table.texts(option, name)).transpose()
        };
        let stratum = texts("--stratum", &args.stratum)?;
        let cluster = texts("--cluster", &args.cluster)?;
        let by = texts("--by", &args.by)?;
        let answers = args.deprived.iter().map(|named| {
            let name = named.split('=').next().unwrap_or_default();
            table.flags("--deprived", name)
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;

        let mut people = Self {
            values: Vec::new(),
            before: Vec::new(),
            weights: Vec::new(),
            deprived: Vec::new(),
            design: Design::default(),
            has_design: stratum.is_some() || cluster.is_some(),
            left_out: 0,
            by: None,
        };
        let mut kept = Vec::new();
        for row in 0..rows {
            let (Some(income), Some(weight), Some(size)) = (income[row], weight[row], size[row]) else {
                people.left_out += 1;
                continue;
            };
            check_row(|| table.position(row), income, weight, size)?;
            kept.push(row);
            people.values.push(income / size);
            people.before.push(before[row].map(|before| before / size));
            people.weights.push(weight * size);
            people.deprived.push(answers.iter().map(|column| column[row]).collect());
        }
        let select_kept = |column: Option<Vec<String>>| {
            column.map(|column| kept.iter().map(|row| column[*row].clone()).collect::<Vec<_>>())
        };
        people.design = design(select_kept(stratum), select_kept(cluster), kept.len())?;
        people.by = select_kept(by);
        Ok(people)
    }

    /// An estimate, without its uncertainty if no design was given.
    pub(crate) fn with_known_uncertainty(&self, estimate: Estimate) -> Estimate {
        match self.has_design {
            true => estimate,
            false => Estimate { standard_error: None, low: None, high: None, ..estimate },
        }
    }

    /// All, and each group: name and weights. Rows of other groups have weight 0, and still count for the
    /// design of the sample.
    pub(crate) fn groups(&self) -> Vec<(String, Vec<f64>)> {
        let mut groups = vec![(String::new(), self.weights.clone())];
        if let Some(by) = &self.by {
            for name in by.iter().collect::<BTreeSet<_>>() {
                let inside = by.iter().zip(&self.weights);
                let weights = inside.map(|(group, w)| if group == name { *w } else { 0.0 }).collect();
                let name = if name.is_empty() { NO_GROUP } else { name };
                groups.push((name.to_owned(), weights));
            }
        }
        groups
    }
}

/// Refuses a row that no measure has a meaning for.
fn check_row(position: impl Fn() -> String, income: f64, weight: f64, size: f64) -> Result<()> {
    let wrong = |option: &str, value: f64, remedy: &str| {
        let message = format!("is {value} in {}; {remedy}", position());
        Err(Error::invalid_field(option, message))
    };
    if !income.is_finite() {
        return wrong("--income", income, "write a number, or leave it empty if unknown");
    }
    if !weight.is_finite() || weight < 0.0 {
        return wrong("--weight", weight, "write 0 or a number above it");
    }
    if !size.is_finite() || size <= 0.0 {
        return wrong("--size", size, "write a number above 0");
    }
    Ok(())
}

/// The design of the sample from what is known of it; rows are their own clusters if none are given.
fn design(stratum: Option<Vec<String>>, cluster: Option<Vec<String>>, rows: usize) -> Result<Design> {
    match (stratum, cluster) {
        (Some(stratum), Some(cluster)) => Design::new(&stratum, &cluster),
        (Some(stratum), None) => Design::new(&stratum, &(0..rows).collect::<Vec<_>>()),
        (None, Some(cluster)) => Design::new(&vec![(); rows], &cluster),
        (None, None) => Ok(Design::simple(rows)),
    }
    .map_err(invalid)
}
