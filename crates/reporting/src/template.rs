//! Declared templates: sections in order, and titles.

use serde::Deserialize;
use uplift_core::error::{Error, Result};

/// A report's declaration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// Title in English.
    pub title_en: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Sections, in order.
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
}

/// A section's declaration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Name, as statements give it.
    pub name: String,
    /// Title in English.
    pub title_en: String,
    /// Title in Chinese.
    pub title_zh: String,
}

impl Template {
    /// The template of the reconciliation report.
    pub(crate) fn reconciliation() -> Result<Self> {
        let text = include_str!("../templates/reconciliation.toml");
        toml::from_str(text).map_err(|e| Error::internal("reading templates/reconciliation.toml", e))
    }
}
