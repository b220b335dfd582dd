//! Bars below each other: parts of a total, parts by size, values against their targets.

use uplift_core::language::Language;

use super::drawing::{Anchor, COLOURS, Drawing, LINE, WIDTH, fitted, share, text_width};
use super::part::Part;

/// Room between a bar and its label.
const GAP: f64 = 8.0;
const BAR: f64 = 12.0;
/// Targets that a bar is long at most: one that is far beyond its target would hide all others.
const MAX_ACHIEVED: f64 = 3.0;

/// The widest label, within a part of the drawing.
fn label_width(shown: &[Part]) -> f64 {
    shown.iter().map(|part| text_width(&part.label)).fold(40.0, f64::max).min(WIDTH * 0.4)
}

/// Room for what is written behind bars.
fn value_width(shown: &[Part]) -> f64 {
    shown.iter().map(|part| text_width(&part.text)).fold(30.0, f64::max)
}

/// Parts by size, the longest bar first; bars begin at zero.
pub fn ranked(shown: &[Part], words: &str) -> String {
    let (left, right) = (label_width(shown) + GAP, value_width(shown) + GAP);
    let greatest = shown.iter().map(|part| part.value.abs()).fold(0.0, f64::max);
    let mut drawing = Drawing::new(LINE * shown.len() as f64 + 6.0);
    for (row, part) in shown.iter().enumerate() {
        let y = LINE * row as f64 + LINE / 2.0;
        let width = share(part.value.abs(), greatest) * (WIDTH - left - right);
        let colour = if part.value < 0.0 { COLOURS[5] } else { COLOURS[0] };
        drawing.text((left - GAP, y + 4.0), Anchor::End, &fitted(&part.label, left - GAP));
        drawing.rect(left, y - BAR / 2.0, width, BAR, colour);
        drawing.text((left + width + GAP / 2.0, y + 4.0), Anchor::Start, &part.text);
    }
    drawing.finish(words)
}

/// Parts of a total: each begins where the one before ends, so that together they are one bar.
pub fn stacked(shown: &[Part], words: &str) -> String {
    let (left, right) = (label_width(shown) + GAP, value_width(shown) + 60.0);
    let total = shown.iter().map(|part| part.value.max(0.0)).sum::<f64>();
    let room = WIDTH - left - right;
    let mut drawing = Drawing::new(LINE * 1.25 * (shown.len() as f64 + 1.0) + 8.0);
    let mut begin = left;
    for (n, part) in shown.iter().enumerate() {
        let width = share(part.value.max(0.0), total) * room;
        let colour = COLOURS[n % COLOURS.len()];
        drawing.rect(begin, 2.0, width, LINE, colour);
        let y = LINE * 1.25 * (n as f64 + 1.0) + LINE / 2.0;
        drawing.text((left - GAP, y + 4.0), Anchor::End, &fitted(&part.label, left - GAP));
        drawing.rect(begin, y - BAR / 2.0, width.max(1.0), BAR, colour);
        let text = format!("{} · {:.1} %", part.text, share(part.value, total) * 100.0);
        let behind = begin + width + GAP / 2.0;
        drawing.text((behind, y + 4.0), Anchor::Start, &text);
        begin += width;
    }
    drawing.finish(words)
}

/// Values as parts of their targets: a line across all bars is the target.
pub fn bullet(shown: &[Part], words: &str, language: Language) -> String {
    let (left, right) = (label_width(shown) + GAP, value_width(shown) + GAP);
    let achieved = |part: &Part| {
        let target = part.target.filter(|target| *target > 0.0);
        target.map(|target| share(part.value, target).clamp(0.0, MAX_ACHIEVED))
    };
    let greatest = shown.iter().filter_map(achieved).fold(1.0, f64::max);
    let scale = (WIDTH - left - right) / greatest;
    let mut drawing = Drawing::new(LINE * 1.3 * shown.len() as f64 + 26.0);
    let bottom = LINE * 1.3 * shown.len() as f64 + 20.0;
    for (row, part) in shown.iter().enumerate() {
        let y = 20.0 + LINE * 1.3 * row as f64 + LINE / 2.0;
        let Some(share) = achieved(part) else { continue };
        drawing.text((left - GAP, y + 4.0), Anchor::End, &fitted(&part.label, left - GAP));
        let colour = if share >= 1.0 { COLOURS[2] } else { COLOURS[1] };
        drawing.rect(left, y - BAR / 2.0, share * scale, BAR, colour);
        drawing.text((left + share.max(1.0) * scale + GAP / 2.0, y + 4.0), Anchor::Start, &part.text);
    }
    let target = left + scale;
    drawing.line((target, 16.0), (target, bottom), "currentColor", 1.5);
    drawing.text((target, 12.0), Anchor::Middle, language.choose("target", "目标"));
    drawing.finish(words)
}
