//! Charts as SVG, drawn on the server, so that every page and every format shows the same picture.
//!
//! Owns where bars, lines, bands and labels stand, and what a drawing says to those who do not see it. Never knows what a
//! number means: it gets parts with their labels and their texts, and asks nobody.

mod bars;
mod drawing;
mod flows;
mod intervals;
mod lines;
mod part;
mod tiles;

pub use bars::{bullet, ranked, stacked};
pub use drawing::{Anchor, COLOURS, Drawing, LINE, WIDTH, fitted, share};
pub use flows::{Flow, sankey};
pub use intervals::printed_and_computed;
pub use lines::{lorenz, slope};
pub use part::Part;
pub use tiles::tiles;

#[cfg(test)]
mod tests;
