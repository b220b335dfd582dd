//! Of where and when a page is: what its address says, or where a reader begins.

use serde::Deserialize;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::period::Period;

use crate::site::Site;

/// An area and a period that an address names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScopeQuery {
    pub(crate) area: Option<String>,
    pub(crate) period: Option<String>,
}

/// An area and a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) area: String,
    pub(crate) period: Period,
}

impl ScopeQuery {
    /// What is named, and for the rest where a reader begins.
    pub(crate) async fn resolve(&self, site: &Site) -> Result<Scope> {
        let (area, year) = site.scope().await?;
        let period = self.period.as_deref().map(str::trim).filter(|period| !period.is_empty());
        let period = period.unwrap_or(&year).parse::<Period>();
        let period = period.map_err(|e| Error::invalid_field("period", e))?;
        let area = self.area.as_deref().map_or(area, |area| area.trim().to_owned());
        Ok(Scope { area, period })
    }
}

impl Scope {
    /// What follows the question mark of an address that keeps it.
    pub(crate) fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("area", &self.area).append_pair("period", &self.period.to_string());
        query.finish()
    }

    pub(crate) fn period_words(&self, language: Language) -> String {
        self.period.words(language)
    }
}
