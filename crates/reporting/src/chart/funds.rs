//! The way of money from its sources to its use: a column for each stage, and bands as thick as what flows. What comes in on
//! the left of a node leaves on its right or is left there, so that the picture closes as the statement does.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{FundNode, FundStage, FundStatement};

use crate::scale::Scale;
use uplift_charts::{Anchor, Drawing, LINE, WIDTH, fitted, share};

/// Room between nodes for the label of the lower one.
const GAP: f64 = 24.0;
/// Height of all money together.
const HEIGHT: f64 = 420.0;
const NODE: f64 = 12.0;
const TOP: f64 = 84.0;
/// How far what is left, or unexplained, stands out of its node.
const STUB: f64 = 7.0;
/// Colours of bands, none of which is that of an end.
const BANDS: [&str; 5] = ["#0072b2", "#e69f00", "#56b4e9", "#cc79a7", "#7f7f7f"];
const LEFT: &str = "#009e73";
const UNEXPLAINED: &str = "#d55e00";

/// A node with its place in the picture.
struct Placed<'a> {
    node: &'a FundNode,
    x: f64,
    y: f64,
    height: f64,
    /// Where the next band arrives and leaves.
    arrives: f64,
    leaves: f64,
}

/// The drawing as SVG.
pub fn fund_picture(statement: &FundStatement, language: Language) -> String {
    let flows = netted(statement);
    let sizes = sizes(statement, &flows);
    let columns = columns(statement, &sizes);
    let total = |column: &Vec<&FundNode>| column.iter().map(|node| sizes[node.node_id.as_str()]).sum::<f64>();
    let most = columns.iter().map(total).fold(0.0, f64::max);
    let height_of = |value: f64| share(value, most) * HEIGHT;
    let deepest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let mut drawing = Drawing::new(TOP + HEIGHT + (GAP + 2.0) * deepest as f64);
    let numbers: Vec<Decimal> = statement.nodes.iter().map(|node| amount(&node.inflow)).collect();
    let (scale, unit) = Scale::of_numbers("CNY", &numbers, language);
    head(&mut drawing, &unit, statement.simulated, language);
    // Each column has its labels on its right.
    let pitch = WIDTH / columns.len().max(1) as f64;
    // In one order, so that the same statement makes the same picture.
    let mut placed: BTreeMap<&str, Placed<'_>> = BTreeMap::new();
    for (n, column) in columns.iter().enumerate() {
        let (x, mut y) = (n as f64 * pitch, TOP);
        if let Some(stage) = column.first().and_then(|node| FundStage::try_from(node.stage).ok()) {
            drawing.coloured_text((x, TOP - 24.0), Anchor::Start, heading(stage, language), "#666666", 11);
        }
        for node in column {
            let height = height_of(sizes[node.node_id.as_str()]);
            placed.insert(&node.node_id, Placed { node, x, y, height, arrives: y, leaves: y });
            y += height.max(1.0) + GAP;
        }
    }
    let nodes: Vec<&str> = placed.keys().copied().collect();
    for (from, to, value) in &flows {
        let thickness = height_of(*value);
        let (Some(begin), Some(end)) =
            (leave(&mut placed, from, thickness), arrive(&mut placed, to, thickness))
        else {
            continue;
        };
        let of_node = nodes.iter().position(|node| node == from).unwrap_or_default();
        drawing.band(&path(begin, end, thickness), BANDS[of_node % BANDS.len()]);
    }
    for node in placed.values() {
        rest(&mut drawing, node, height_of, language);
        let name = language.choose(&node.node.name_en, &node.node.name_zh);
        // The amount first, so that a long name does not hide it.
        let label = format!("{} {name}", scale.print(amount(&node.node.inflow)));
        drawing.text((node.x, node.y - 5.0), Anchor::Start, &fitted(&label, pitch - 6.0));
    }
    drawing.finish(language.choose(
        "Money from its sources to its use: what each node received, passed on and has left",
        "资金从来源到使用：各环节的收入、支出与结余",
    ))
}

