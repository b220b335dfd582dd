//! Lines: from the year before to this one, and shares of income against shares of people.

use uplift_core::language::Language;

use super::drawing::{Anchor, COLOURS, Drawing, LINE, WIDTH, fitted, share};
use super::part::Part;

/// Lines from the year before, which is 100, to this year.
pub fn slope(shown: &[Part], words: &str, years: [&str; 2]) -> String {
    let index = |part: &Part| {
        part.previous.filter(|previous| *previous != 0.0).map(|previous| share(part.value, previous) * 100.0)
    };
    let lines: Vec<(&Part, f64)> = shown.iter().filter_map(|part| Some((part, index(part)?))).collect();
    let ends = || lines.iter().map(|(_, end)| *end).chain([100.0]);
    let (low, high) = (ends().fold(f64::MAX, f64::min), ends().fold(f64::MIN, f64::max));
    let height = (LINE * lines.len() as f64).max(180.0);
    let top = 30.0;
    let y = |value: f64| top + share(high - value, high - low) * height;
    let (from, to) = (60.0, WIDTH * 0.42);
    let mut drawing = Drawing::new(height + top + 20.0);
    drawing.text((from, 14.0), Anchor::Middle, &format!("{} = 100", years[0]));
    drawing.text((to, 14.0), Anchor::Middle, years[1]);
    drawing.line((from, top), (from, top + height), "#7f7f7f", 1.0);
    drawing.line((to, top), (to, top + height), "#7f7f7f", 1.0);
    // Labels keep a distance, in the order of the lines.
    let mut sorted: Vec<_> = lines.iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut free = top - LINE;
    for (n, (part, end)) in sorted.into_iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        drawing.line((from, y(100.0)), (to, y(*end)), colour, 2.0);
        drawing.circle((to, y(*end)), 3.5, colour);
        let label = y(*end).max(free + LINE);
        free = label;
        drawing.line((to + 6.0, y(*end)), (to + 22.0, label), colour, 0.75);
        let text = format!("{} {}", part.text, part.label);
        drawing.text((to + 26.0, label + 4.0), Anchor::Start, &fitted(&text, WIDTH - to - 26.0));
    }
    drawing.finish(words)
}

/// Shares of income that the poorest tenths have, added up, against shares of people.
pub fn lorenz(shares: &[f64], words: &str, language: Language) -> String {
    let (size, left, top) = (300.0, 60.0, 10.0);
    let at = |people: f64, income: f64| (left + people * size, top + (1.0 - income) * size);
    let mut drawing = Drawing::new(size + top + 46.0);
    let total = shares.iter().sum::<f64>();
    let mut points = vec![at(0.0, 0.0)];
    let mut sum = 0.0;
    for (n, part) in shares.iter().enumerate() {
        sum += part;
        points.push(at((n + 1) as f64 / shares.len() as f64, share(sum, total)));
    }
    drawing.line(at(0.0, 0.0), at(1.0, 0.0), "#7f7f7f", 1.0);
    drawing.line(at(0.0, 0.0), at(0.0, 1.0), "#7f7f7f", 1.0);
    drawing.line(at(0.0, 0.0), at(1.0, 1.0), "#7f7f7f", 1.0);
    drawing.polyline(&points, COLOURS[0]);
    for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let label = format!("{:.0} %", tick * 100.0);
        let (x, y) = at(tick, 0.0);
        drawing.text((x, y + 16.0), Anchor::Middle, &label);
        let (x, y) = at(0.0, tick);
        drawing.text((x - 6.0, y + 4.0), Anchor::End, &label);
    }
    let (x, y) = at(0.5, 0.0);
    drawing.text(
        (x, y + 34.0),
        Anchor::Middle,
        language.choose("people, the poorest first", "人口（由最贫困者起累计）"),
    );
    let half = share(shares.iter().take(shares.len() / 2).sum::<f64>(), total);
    let (x, y) = at(1.0, 0.55);
    drawing.text(
        (x + 16.0, y),
        Anchor::Start,
        language.choose("line of equal shares above,", "上方直线为绝对平均线，"),
    );
    drawing.text(
        (x + 16.0, y + LINE),
        Anchor::Start,
        language.choose("incomes below it", "下方曲线为实际收入分配"),
    );
    let point = at(0.5, half);
    drawing.circle(point, 4.0, COLOURS[5]);
    let text = match language {
        Language::En => format!("the poorer half has {:.1} % of income", half * 100.0),
        Language::Zh => format!("较贫困的一半人口占总收入的{:.1}%", half * 100.0),
    };
    drawing.line(point, (x + 12.0, point.1), "#7f7f7f", 0.75);
    drawing.text((x + 16.0, point.1 + 4.0), Anchor::Start, &text);
    drawing.finish(words)
}
