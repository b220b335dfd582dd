//! What templates call: a text in the language of the page, an address in it.

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior};
use uplift_core::error::{Error, Result};

/// Every template, by name.
const TEMPLATES: [(&str, &str); 20] = [
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
    ("comparison.html", include_str!("../templates/comparison.html")),
    ("verification.html", include_str!("../templates/verification.html")),
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

/// An address in the language of the page. Ids have what an address gives another meaning, as # and ?.
fn address(state: &State<'_, '_>, path: &str) -> Value {
    let language = if is_english(state) { "en" } else { "zh" };
    Value::from_safe_string(format!("/{language}{}", encoded(path)))
}

/// A path in which nothing but slashes has a meaning, and nothing that HTML would read.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn is_english(state: &State<'_, '_>) -> bool {
    state.lookup("language").is_none_or(|language| language.as_str() != Some("zh"))
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn every_template_is_read_and_an_address_means_what_it_names() {
        let mut environment = environment().unwrap();
        environment.add_template("page", "{{ to(path) }} {{ t('a', '甲') }}").unwrap();
        let page = environment.get_template("page").unwrap();
        let shown = |language, path| page.render(context! { language, path }).unwrap();
        assert_eq!(shown("zh", "/submissions/a#b?c=\"<d>"), "/zh/submissions/a%23b%3Fc%3D%22%3Cd%3E 甲");
        assert_eq!(shown("en", "/figures/Cg_t-m"), "/en/figures/Cg_t-m a");
    }
}