/// Flows forward, less what came back: from, to, value. Those of a greater node come first.
fn netted(statement: &FundStatement) -> Vec<(&str, &str, f64)> {
    let mut net: HashMap<(&str, &str), Decimal> = HashMap::new();
    let stage_of: HashMap<&str, i32> =
        statement.nodes.iter().map(|n| (n.node_id.as_str(), n.stage)).collect();
    for flow in &statement.flows {
        let (from, to) = (flow.from_node_id.as_str(), flow.to_node_id.as_str());
        if stage_of.get(from) > stage_of.get(to) {
            *net.entry((to, from)).or_default() -= amount(&flow.amount);
        } else {
            *net.entry((from, to)).or_default() += amount(&flow.amount);
        }
    }
    let positive = net.into_iter().filter(|(_, value)| *value > Decimal::ZERO);
    let mut flows: Vec<_> =
        positive.map(|((from, to), value)| (from, to, value.to_f64().unwrap_or_default())).collect();
    flows.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
    flows
}

/// How much goes through each node: what arrives, with what is unexplained, or what leaves, with what is left.
fn sizes<'a>(statement: &'a FundStatement, flows: &[(&str, &str, f64)]) -> HashMap<&'a str, f64> {
    let size = |node: &FundNode| {
        let sum = |is: &dyn Fn(&(&str, &str, f64)) -> bool| -> f64 {
            flows.iter().filter(|flow| is(flow)).map(|(_, _, value)| value).sum()
        };
        let number = |text: &str| amount(text).to_f64().unwrap_or_default();
        let unexplained = number(&node.unexplained);
        let arrives = sum(&|flow| flow.1 == node.node_id) - unexplained.min(0.0);
        let leaves = sum(&|flow| flow.0 == node.node_id) + number(&node.balance) + unexplained.max(0.0);
        arrives.max(leaves)
    };
    statement.nodes.iter().map(|node| (node.node_id.as_str(), size(node))).collect()
}

/// The nodes of each stage that there is, the greatest first.
fn columns<'a>(statement: &'a FundStatement, sizes: &HashMap<&str, f64>) -> Vec<Vec<&'a FundNode>> {
    let mut stages: Vec<i32> = statement.nodes.iter().map(|node| node.stage).collect();
    stages.dedup();
    let column = |stage: i32| {
        let mut nodes: Vec<_> = statement.nodes.iter().filter(|node| node.stage == stage).collect();
        let size = |node: &FundNode| sizes[node.node_id.as_str()];
        nodes.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.node_id.cmp(&b.node_id)));
        nodes
    };
    stages.into_iter().map(column).collect()
}

fn leave(placed: &mut BTreeMap<&str, Placed<'_>>, node: &str, thickness: f64) -> Option<(f64, f64)> {
    let node = placed.get_mut(node)?;
    let at = (node.x + NODE, node.leaves);
    node.leaves += thickness;
    Some(at)
}

fn arrive(placed: &mut BTreeMap<&str, Placed<'_>>, node: &str, thickness: f64) -> Option<(f64, f64)> {
    let node = placed.get_mut(node)?;
    let at = (node.x, node.arrives);
    node.arrives += thickness;
    Some(at)
}

/// A band between two points; within a column it goes round.
fn path((x1, y1): (f64, f64), (x2, y2): (f64, f64), thickness: f64) -> String {
    let (a, b) = if x2 > x1 { ((x1 + x2) / 2.0, (x1 + x2) / 2.0) } else { (x1 + 45.0, x2 - 45.0) };
    let (y3, y4) = (y1 + thickness, y2 + thickness);
    format!(
        "M{x1:.1},{y1:.1} C{a:.1},{y1:.1} {b:.1},{y2:.1} {x2:.1},{y2:.1} L{x2:.1},{y4:.1} C{b:.1},{y4:.1} {a:.1},{y3:.1} {x1:.1},{y3:.1} Z"
    )
}

/// A node, with what is left on its right, and what is unexplained on the left where more went out than came in, on the right
/// where less was counted than should be left; each below the bands.
fn rest(drawing: &mut Drawing, node: &Placed<'_>, height_of: impl Fn(f64) -> f64, language: Language) {
    drawing.rect(node.x, node.y, NODE, node.height.max(1.0), "#555555");
    let value = |text: &str| height_of(amount(text).abs().to_f64().unwrap_or_default());
    let (left, unexplained) = (value(&node.node.balance), value(&node.node.unexplained));
    if left > 0.0 {
        drawing.rect(node.x + NODE, node.leaves, STUB, left.max(1.0), LEFT);
    }
    if unexplained > 0.0 {
        let missing = amount(&node.node.unexplained) > Decimal::ZERO;
        let (x, y) = match missing {
            true => (node.x + NODE, node.leaves + left),
            false => (node.x - STUB, node.arrives),
        };
        drawing.rect(x, y, STUB, unexplained.max(1.0), UNEXPLAINED);
        let words = language.choose("unexplained", "不明");
        let below = (node.x, y + unexplained.max(1.0) + 12.0);
        drawing.coloured_text(below, Anchor::Start, words, UNEXPLAINED, 11);
    }
}

