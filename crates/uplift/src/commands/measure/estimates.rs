//! The estimates of `uplift measure`, in the order in which they are printed.

use uplift_core::error::{Error, Result};
use uplift_measures::conventions::Conventions;
use uplift_measures::curve::growth_incidence;
use uplift_measures::deprivation::{Structure, fraction};
use uplift_measures::design::Design;
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::{Estimate, Sample, change};
use uplift_measures::measure::Measure;
use uplift_measures::panel::transitions;

use super::arguments::MeasureArgs;
use super::people::People;
use super::results::{Estimates, Title, invalid};

/// Measures of one distribution.
pub(crate) fn income_measures(line: f64) -> Vec<(Title, Measure)> {
    let mut all = vec![
        (("Mean", "均值"), Measure::Mean),
        (("Median", "中位数"), Measure::Quantile { p: 0.5 }),
        (("Headcount ratio", "贫困发生率"), Measure::HeadcountRatio { line }),
        (("Number of poor", "贫困人口"), Measure::NumberOfPoor { line }),
        (("Poverty gap index", "贫困缺口指数"), Measure::PovertyGap { line }),
        (("Squared poverty gap index", "贫困强度指数"), Measure::SquaredPovertyGap { line }),
        (("Average shortfall of the poor", "贫困人口平均缺口"), Measure::AverageShortfall { line }),
        (("Watts index", "瓦茨指数"), Measure::Watts { line }),
        (("Sen index", "森指数"), Measure::Sen { line }),
        (("Sen–Shorrocks–Thon index", "SST指数"), Measure::SenShorrocksThon { line }),
        (("Gini coefficient", "基尼系数"), Measure::Gini),
        (("Mean log deviation, GE(0)", "平均对数离差 GE(0)"), Measure::MeanLogDeviation),
        (("Theil index, GE(1)", "泰尔指数 GE(1)"), Measure::Theil),
        (("Generalized entropy, GE(2)", "广义熵指数 GE(2)"), Measure::GeneralizedEntropy { alpha: 2.0 }),
        (("Atkinson index, ε = 0.5", "阿特金森指数 ε＝0.5"), Measure::Atkinson { epsilon: 0.5 }),
        (("Atkinson index, ε = 1", "阿特金森指数 ε＝1"), Measure::Atkinson { epsilon: 1.0 }),
        (("Atkinson index, ε = 2", "阿特金森指数 ε＝2"), Measure::Atkinson { epsilon: 2.0 }),
        (("Wolfson polarization", "沃尔夫森极化指数"), Measure::Wolfson),
        (("P90/P10", "P90/P10"), Measure::PercentileRatio { upper: 0.9, lower: 0.1 }),
        (("S80/S20", "S80/S20"), Measure::QuintileRatio),
        (("Palma ratio", "帕尔马比值"), Measure::Palma),
    ];
    let share = |n: usize| Measure::Share { from: n as f64 / 10.0, to: (n + 1) as f64 / 10.0 };
    all.extend(DECILES.iter().enumerate().map(|(n, title)| (*title, share(n))));
    all
}

const DECILES: [Title; 10] = [
    ("Income share of decile 1", "第1十分位组收入份额"),
    ("Income share of decile 2", "第2十分位组收入份额"),
    ("Income share of decile 3", "第3十分位组收入份额"),
    ("Income share of decile 4", "第4十分位组收入份额"),
    ("Income share of decile 5", "第5十分位组收入份额"),
    ("Income share of decile 6", "第6十分位组收入份额"),
    ("Income share of decile 7", "第7十分位组收入份额"),
    ("Income share of decile 8", "第8十分位组收入份额"),
    ("Income share of decile 9", "第9十分位组收入份额"),
    ("Income share of decile 10", "第10十分位组收入份额"),
];

/// Adds H, A, M0 and the contribution of each indicator, if indicators are named. Rows without an answer are
/// left out of them.
pub(crate) fn add_deprivation(
    args: &MeasureArgs,
    people: &People,
    sample: &Sample<'_>,
    group: &str,
    results: &mut Estimates,
) -> Result<()> {
    if args.deprived.is_empty() {
        return Ok(());
    }
    let structure = structure(args)?;
    let answered = |row: &Vec<Option<bool>>| row.iter().copied().collect::<Option<Vec<bool>>>();
    let weight =
        |(row, weight): (&Vec<Option<bool>>, &f64)| if answered(row).is_some() { *weight } else { 0.0 };
    let weights: Vec<f64> = people.deprived.iter().zip(sample.weights).map(weight).collect();
    let none = vec![false; args.deprived.len()];
    let rows: Vec<Vec<bool>> =
        people.deprived.iter().map(|row| answered(row).unwrap_or(none.clone())).collect();
    let measured = structure.measure(&rows, &Sample { weights: &weights, ..*sample }).map_err(invalid)?;
    results.add(
        group,
        ("Multidimensional headcount ratio H", "多维贫困发生率 H"),
        people.with_known_uncertainty(measured.headcount),
    );
    results.add(group, ("Intensity A", "多维贫困强度 A"), people.with_known_uncertainty(measured.intensity));
    results.add(
        group,
        ("Adjusted headcount ratio M0", "多维贫困指数 M0"),
        people.with_known_uncertainty(measured.adjusted),
    );
    // The whole comes first; a group's part of its M0 is in proportion to people.
    let weighted = measured.adjusted.value.map(|m0| m0 * measured.population);
    let whole = *results.weighted_m0.get_or_insert(weighted.unwrap_or_default());
    if !group.is_empty() {
        let share = weighted.filter(|_| whole > 0.0).map(|weighted| 100.0 * weighted / whole);
        results.add_value(group, ("Contribution to M0 of all, percent", "对总体M0的贡献率（%）"), share);
    }
    for indicator in measured.indicators {
        let mut add = |(en, zh): Title, value| {
            results.add_named(group, (en, zh), &indicator.name, value);
        };
        add(("Uncensored headcount ratio", "未截尾发生率"), indicator.uncensored);
        add(("Censored headcount ratio", "截尾发生率"), indicator.censored);
        add(("Contribution to M0, percent", "对M0的贡献率（%）"), indicator.percentage);
    }
    Ok(())
}

