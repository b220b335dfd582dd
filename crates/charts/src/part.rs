//! A part of a chart in one language, as its drawing needs it.

/// A part of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub label: String,
    /// Of its area, where the chart is a map.
    pub code: String,
    /// Its value with the unit.
    pub text: String,
    /// Its number in the unit of all parts.
    pub scaled: String,
    /// Its value.
    pub value: f64,
    /// The value of the year before.
    pub previous: Option<f64>,
    /// The target of its year.
    pub target: Option<f64>,
    /// Whether it has a value.
    pub known: bool,
}