/// The unit, and what the colours of the ends mean.
fn head(drawing: &mut Drawing, unit: &str, simulated: bool, language: Language) {
    let simulated = if simulated { language.choose(" (simulated)", "（模拟数据）") } else { "" };
    drawing.text((0.0, 14.0), Anchor::Start, &format!("{unit}{simulated}"));
    for (n, (colour, words)) in [
        (LEFT, language.choose("left: not yet allocated, disbursed or spent", "结余：尚未下达、拨付或支出")),
        (
            UNEXPLAINED,
            language.choose(
                "unexplained: paid out without a receipt, or not counted as left",
                "不明：支出无收入记录，或账面结余不符",
            ),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let x = n as f64 * WIDTH / 2.0;
        drawing.rect(x, LINE + 5.0, 10.0, 10.0, colour);
        drawing.text((x + 15.0, LINE + 14.0), Anchor::Start, words);
    }
}

/// What the money of a stage is.
fn heading(stage: FundStage, language: Language) -> &'static str {
    match stage {
        FundStage::Source => language.choose("budgeted by", "预算来源"),
        FundStage::Programme => language.choose("budgeted for", "预算类别"),
        FundStage::Area => language.choose("allocated to", "下达地区"),
        FundStage::Spending => language.choose("disbursed in", "拨付地区"),
        FundStage::Spent => language.choose("spent on", "支出类别"),
        FundStage::Unspecified => "",
    }
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use uplift_proto::v1::metrics::FundNodeFlow;

    use super::*;

    fn node(id: &str, stage: i32, [inflow, outflow, balance, unexplained]: [&str; 4]) -> FundNode {
        FundNode {
            node_id: id.into(),
            stage,
            name_en: format!("<{id}>"),
            inflow: inflow.into(),
            outflow: outflow.into(),
            balance: balance.into(),
            unexplained: unexplained.into(),
            ..FundNode::default()
        }
    }

    fn statement() -> FundStatement {
        let flow = |from: &str, to: &str, amount: &str| FundNodeFlow {
            from_node_id: from.into(),
            to_node_id: to.into(),
            amount: amount.into(),
        };
        FundStatement {
            simulated: true,
            nodes: vec![
                node("source/a", 1, ["100", "100", "0", "0"]),
                node("programme/p", 2, ["100", "90", "10", "0"]),
                node("area/1", 3, ["94", "100", "0", "-6"]),
                node("spending/1", 4, ["100", "64", "30", "6"]),
                node("spent/p", 5, ["60", "60", "0", "0"]),
            ],
            flows: vec![
                flow("source/a", "programme/p", "100"),
                flow("programme/p", "area/1", "90"),
                flow("area/1", "spending/1", "100"),
                flow("spending/1", "area/1", "4"),
                flow("spending/1", "spent/p", "60"),
            ],
        }
    }

    #[test]
    fn what_arrives_at_a_node_is_what_leaves_it_or_is_left() {
        let statement = statement();
        let flows = netted(&statement);
        assert!(flows.contains(&("area/1", "spending/1", 96.0)));
        for node in &statement.nodes {
            let number = |text: &str| text.parse::<f64>().unwrap();
            let arrives: f64 = flows.iter().filter(|flow| flow.1 == node.node_id).map(|flow| flow.2).sum();
            let leaves: f64 = flows.iter().filter(|flow| flow.0 == node.node_id).map(|flow| flow.2).sum();
            let unexplained = number(&node.unexplained);
            let out = leaves + number(&node.balance) + unexplained.max(0.0);
            let into = arrives - unexplained.min(0.0);
            match node.stage {
                1 => assert_eq!(sizes(&statement, &flows)["source/a"], out),
                5 => assert_eq!(sizes(&statement, &flows)["spent/p"], into),
                _ => assert!((into - out).abs() < 1e-9, "{node:?}: {into} {out}"),
            }
        }
    }

    #[test]
    fn a_picture_of_anything_has_finite_places_and_escaped_names() {
        for statement in [FundStatement::default(), statement()] {
            let picture = fund_picture(&statement, Language::En);
            assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"), "{picture}");
            assert!(
                !picture.contains("NaN") && !picture.contains("inf") && !picture.contains("<source"),
                "{picture}"
            );
        }
    }
}
