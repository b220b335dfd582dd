//! A drawing in SVG: what it is made of carries its own colours, so that a page and a PDF show the same.

use std::fmt::Write;

/// Width of every drawing.
pub const WIDTH: f64 = 680.0;

/// Colours that people who see few colours can tell apart, and that print well (Okabe and Ito).
pub const COLOURS: [&str; 7] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f"];

/// Height of a line of text.
pub const LINE: f64 = 18.0;

/// A drawing under way.
#[derive(Debug)]
pub struct Drawing {
    height: f64,
    body: String,
}

/// Where a text stands by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub fn new(height: f64) -> Self {
        Self { height, body: String::new() }
    }

    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = write!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}" fill="{colour}"/>"#,
            width.max(0.0)
        );
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let _ = write!(
            self.body,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="{width}"/>"#,
            from.0, from.1, to.0, to.1
        );
    }

    pub fn circle(&mut self, at: (f64, f64), radius: f64, colour: &str) {
        let _ =
            write!(self.body, r#"<circle cx="{:.1}" cy="{:.1}" r="{radius}" fill="{colour}"/>"#, at.0, at.1);
    }

    /// A shape by its path; its colour lets what is behind it through.
    pub fn band(&mut self, path: &str, colour: &str) {
        let _ = write!(self.body, r#"<path d="{path}" fill="{colour}" fill-opacity="0.45"/>"#);
    }

    /// A line by its points.
    pub fn polyline(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2.5"/>"#,
            points.join(" ")
        );
    }

    /// A text, in the colour of the page's.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        self.coloured_text(at, anchor, text, "currentColor", 12);
    }

    pub fn coloured_text(&mut self, at: (f64, f64), anchor: Anchor, text: &str, colour: &str, size: u32) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.body,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{}</text>"#,
            at.0,
            at.1,
            escape(text)
        );
    }

    /// The drawing, with what it shows in words for those who do not see it.
    pub fn finish(self, words: &str) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {:.0}" role="img" aria-label="{words}"><title>{words}</title>{}</svg>"#,
            self.height,
            self.body,
            words = escape(words)
        )
    }
}

/// A part of a whole; nothing of a whole that is nothing, or beyond all numbers.
pub fn share(part: f64, whole: f64) -> f64 {
    let share = part / whole;
    if share.is_finite() { share } else { 0.0 }
}

/// Width of a text, roughly: a Chinese character is as wide as it is high.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 6.6 } else { 12.0 }).sum()
}

/// A text that fits a width: its beginning where it is longer.
pub fn fitted(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut fitted = String::new();
    for c in text.chars() {
        if text_width(&fitted) + text_width("…") + 12.0 > width {
            break;
        }
        fitted.push(c);
    }
    fitted + "…"
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
