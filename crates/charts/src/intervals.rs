//! Intervals on one axis as SVG, drawn on the server so that every format shows the same picture.

use rust_decimal::Decimal;
use uplift_core::format::readable;
use uplift_core::interval::{Bound, Interval};
use uplift_core::language::Language;

use super::drawing::{Anchor, COLOURS, Drawing, WIDTH};

const LEFT: f64 = 118.0;
const RIGHT: f64 = 24.0;
const ROW: f64 = 30.0;

/// One interval to draw, with its label.
#[derive(Debug, Clone)]
struct Band<'a> {
    /// What it is.
    label: &'a str,
    /// Where it lies.
    interval: Interval,
}

/// Draws intervals below each other on one axis; `words` say the same.
fn intervals(bands: &[Band<'_>], words: &str, language: Language) -> String {
    let axis = Axis::over(bands);
    let mut drawing = Drawing::new(ROW * bands.len() as f64 + 34.0);
    for (row, band) in bands.iter().enumerate() {
        let y = ROW * row as f64 + ROW / 2.0;
        let (from, to) = axis.span(&band.interval);
        let colour = [COLOURS[0], COLOURS[5]][row % 2];
        // A band thinner than a stroke would vanish; exact figures are drawn as a dot.
        let width = (to - from).max(0.0);
        drawing.text((0.0, y + 4.0), Anchor::Start, band.label);
        if width < 3.0 {
            drawing.circle((from, y), 5.0, colour);
        } else {
            drawing.rect(from, y - 7.0, width, 14.0, colour);
        }
        for (open, x, sign) in
            [(band.interval.low.is_none(), from, "◂"), (band.interval.high.is_none(), to, "▸")]
        {
            if open {
                drawing.text((x, y + 4.0), Anchor::Middle, sign);
            }
        }
    }
    let y = ROW * bands.len() as f64 + 6.0;
    drawing.line((LEFT, y), (WIDTH - RIGHT, y), "#7f7f7f", 1.0);
    for tick in axis.ticks() {
        let x = axis.x(tick);
        let label = Decimal::try_from(tick).map(|t| readable(t, language)).unwrap_or_default();
        drawing.line((x, y), (x, y + 4.0), "#7f7f7f", 1.0);
        drawing.text((x, y + 18.0), Anchor::Middle, &label);
    }
    drawing.finish(words)
}

/// What is printed and what follows from other figures, on one axis; nothing where one of them is not known.
pub fn printed_and_computed(
    printed: Option<Interval>,
    computed: Option<Interval>,
    words: &str,
    language: Language,
) -> String {
    let Some((printed, computed)) = printed.zip(computed) else { return String::new() };
    let bands = [
        Band { label: language.choose("printed", "公布"), interval: printed },
        Band { label: language.choose("computed", "推算"), interval: computed },
    ];
    intervals(&bands, words, language)
}

/// The part of the number line that is drawn.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn over(bands: &[Band<'_>]) -> Self {
        let ends = bands.iter().flat_map(|b| [b.interval.low, b.interval.high]).flatten().map(position);
        let (low, high) = ends.fold((f64::MAX, f64::MIN), |(low, high), end| (low.min(end), high.max(end)));
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let size = (high - low).max(high.abs() * 0.01).max(f64::MIN_POSITIVE);
        // Margins on both sides also show that an unbounded end continues. The axis is below zero only
        // if a figure is.
        let from = low - size * 0.12;
        Self { low: if low >= 0.0 { from.max(0.0) } else { from }, high: high + size * 0.12 }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)
    }

    fn span(&self, interval: &Interval) -> (f64, f64) {
        let low = interval.low.map_or(LEFT, |b| self.x(position(b)));
        let high = interval.high.map_or(WIDTH - RIGHT, |b| self.x(position(b)));
        (low, high)
    }

    /// Round numbers, about five of them.
    fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|n| n as f64 * step).collect()
    }
}

fn position(bound: Bound) -> f64 {
    f64::try_from(bound.value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(intervals_given: &[Interval]) -> String {
        let bands: Vec<_> = intervals_given.iter().map(|i| Band { label: "a < b", interval: *i }).collect();
        intervals(&bands, "words & signs", Language::En)
    }

    #[test]
    fn bands_are_apart_where_intervals_are() {
        let low = Interval::between(Bound::closed(1.into()), Bound::open(2.into()));
        let high = Interval::between(Bound::closed(5.into()), Bound::open(6.into()));
        let axis = Axis::over(&[Band { label: "", interval: low }, Band { label: "", interval: high }]);
        assert!(axis.span(&low).1 < axis.span(&high).0);
        assert!(axis.ticks().len() >= 3);
    }

    #[test]
    fn unbounded_equal_and_missing_ends_are_drawn_and_text_is_escaped() {
        for svg in [
            draw(&[Interval::from(Bound::open(3.into())), Interval::exact(1.into())]),
            draw(&[Interval::exact(450.into()), Interval::exact(450.into())]),
            draw(&[Interval::default()]),
            draw(&[Interval::exact(0.into())]),
        ] {
            assert!(svg.contains("a &lt; b") && svg.contains("words &amp; signs"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