fn structure(args: &MeasureArgs) -> Result<Structure> {
    let wrong = |option: &str, message: String| Error::invalid_field(option, message);
    let cutoff = fraction(&args.cutoff).map_err(|e| wrong("--cutoff", e.message))?;
    let named: Vec<_> = args.deprived.iter().map(|text| text.split_once('=')).collect();
    let structure = if named.iter().all(Option::is_none) {
        let names: Vec<&str> = args.deprived.iter().map(String::as_str).collect();
        Structure::equal(&names, cutoff)
    } else {
        let mut weighted = Vec::new();
        for (named, text) in named.iter().zip(&args.deprived) {
            let (name, weight) = named.ok_or_else(|| {
                wrong(
                    "--deprived",
                    format!("{text} has no weight; give every column one, for example {text}=1/3, or none"),
                )
            })?;
            weighted.push((name, fraction(weight).map_err(|e| wrong("--deprived", e.message))?));
        }
        Structure::new(&weighted, cutoff)
    };
    structure.map_err(|e| wrong("--deprived", e.message))
}

/// The rows whose income before is known, in both years.
struct Panel {
    before: Vec<f64>,
    after: Vec<f64>,
    weights: Vec<f64>,
    /// Both years of a row lie in its cluster: what they have in common cancels.
    design: Design,
}

impl Panel {
    fn select(people: &People, weights: &[f64]) -> Self {
        let rows: Vec<usize> = (0..weights.len()).filter(|row| people.before[*row].is_some()).collect();
        Self {
            before: rows.iter().filter_map(|row| people.before[*row]).collect(),
            after: rows.iter().map(|row| people.values[*row]).collect(),
            weights: rows.iter().map(|row| weights[*row]).collect(),
            design: people.design.select_rows(rows.iter().chain(&rows).copied()),
        }
    }

    fn distributions(&self) -> Result<(Distribution, Distribution)> {
        let distribution = |values: &[f64]| Distribution::new(values, &self.weights).map_err(invalid);
        Ok((distribution(&self.before)?, distribution(&self.after)?))
    }

    /// The change of a measure with its uncertainty.
    fn change(
        &self,
        args: &MeasureArgs,
        measure: &Measure,
        (before, after): (&Distribution, &Distribution),
        conventions: &Conventions,
    ) -> Result<Option<Estimate>> {
        let (lonely, confidence) = (args.lonely(), args.confidence);
        let year = Sample { weights: &self.weights, design: &self.design, lonely, confidence };
        let before = year.linearise(measure, &self.before, before, conventions).map_err(invalid)?;
        let after = year.linearise(measure, &self.after, after, conventions).map_err(invalid)?;
        let Some((before, after)) = before.zip(after) else { return Ok(None) };
        let weights = [self.weights.as_slice(), &self.weights].concat();
        let estimate = change(&Sample { weights: &weights, ..year }, &before, &after).map_err(invalid)?;
        // Each row is in both years.
        Ok(Some(Estimate { rows: estimate.rows / 2, ..estimate }))
    }
}

/// Adds changes since the income before, among rows with both.
pub(crate) fn add_change(
    args: &MeasureArgs,
    people: &People,
    weights: &[f64],
    line: f64,
    conventions: &Conventions,
    group: &str,
    results: &mut Estimates,
) -> Result<()> {
    if args.before.is_none() {
        return Ok(());
    }
    let panel = Panel::select(people, weights);
    let (before, after) = panel.distributions()?;
    for (title, measure) in [
        (("Change of the mean", "均值变化"), Measure::Mean),
        (("Change of the headcount ratio", "贫困发生率变化"), Measure::HeadcountRatio { line }),
        (("Change of the poverty gap index", "贫困缺口指数变化"), Measure::PovertyGap { line }),
        (("Change of the Gini coefficient", "基尼系数变化"), Measure::Gini),
    ] {
        if let Some(estimate) = panel.change(args, &measure, (&before, &after), conventions)? {
            results.add(group, title, people.with_known_uncertainty(estimate));
        }
    }
    add_transitions(&panel, line, conventions, group, results)?;
    let curve = growth_incidence(&before, &after, 1.0, 10, conventions);
    for point in curve.map_err(invalid)?.unwrap_or_default() {
        let decile = &format!("{:.0}", point.people * 10.0 + 0.5);
        let title = ("Growth at the middle of decile", "十分位组中点收入增长");
        results.add_named(group, title, decile, Some(point.value));
    }
    Ok(())
}

fn add_transitions(
    panel: &Panel,
    line: f64,
    conventions: &Conventions,
    group: &str,
    results: &mut Estimates,
) -> Result<()> {
    let poor = |value: &f64| usize::from(conventions.poor.counts(*value, line));
    let before: Vec<_> = panel.before.iter().map(poor).collect();
    let after: Vec<_> = panel.after.iter().map(poor).collect();
    let moves = transitions(2, &before, &after, &panel.weights).map_err(invalid)?;
    results.add_value(group, ("Entry into poverty", "返贫与新致贫率"), moves.entry());
    results.add_value(group, ("Exit from poverty", "脱贫率"), moves.exit());
    results.add_value(group, ("Persistence of poverty", "持续贫困率"), moves.persistence());
    Ok(())
}
