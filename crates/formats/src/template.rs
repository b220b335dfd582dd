//! Empty files with the headings of a dataset.

use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::language::Language;

/// A CSV template: the headings in one language, money with its unit, as UTF-8 with a byte order mark so
/// that spreadsheets show Chinese.
pub fn template(dataset: &Dataset, language: Language) -> String {
    let heading = |f: &Field| {
        let title = f.title.text(language);
        match f.kind {
            Kind::Money => format!("{title}{}", language.choose(" (yuan)", "（元）")),
            _ => title.to_owned(),
        }
    };
    let headings: Vec<_> = dataset.fields.iter().map(heading).collect();
    format!("\u{feff}{}\r\n", headings.join(","))
}
