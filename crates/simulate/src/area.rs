//! The municipality and its counties, as the seed lists them.

use serde::Deserialize;
use uplift_core::error::{Error, Result};

/// A county, or the municipality.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SeedArea {
    pub(crate) area_code: String,
    level: String,
    pub(crate) name_en: String,
    pub(crate) name_zh: String,
    pub(crate) wing: String,
    pub(crate) key_county: String,
}

impl SeedArea {
    pub(crate) fn is_county(&self) -> bool {
        self.level == "county"
    }

    /// Whether it is a key county for poverty alleviation.
    pub(crate) fn is_key(&self) -> bool {
        !self.key_county.is_empty()
    }
}

/// All of them.
pub(crate) fn areas() -> Result<Vec<SeedArea>> {
    let text = include_str!("../../../seeds/chongqing-2011/areas.csv");
    let rows: Result<_, csv::Error> = csv::Reader::from_reader(text.as_bytes()).deserialize().collect();
    rows.map_err(|e| Error::internal("reading areas.csv", e))
}
