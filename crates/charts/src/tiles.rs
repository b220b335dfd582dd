//! A square for each area, where it lies on the map and darker where there is more.

use super::drawing::{Anchor, Drawing, WIDTH, fitted, share};
use super::part::Part;

const TILE: f64 = 66.0;
/// Room for the unit above the tiles.
const TOP: f64 = 22.0;
/// Shades from light to dark, and the colour of the text on each.
const SHADES: [(&str, &str); 5] = [
    ("#e3eef2", "#1a1a1a"),
    ("#b5d3dc", "#1a1a1a"),
    ("#7fb3c2", "#1a1a1a"),
    ("#3f8598", "#ffffff"),
    ("#0b5563", "#ffffff"),
];
const NONE: &str = "#ebe8e0";

/// The drawing. A grid has a row of area codes on each line, and points for nothing; areas that are not in it follow.
pub fn tiles(shown: &[Part], grid: &str, unit: &str, words: &str) -> String {
    let mut rows: Vec<Vec<&str>> = grid.lines().map(|line| line.split_whitespace().collect()).collect();
    rows.retain(|row: &Vec<&str>| !row.is_empty());
    let columns = (WIDTH / TILE) as usize;
    let placed = |code: &str| rows.iter().any(|row| row.contains(&code));
    let rest: Vec<&str> = shown.iter().map(|part| part.code.as_str()).filter(|code| !placed(code)).collect();
    let more: Vec<Vec<&str>> = rest.chunks(columns).map(<[_]>::to_vec).collect();
    rows.extend(more);
    let values = || shown.iter().filter(|part| part.known).map(|part| part.value);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let mut drawing = Drawing::new(TOP + TILE * rows.len() as f64 + 4.0);
    drawing.text((0.0, 14.0), Anchor::Start, unit);
    for (y, row) in rows.iter().enumerate() {
        for (x, code) in row.iter().enumerate() {
            let Some(part) = shown.iter().find(|part| part.code == *code) else { continue };
            let shade = (share(part.value - low, high - low) * 4.999) as usize;
            let (fill, ink) = if part.known { SHADES[shade.min(4)] } else { (NONE, "#6a665e") };
            let (left, top) = (TILE * x as f64, TOP + TILE * y as f64);
            drawing.rect(left, top, TILE - 3.0, TILE - 3.0, fill);
            let middle = left + (TILE - 3.0) / 2.0;
            let name = fitted(&short(&part.label), TILE - 6.0);
            drawing.coloured_text((middle, top + 27.0), Anchor::Middle, &name, ink, 11);
            let value = if part.known { part.scaled.as_str() } else { "–" };
            drawing.coloured_text((middle, top + 44.0), Anchor::Middle, value, ink, 11);
        }
    }
    drawing.finish(words)
}

/// The name of an area without the word for its kind.
fn short(name: &str) -> String {
    let words = [" District", " County", " Autonomous", " Tujia", " Miao", " and"];
    let mut short = name.to_owned();
    for word in words {
        short = short.replace(word, "");
    }
    // 石柱土家族自治县 is 石柱; 开县 has but two characters and keeps both.
    for word in ["土家族苗族自治县", "苗族土家族自治县", "土家族自治县", "自治县"] {
        short = short.replace(word, "");
    }
    match short.strip_suffix(['区', '县']) {
        Some(bare) if bare.chars().count() > 1 => bare.to_owned(),
        _ => short,
    }
}
