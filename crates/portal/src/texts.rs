//! What templates call: a text in the language of the page, an address in it.

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior};
use uplift_core::error::{Error, Result};

/// Every template, by name.
const TEMPLATES: [(&str, &str); 18] = [
    ("base.html", include_str!("../templates/base.html")),
    ("macros.html", include_str!("../templates/macros.html")),
    ("overview.html", include_str!("../templates/overview.html")),
    ("explorer.html", include_str!("../templates/explorer.html")),
    ("breakdown.html", include_str!("../templates/breakdown.html")),
    ("indicator.html", include_str!("../templates/indicator.html")),
    ("figure.html", include_str!("../templates/figure.html")),
    ("contradictions.html", include_str!("../templates/contradictions.html")),
    ("editions.html", include_str!("../templates/editions.html")),
    ("edition.html", include_str!("../templates/edition.html")),
    ("submissions.html", include_str!("../templates/submissions.html")),
    ("submission.html", include_str!("../templates/submission.html")),
    ("datasets.html", include_str!("../templates/datasets.html")),
    ("dataset.html", include_str!("../templates/dataset.html")),
    ("area.html", include_str!("../templates/area.html")),
    ("upload.html", include_str!("../templates/upload.html")),
    ("upload_status.html", include_str!("../templates/upload_status.html")),
    ("failure.html", include_str!("../templates/failure.html")),
];

/// The templates with what they call.
pub(crate) fn environment() -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_function("t", text);
    environment.add_function("to", address);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(|e| Error::internal("reading a template", e))?;
    }
    Ok(environment)
}

/// A text in the language of the page.
fn text(state: &State<'_, '_>, en: Value, zh: Value) -> Value {
    if is_english(state) { en } else { zh }
}

/// An address in the language of the page.
fn address(state: &State<'_, '_>, path: &str) -> String {
    format!("/{}{path}", if is_english(state) { "en" } else { "zh" })
}

fn is_english(state: &State<'_, '_>) -> bool {
    state.lookup("language").is_none_or(|language| language.as_str() != Some("zh"))
}
