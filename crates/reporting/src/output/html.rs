//! A document as an HTML page: one file, no script, readable in both languages, the evidence of every figure in it.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;

use super::view::View;
use crate::document::Document;

pub(super) fn render(document: &Document, languages: &[Language]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let failed = |e| Error::internal("rendering the report", e);
    environment.add_template("report.html", include_str!("../../templates/report.html")).map_err(failed)?;
    let template = environment.get_template("report.html").map_err(failed)?;
    let style = Value::from_safe_string(include_str!("../../templates/style.css").to_owned());
    let view = View::new(document, languages);
    template.render(context! { style, ..Value::from(Serde(&view)) }).map_err(failed)
}
