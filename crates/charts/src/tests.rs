//! Drawings of numbers that no chart expects.

use uplift_core::language::Language;

use super::*;

fn part(label: &str, value: f64, previous: Option<f64>, target: Option<f64>) -> Part {
    Part {
        label: label.to_owned(),
        code: label.to_owned(),
        text: format!("{value} yuan"),
        scaled: value.to_string(),
        value,
        previous,
        target,
        known: true,
    }
}

#[test]
fn drawings_of_any_numbers_have_finite_places_and_escaped_texts() {
    let unknown = Part { known: false, ..part("e", 0.0, None, None) };
    for parts in [
        Vec::new(),
        vec![part("<b>", 0.0, Some(0.0), Some(0.0))],
        vec![part("a", -5.0, Some(3.0), Some(-1.0)), part("b", 1e300, Some(1e-300), Some(1e-300))],
        vec![part("a", 1.0, Some(1.0), None), part("b", 1.0, None, Some(1.0)), unknown],
        (0..60).map(|n| part(&"very long name ".repeat(n), n as f64, Some(60.0), Some(30.0))).collect(),
    ] {
        let values: Vec<_> = parts.iter().map(|part| part.value).collect();
        let flow = |part: &Part| Flow { from: part.label.clone(), to: "use".to_owned(), value: part.value };
        let flows: Vec<_> = parts.iter().map(flow).collect();
        let language = Language::En;
        for drawing in [
            ranked(&parts, "words"),
            stacked(&parts, "words"),
            bullet(&parts, "words", language),
            slope(&parts, "words", ["2010", "2011"]),
            lorenz(&values, "words", language),
            tiles(&parts, ". a\n<b> .", "yuan", "words"),
            sankey(&flows, "yuan", "words & signs", |value| value.to_string()),
        ] {
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
            assert!(!drawing.contains("<b>"), "{drawing}");
            assert!(drawing.starts_with("<svg") && drawing.ends_with("</svg>"), "{drawing}");
        }
    }
}
