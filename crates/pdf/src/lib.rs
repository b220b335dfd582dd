//! Pages for print: a typst template and its data, set as a tagged PDF for archives and for screen readers.
//!
//! Owns fonts, typesetting and the standards that a PDF keeps (PDF/UA-1 and PDF/A-2a). Never knows what a report is:
//! the template and the data are its caller's.

mod fonts;
mod page_set;
mod printable;
mod world;

pub use fonts::Fonts;
pub use page_set::{PageSet, typeset};
