//! Content to an HTML page: one file, no script, readable in both languages.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use uplift_core::error::{Error, Result};

use crate::content::Content;

pub(crate) fn render(content: &Content) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let failed = |e| Error::internal("rendering the report", e);
    environment.add_template("report.html", include_str!("../templates/report.html")).map_err(failed)?;
    let style = minijinja::Value::from_safe_string(include_str!("../templates/style.css").to_owned());
    let template = environment.get_template("report.html").map_err(failed)?;
    template.render(context! { style, ..minijinja::Value::from(Serde(content)) }).map_err(failed)
}
