//! The rows that are measured: those with an income, a weight and a size.

use std::collections::BTreeSet;

use uplift_core::error::{Error, Result};
use uplift_measures::design::Design;
use uplift_measures::estimate::Estimate;

use super::file::Table;
use super::options::Measure;
use super::refused;

/// Rows, a column each.
pub(crate) struct People {
    /// Income, a head where sizes are given.
    pub values: Vec<f64>,
    /// Income a year before; none where it is not known.
    pub before: Vec<Option<f64>>,
    /// How many people or households each stands for.
    pub weights: Vec<f64>,
    /// Whether each is deprived, by indicator; none where an answer is missing.
    pub deprived: Vec<Vec<Option<bool>>>,
    /// How the rows were drawn.
    pub design: Design,
    /// Whether that was said.
    pub designed: bool,
    /// Rows that lack what measuring needs.
    pub left_out: usize,
    by: Option<Vec<String>>,
}

impl People {
    /// Reads the columns named.
    pub fn read(options: &Measure, table: &Table) -> Result<Self> {
        let rows = table.rows();
        let optional = |option: &str, name: &Option<String>| match name {
            Some(name) => table.numbers(option, name),
            None => Ok(vec![Some(1.0); rows]),
        };
        let income = table.numbers("--income", &options.income)?;
        let (weight, size) = (optional("--weight", &options.weight)?, optional("--size", &options.size)?);
        let before = match &options.before {
            Some(name) => table.numbers("--before", name)?,
            None => vec![None; rows],
        };
        let texts = |option: &str, name: &Option<String>| {
            name.as_ref().map(|name| table.texts(option, name)).transpose()
        };
        let stratum = texts("--stratum", &options.stratum)?;
        let cluster = texts("--cluster", &options.cluster)?;
        let by = texts("--by", &options.by)?;
        let answers = options.deprived.iter().map(|named| {
            let name = named.split('=').next().unwrap_or_default();
            table.numbers("--deprived", name)
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;

        let mut found = Self {
            values: Vec::new(),
            before: Vec::new(),
            weights: Vec::new(),
            deprived: Vec::new(),
            design: Design::default(),
            designed: stratum.is_some() || cluster.is_some(),
            left_out: 0,
            by: None,
        };
        let mut kept = Vec::new();
        for row in 0..rows {
            let (Some(income), Some(weight), Some(size)) = (income[row], weight[row], size[row]) else {
                found.left_out += 1;
                continue;
            };
            let wrong = |what: &str, n: f64| {
                let said = format!("the {what} of row {} is {n}; write a number above 0", row + 1);
                Err(Error::invalid_field(format!("--{what}"), said))
            };
            if !income.is_finite() {
                return wrong("income", income);
            }
            if !weight.is_finite() || weight < 0.0 {
                return wrong("weight", weight);
            }
            if !size.is_finite() || size <= 0.0 {
                return wrong("size", size);
            }
            kept.push(row);
            found.values.push(income / size);
            found.before.push(before[row].map(|before| before / size));
            found.weights.push(weight * size);
            found
                .deprived
                .push(answers.iter().map(|column| column[row].map(|answer| answer != 0.0)).collect());
        }
        let of_kept = |column: Option<Vec<String>>| {
            column.map(|column| kept.iter().map(|row| column[*row].clone()).collect::<Vec<_>>())
        };
        let (stratum, cluster) = (of_kept(stratum), of_kept(cluster));
        let design = match (stratum, cluster) {
            (Some(stratum), Some(cluster)) => Design::new(&stratum, &cluster),
            (Some(stratum), None) => Design::new(&stratum, &kept),
            (None, Some(cluster)) => Design::new(&vec![(); kept.len()], &cluster),
            (None, None) => Ok(Design::simple(kept.len())),
        };
        found.design = design.map_err(refused)?;
        found.by = of_kept(by);
        Ok(found)
    }

    /// An estimate as far as it is known: without a design it has no uncertainty.
    pub fn told(&self, estimate: Estimate) -> Estimate {
        match self.designed {
            true => estimate,
            false => Estimate { standard_error: None, low: None, high: None, ..estimate },
        }
    }

    /// All, and each group: name and weights. Those of another group stand for nobody in it, and still
    /// tell how the sample was drawn.
    pub fn groups(&self) -> Vec<(String, Vec<f64>)> {
        let mut groups = vec![(String::new(), self.weights.clone())];
        if let Some(by) = &self.by {
            for name in by.iter().collect::<BTreeSet<_>>() {
                let inside = by.iter().zip(&self.weights);
                let weights = inside.map(|(group, w)| if group == name { *w } else { 0.0 }).collect();
                groups.push((name.clone(), weights));
            }
        }
        groups
    }
}
