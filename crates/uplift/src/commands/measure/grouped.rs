//! `uplift measure --grouped`: where only shares are known.

use uplift_core::error::{Error, Result};
use uplift_measures::grouped::{Curve, Shares};

use super::file::Table;
use super::options::Measure;
use super::{Found, refused};
use crate::cli::{Format, Language};
use crate::commands::Outcome;
use crate::terminal::say;

pub(crate) fn run(options: &Measure, table: &Table, language: Language) -> Result<Outcome> {
    let needed = |option: &str, said: &str| Error::invalid_field(option, said);
    let mean = options.mean.filter(|m| m.is_finite() && *m > 0.0);
    let mean =
        mean.ok_or_else(|| needed("--mean", "is needed with --grouped: the mean income of everybody"))?;
    let line: f64 = options
        .line
        .parse()
        .map_err(|_| needed("--line", "is an amount with --grouped, in the unit of --mean"))?;
    let column = |option: &str, name: &str| {
        let cells = table.numbers(option, name)?;
        let all: Option<Vec<f64>> = cells.into_iter().collect();
        all.ok_or_else(|| needed(option, "has an empty cell; every group needs both shares"))
    };
    let income = column("--income", &options.income)?;
    let people = match &options.weight {
        Some(name) => column("--weight", name)?,
        None => vec![1.0; income.len()],
    };
    let shares = Shares::new(&people, &income).map_err(refused)?;
    let mut found = Found { language, rows: Vec::new(), weighed: None };
    let none = || Error::invalid_field("--income", "neither curve through these shares is a Lorenz curve");
    let poverty = shares.choose(Some(line / mean)).ok_or_else(none)?;
    let inequality = shares.choose(None).ok_or_else(none)?;
    let fgt = poverty.poverty(mean, line).map_err(refused)?;
    for (n, title) in [
        ("Headcount ratio", "贫困发生率"),
        ("Poverty gap index", "贫困缺口指数"),
        ("Squared poverty gap index", "贫困强度指数"),
    ]
    .into_iter()
    .enumerate()
    {
        found.add_value("", title, fgt.map(|fgt| fgt[n]));
    }
    found.add_value("", ("Watts index", "瓦茨指数"), poverty.watts(mean, line).map_err(refused)?);
    found.add_value("", ("Gini coefficient", "基尼系数"), Some(inequality.gini()));
    found.add_value("", ("Mean log deviation", "平均对数离差"), inequality.mean_log_deviation());
    found.add_value("", ("Median", "中位数"), Some(inequality.quantile(mean, 0.5)));
    found.print(options.format, false)?;
    if options.format == Format::Table {
        say!("{}: {}", language.of("Curve for poverty", "贫困测算所用曲线"), named(&poverty, language));
        say!(
            "{}: {}",
            language.of("Curve for inequality", "不平等测算所用曲线"),
            named(&inequality, language)
        );
    }
    Ok(Outcome::Done)
}

fn named(curve: &Curve, language: Language) -> String {
    match curve {
        Curve::GeneralQuadratic { a, b, c } => {
            let name = language.of("general quadratic", "一般二次曲线");
            format!("{name}, a = {a:.6}, b = {b:.6}, c = {c:.6}")
        }
        Curve::Beta { theta, gamma, delta } => {
            let name = language.of("beta", "贝塔曲线");
            format!("{name}, θ = {theta:.6}, γ = {gamma:.6}, δ = {delta:.6}")
        }
    }
}
