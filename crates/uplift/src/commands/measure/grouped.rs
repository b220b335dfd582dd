//! `uplift measure --grouped`: where only shares are known.

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_formats::Table;
use uplift_measures::grouped::{Curve, GroupShares};

use super::arguments::MeasureArgs;
use super::results::{Estimates, invalid};
use crate::arguments::OutputFormat;
use crate::outcome::Outcome;
use crate::terminal::say;

pub(crate) fn run(args: &MeasureArgs, table: &Table, language: Language) -> Result<Outcome> {
    let needed = |option: &str, message: &str| Error::invalid_field(option, message);
    let mean = args.mean.filter(|m| m.is_finite() && *m > 0.0);
    let mean =
        mean.ok_or_else(|| needed("--mean", "is needed with --grouped: the mean income of everybody"))?;
    let line: f64 = args
        .line
        .parse()
        .map_err(|_| needed("--line", "is an amount with --grouped, in the unit of --mean"))?;
    let column = |option: &str, name: &str| {
        let cells = table.numbers(option, name)?;
        let all: Option<Vec<f64>> = cells.into_iter().collect();
        all.ok_or_else(|| needed(option, "has an empty cell; every group needs both shares"))
    };
    let income = column("--income", &args.income)?;
    let people = match &args.weight {
        Some(name) => column("--weight", name)?,
        None => vec![1.0; income.len()],
    };
    let shares = GroupShares::new(&people, &income).map_err(invalid)?;
    let mut results = Estimates::new(language);
    let none =
        || Error::invalid_field("--income", "no curve that is fitted to these shares is a Lorenz curve");
    let poverty = shares.choose(Some(line / mean)).ok_or_else(none)?;
    let inequality = shares.choose(None).ok_or_else(none)?;
    let fgt = poverty.poverty(mean, line).map_err(invalid)?;
    for (n, title) in [
        ("Headcount ratio", "贫困发生率"),
        ("Poverty gap index", "贫困缺口指数"),
        ("Squared poverty gap index", "贫困强度指数"),
    ]
    .into_iter()
    .enumerate()
    {
        results.add_value("", title, fgt.map(|fgt| fgt[n]));
    }
    results.add_value("", ("Watts index", "瓦茨指数"), poverty.watts(mean, line).map_err(invalid)?);
    results.add_value("", ("Gini coefficient", "基尼系数"), Some(inequality.gini()));
    results.add_value("", ("Mean log deviation", "平均对数离差"), inequality.mean_log_deviation());
    results.add_value("", ("Median", "中位数"), Some(inequality.quantile(mean, 0.5)));
    results.print(args.format, false)?;
    if args.format == OutputFormat::Table {
        say!("{}: {}", language.choose("Curve for poverty", "贫困测算所用曲线"), named(&poverty, language));
        say!(
            "{}: {}",
            language.choose("Curve for inequality", "不平等测算所用曲线"),
            named(&inequality, language)
        );
    }
    Ok(Outcome::Done)
}

fn named(curve: &Curve, language: Language) -> String {
    match curve {
        Curve::GeneralQuadratic { a, b, c } => {
            let name = language.choose("general quadratic", "广义二次（GQ）洛伦兹曲线");
            format!("{name}, a = {a:.6}, b = {b:.6}, c = {c:.6}")
        }
        Curve::Beta { theta, gamma, delta } => {
            let name = language.choose("beta", "贝塔洛伦兹曲线");
            format!("{name}, θ = {theta:.6}, γ = {gamma:.6}, δ = {delta:.6}")
        }
    }
}
