//! The estimates of `uplift measure`, in the order in which they are printed.

use uplift_core::error::{Error, Result};
use uplift_measures::conventions::Conventions;
use uplift_measures::curve::growth_incidence;
use uplift_measures::deprivation::{Structure, fraction};
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::{Estimate, Sample, change};
use uplift_measures::measure::Measure as Kind;
use uplift_measures::panel::transitions;

use super::arguments::MeasureArgs;
use super::people::People;
use super::results::{Estimates, Title, invalid};

/// Measures of one distribution.
pub(crate) fn income_measures(line: f64) -> Vec<(Title, Kind)> {
    let mut all = vec![
        (("Mean", "均值"), Kind::Mean),
        (("Median", "中位数"), Kind::Quantile { p: 0.5 }),
        (("Headcount ratio", "贫困发生率"), Kind::HeadcountRatio { line }),
        (("Number of poor", "贫困人口"), Kind::NumberOfPoor { line }),
        (("Poverty gap index", "贫困缺口指数"), Kind::PovertyGap { line }),
        (("Squared poverty gap index", "贫困强度指数"), Kind::SquaredPovertyGap { line }),
        (("Average shortfall of the poor", "贫困人口平均缺口"), Kind::AverageShortfall { line }),
        (("Watts index", "瓦茨指数"), Kind::Watts { line }),
        (("Sen index", "森指数"), Kind::Sen { line }),
        (("Sen–Shorrocks–Thon index", "SST指数"), Kind::SenShorrocksThon { line }),
        (("Gini coefficient", "基尼系数"), Kind::Gini),
        (("Mean log deviation, GE(0)", "平均对数离差 GE(0)"), Kind::MeanLogDeviation),
        (("Theil index, GE(1)", "泰尔指数 GE(1)"), Kind::Theil),
        (("Generalized entropy, GE(2)", "广义熵指数 GE(2)"), Kind::GeneralizedEntropy { alpha: 2.0 }),
        (("Atkinson index, ε = 0.5", "阿特金森指数 ε＝0.5"), Kind::Atkinson { epsilon: 0.5 }),
        (("Atkinson index, ε = 1", "阿特金森指数 ε＝1"), Kind::Atkinson { epsilon: 1.0 }),
        (("Atkinson index, ε = 2", "阿特金森指数 ε＝2"), Kind::Atkinson { epsilon: 2.0 }),
        (("Wolfson polarization", "沃尔夫森极化指数"), Kind::Wolfson),
        (("P90/P10", "P90/P10"), Kind::PercentileRatio { upper: 0.9, lower: 0.1 }),
        (("S80/S20", "S80/S20"), Kind::QuintileRatio),
        (("Palma ratio", "帕尔马比值"), Kind::Palma),
    ];
    let share = |n: usize| Kind::Share { from: n as f64 / 10.0, to: (n + 1) as f64 / 10.0 };
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
                wrong("--deprived", format!("{text} has no weight; give all one, as {text}=1/3, or none"))
            })?;
            weighted.push((name, fraction(weight).map_err(|e| wrong("--deprived", e.message))?));
        }
        Structure::new(&weighted, cutoff)
    };
    structure.map_err(|e| wrong("--deprived", e.message))
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
    let seen: Vec<usize> = (0..weights.len()).filter(|row| people.before[*row].is_some()).collect();
    let incomes_before: Vec<f64> = seen.iter().filter_map(|row| people.before[*row]).collect();
    let incomes_after: Vec<f64> = seen.iter().map(|row| people.values[*row]).collect();
    let weights: Vec<f64> = seen.iter().map(|row| weights[*row]).collect();
    let distribution = |values: &[f64]| Distribution::new(values, &weights).map_err(invalid);
    let (distribution_before, distribution_after) =
        (distribution(&incomes_before)?, distribution(&incomes_after)?);
    // Both years of a row lie in its cluster: what they have in common cancels.
    let both = people.design.select_rows(seen.iter().chain(&seen).copied());
    let twice = [weights.as_slice(), &weights].concat();
    let confidence = args.confidence;
    let year = Sample { weights: &weights, design: &both, lonely: args.lonely(), confidence };
    for (title, measure) in [
        (("Change of the mean", "均值变化"), Kind::Mean),
        (("Change of the headcount ratio", "贫困发生率变化"), Kind::HeadcountRatio { line }),
        (("Change of the poverty gap index", "贫困缺口指数变化"), Kind::PovertyGap { line }),
        (("Change of the Gini coefficient", "基尼系数变化"), Kind::Gini),
    ] {
        let before =
            year.linearise(&measure, &incomes_before, &distribution_before, conventions).map_err(invalid)?;
        let after =
            year.linearise(&measure, &incomes_after, &distribution_after, conventions).map_err(invalid)?;
        let Some((before, after)) = before.zip(after) else { continue };
        let estimate = change(&Sample { weights: &twice, ..year }, &before, &after).map_err(invalid)?;
        // Households, each seen twice.
        results.add(
            group,
            title,
            people.with_known_uncertainty(Estimate { rows: estimate.rows / 2, ..estimate }),
        );
    }
    let poor = |value: &f64| usize::from(conventions.poor.counts(*value, line));
    let (before, after): (Vec<_>, Vec<_>) =
        (incomes_before.iter().map(poor).collect(), incomes_after.iter().map(poor).collect());
    let moves = transitions(2, &before, &after, &weights).map_err(invalid)?;
    results.add_value(group, ("Entry into poverty", "返贫与新致贫率"), moves.entry());
    results.add_value(group, ("Exit from poverty", "脱贫率"), moves.exit());
    results.add_value(group, ("Persistence of poverty", "持续贫困率"), moves.persistence());
    let curve = growth_incidence(&distribution_before, &distribution_after, 1.0, 10, conventions);
    for point in curve.map_err(invalid)?.unwrap_or_default() {
        let decile = &format!("{:.0}", point.people * 10.0 + 0.5);
        results.add_named(
            group,
            ("Growth at the middle of decile", "十分位组中点收入增长"),
            decile,
            Some(point.value),
        );
    }
    Ok(())
}
