//! Bands from the values of one dimension to those of another: money from its source to its use.

use super::drawing::{Anchor, COLOURS, Drawing, WIDTH, fitted, share};

/// Room between two nodes, and the height of all bands together.
const GAP: f64 = 14.0;
const HEIGHT: f64 = 300.0;
const NODE: f64 = 12.0;
/// Room for the unit above, and for labels on either side.
const TOP: f64 = 20.0;
const SIDE: f64 = 0.36;

/// A band: from, to, how much.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub from: String,
    pub to: String,
    pub value: f64,
}

/// One end of bands.
struct Node {
    label: String,
    total: f64,
    top: f64,
    /// Where the next band begins.
    next: f64,
}

/// The drawing; `text` writes an amount in a unit.
pub fn sankey(flows: &[Flow], unit: &str, words: &str, text: impl Fn(f64) -> String) -> String {
    // A band cannot be less than nothing: what is taken back is not drawn.
    let flows: Vec<_> = flows.iter().filter(|flow| flow.value > 0.0).collect();
    let total = flows.iter().map(|flow| flow.value).sum::<f64>();
    let height_of = |value: f64| share(value, total) * HEIGHT;
    let mut from = nodes(flows.iter().map(|flow| (flow.from.as_str(), flow.value)), height_of);
    let mut to = nodes(flows.iter().map(|flow| (flow.to.as_str(), flow.value)), height_of);
    let height = HEIGHT + GAP * from.len().max(to.len()) as f64 + TOP + 10.0;
    let mut drawing = Drawing::new(height);
    let side = WIDTH * SIDE;
    drawing.text((WIDTH / 2.0, 12.0), Anchor::Middle, unit);
    let (left, right) = (side, WIDTH - side - NODE);
    // Bands are drawn in the order of their nodes, so that few of them cross.
    let mut sorted = flows;
    let position =
        |nodes: &[Node], label: &str| nodes.iter().position(|node| node.label == label).unwrap_or_default();
    sorted.sort_by_key(|flow| (position(&from, &flow.from), position(&to, &flow.to)));
    for flow in sorted {
        let (a, b) = (position(&from, &flow.from), position(&to, &flow.to));
        let thickness = height_of(flow.value);
        let (y1, y2) = (from[a].next, to[b].next);
        from[a].next += thickness;
        to[b].next += thickness;
        let (x1, x2) = (left + NODE, right);
        let middle = (x1 + x2) / 2.0;
        let path = format!(
            "M{x1:.1},{y1:.1} C{middle:.1},{y1:.1} {middle:.1},{y2:.1} {x2:.1},{y2:.1} L{x2:.1},{:.1} C{middle:.1},{:.1} {middle:.1},{:.1} {x1:.1},{:.1} Z",
            y2 + thickness,
            y2 + thickness,
            y1 + thickness,
            y1 + thickness
        );
        drawing.band(&path, COLOURS[a % COLOURS.len()]);
    }
    for (n, node) in from.iter().enumerate() {
        drawing.rect(left, node.top, NODE, height_of(node.total), COLOURS[n % COLOURS.len()]);
        label(&mut drawing, node, height_of(node.total), left - 6.0, Anchor::End, &text);
    }
    for node in &to {
        drawing.rect(right, node.top, NODE, height_of(node.total), "#7f7f7f");
        label(&mut drawing, node, height_of(node.total), right + NODE + 6.0, Anchor::Start, &text);
    }
    drawing.finish(words)
}

fn label(
    drawing: &mut Drawing,
    node: &Node,
    height: f64,
    x: f64,
    anchor: Anchor,
    text: &impl Fn(f64) -> String,
) {
    let y = node.top + height / 2.0 + 4.0;
    let label = format!("{} {}", node.label, text(node.total));
    drawing.text((x, y), anchor, &fitted(&label, WIDTH * SIDE - 6.0));
}

/// The ends on one side, the greatest first, below each other.
fn nodes<'f>(ends: impl Iterator<Item = (&'f str, f64)>, height_of: impl Fn(f64) -> f64) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for (label, value) in ends {
        match nodes.iter_mut().find(|node| node.label == label) {
            Some(node) => node.total += value,
            None => nodes.push(Node { label: label.to_owned(), total: value, top: 0.0, next: 0.0 }),
        }
    }
    nodes.sort_by(|a, b| b.total.total_cmp(&a.total));
    let mut top = TOP;
    for node in &mut nodes {
        (node.top, node.next) = (top, top);
        top += height_of(node.total).max(1.0) + GAP;
    }
    nodes
}
